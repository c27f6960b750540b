"""All rows of a commit in one statement, on SQLite.

At each statement the driver gives the interpreter to the event loop three times, and while calls are being answered has
to wait up to five milliseconds each time to get it back: with a statement for each table a commit took longer than a
slow disk. A statement inserts into one table only, so the rows of all tables are put side by side into the rows of a
view, and the view's trigger puts each where it belongs. View and trigger are the connection's own (`TEMP`): the file
holds nothing of them.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Final, NamedTuple

from sqlalchemy import Table

from cds_service.cardlog import schema
from cds_service.cardlog.inserts import MARKED_AGAIN, Statement, on_conflict, rows_at_once, texts_of_times
from cds_service.cardlog.rows import Row


class _Part(NamedTuple):
    """What one table takes of a row of the view.

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


_PARTS: Final = (
    *(_Part(table, len(table.columns), (), on_conflict(table)) for table in schema.EVENT_TABLES),
    *(_Part(table, len(table.columns), (), on_conflict(table, replacing=True)) for table in schema.COUNT_TABLES),
    _Part(schema.rollup_due, 2, ("1",), MARKED_AGAIN),
)
_COLUMNS: Final = tuple(column for part in _PARTS for column in part.columns)
_NOTHING: Final[tuple[Row, ...]] = tuple((None,) * part.given for part in _PARTS)
_TIMES: Final = tuple(
    (sum(before.given for before in _PARTS[:number]) + position, as_text)
    for number, part in enumerate(_PARTS)
    for position, as_text in texts_of_times(part.table)
)


def make_way(connection: sqlite3.Connection) -> None:
    """Give a connection the view and its trigger; the tables need not be there yet."""
    connection.isolation_level = None  # a statement is a transaction by itself
    into_tables = "; ".join(map(_into_table, _PARTS))
    connection.execute("PRAGMA temp_store = MEMORY")  # no file for them either, which a read-only disk would refuse
    connection.execute(f"CREATE TEMP VIEW arrival AS SELECT {', '.join(f'NULL AS {name}' for name in _COLUMNS)}")
    connection.execute(f"CREATE TEMP TRIGGER arriving INSTEAD OF INSERT ON arrival BEGIN {into_tables}; END")


def _into_table(part: _Part) -> str:
    names = ", ".join(column.name for column in part.table.columns)
    values = ", ".join([*(f"NEW.{column}" for column in part.columns), *part.rest])
    is_given = f"NEW.{part.columns[0]} IS NOT NULL"
    return f"INSERT INTO {part.table.name} ({names}) SELECT {values} WHERE {is_given} {part.if_there}"


def arrivals(rows: Mapping[str, Sequence[Row]]) -> Iterator[Statement]:
    """The statements that store rows: one for all, up to some hundreds of rows of each table.

    They work on a connection that `make_way` was given. An event whose key is there already is left as it is, a sum is
    replaced by a higher one, and a day that is marked as due is marked again.

    Args:
        rows: by the name of their table: those of events, of sums, and of `rollup_due` the day and who marks it.
    """
    parts = [rows.get(part.table.name, ()) for part in _PARTS]
    height = max(map(len, parts))
    padded = [[*part, *[nothing] * (height - len(part))] for part, nothing in zip(parts, _NOTHING, strict=True)]
    beside = list(zip(*padded, strict=True))
    start = 0
    while start < height:
        size = rows_at_once(len(_COLUMNS), height - start)
        yield _statement(size), _values(beside[start : start + size])
        start += size


def _values(beside: Sequence[tuple[Row, ...]]) -> list[object]:
    values = list(chain.from_iterable(chain.from_iterable(beside)))
    for position, as_text in _TIMES:
        for place in range(position, len(values), len(_COLUMNS)):
            if values[place] is not None:
                values[place] = as_text(values[place])
    return values


@lru_cache(maxsize=64)
def _statement(rows: int) -> str:
    places = f"({', '.join('?' * len(_COLUMNS))})"
    return f"INSERT INTO arrival VALUES {', '.join([places] * rows)}"  # noqa: S608 - nothing but question marks
