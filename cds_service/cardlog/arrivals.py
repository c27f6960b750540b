"""The rows of several tables in one statement, on SQLite.

At each statement the driver gives the interpreter to the event loop three times, and while calls are being answered has
to wait each time to get it back: with a statement for each table a commit took longer than a slow disk does. A
statement inserts into one table only, so the rows of several are put side by side into the rows of a view, and the
view's trigger puts each where it belongs. Views and triggers are the connection's own (`TEMP`): the file holds nothing
of them.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final, NamedTuple

from sqlalchemy import Table

from cds_service.cardlog import schema
from cds_service.cardlog.inserts import MARKED_AGAIN, Statement, on_conflict, texts_of_times, write_out_times
from cds_service.cardlog.rows import Row

# A row of nothing but NULL is put nowhere. So a statement may have more rows than are needed: few texts of it, which
# are compiled once, and whose compiled forms stay in memory.
_HEIGHTS: Final = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)


class _Part(NamedTuple):
    """What one table takes of a row of a view.

    Attributes:
        table: the table.
        given: how many of its columns, from the first, a row gives.
        rest: the values of the others, in SQL.
        if_there: what to do where the key is there already.
    """

    table: Table
    given: int
    rest: tuple[str, ...]
    if_there: str

    @property
    def columns(self) -> list[str]:
        """What the view calls the columns that are given."""
        return [f"{self.table.name}_{column.name}" for column in list(self.table.columns)[: self.given]]


class View(NamedTuple):
    """A view into which the rows of several tables are put.

    Attributes:
        name: its name.
        tables: the tables, without that of the marks.
        replacing: whether a row whose key is there already is replaced, as for `insertions`.
        parts: what each table takes, the marks among them. Each column costs time in each row, filled or not.
        columns: its columns.
        times: where a row of it has dates and times, and what turns each into the text that SQLite keeps.
    """

    name: str
    tables: tuple[Table, ...]
    replacing: bool
    parts: tuple[_Part, ...]
    columns: tuple[str, ...]
    times: tuple[tuple[int, Callable[[Any], str]], ...]


def _view(name: str, tables: tuple[Table, ...], *, replacing: bool = False) -> View:
    parts = (
        *(_Part(table, len(table.columns), (), on_conflict(table, replacing=replacing)) for table in tables),
        _Part(schema.rollup_due, 2, ("1",), MARKED_AGAIN),
    )
    before = [sum(part.given for part in parts[:number]) for number in range(len(parts))]
    times = [
        (start + position, as_text)
        for start, part in zip(before, parts, strict=True)
        for position, as_text in texts_of_times(part.table)
    ]
    columns = tuple(column for part in parts for column in part.columns)
    return View(name, tables, replacing, parts, columns, tuple(times))


CALLS: Final = _view("arriving_calls", tuple(table for table in schema.EVENT_TABLES if table is not schema.feedback))
"""What answered calls leave, and the days that they mark as due."""

COUNTS: Final = _view("arriving_counts", schema.COUNT_TABLES, replacing=True)
"""A process's sums, and the days that they mark as due."""


def make_way(connection: sqlite3.Connection) -> None:
    """Give a connection the views and their triggers; the tables need not be there yet."""
    connection.isolation_level = None  # a statement is a transaction by itself
    connection.execute("PRAGMA temp_store = MEMORY")  # no file for them either, which a read-only disk would refuse
    for view in (CALLS, COUNTS):
        nothing = ", ".join(f"NULL AS {column}" for column in view.columns)
        into_tables = "; ".join(map(_into_table, view.parts))
        connection.execute(f"CREATE TEMP VIEW {view.name} AS SELECT {nothing}")
        connection.execute(
            f"CREATE TEMP TRIGGER {view.name}_go INSTEAD OF INSERT ON {view.name} BEGIN {into_tables}; END"
        )


def _into_table(part: _Part) -> str:
    names = ", ".join(column.name for column in part.table.columns)
    values = ", ".join([*(f"NEW.{column}" for column in part.columns), *part.rest])
    is_given = f"coalesce({', '.join(f'NEW.{column}' for column in part.columns)}) IS NOT NULL"
    return f"INSERT INTO {part.table.name} ({names}) SELECT {values} WHERE {is_given} {part.if_there}"


def arrivals(view: View, rows: Mapping[str, Sequence[Row]]) -> Iterator[Statement]:
    """The statements that store rows: one for all, up to 64 rows of each table.

    They work on a connection that `make_way` was given. An event whose key is there already is left as it is, a sum is
    replaced by a higher one, and a day that is marked as due is marked again.

    Args:
        view: what takes them.
        rows: by the name of their table; of `rollup_due` the day and who marks it. Those of others are passed over.
    """
    parts = [rows.get(part.table.name, ()) for part in view.parts]
    for start in range(0, max(map(len, parts)), _HEIGHTS[-1]):
        together = [part[start : start + _HEIGHTS[-1]] for part in parts]
        most = max(map(len, together))
        height = next(height for height in _HEIGHTS if height >= most)
        yield _statement(view.name, len(view.columns), height), _values(view, together, height)


def _values(view: View, parts: Sequence[Sequence[Row]], height: int) -> list[object]:
    """The values of so many rows of a view, one after the other."""
    padded = [
        [*rows, *[(None,) * part.given] * (height - len(rows))] for rows, part in zip(parts, view.parts, strict=True)
    ]
    values: list[object] = list(chain.from_iterable(chain.from_iterable(zip(*padded, strict=True))))
    write_out_times(values, len(view.columns), view.times)
    return values


@lru_cache(maxsize=128)
def _statement(view: str, columns: int, rows: int) -> str:
    places = f"({', '.join('?' * columns)})"
    return f"INSERT INTO {view} VALUES {', '.join([places] * rows)}"  # noqa: S608 - our names, and question marks
