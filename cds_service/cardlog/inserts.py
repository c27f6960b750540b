"""Statements that put many rows into a table at once; a row whose key is there already is left as it is.

On SQLite the rows of a table go in one statement, as far as it takes them, and in few texts of it, which then need not
be compiled again; what a call leaves goes in one statement for all tables (`arrivals`). On PostgreSQL a statement takes
each column as an array: one text for any number of rows.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import cache, lru_cache
from itertools import chain
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Date, Integer, LargeBinary, SmallInteger, String, Table

from cds_service.cardlog.rows import Row
from cds_service.cardlog.schema import UtcDateTime

Statement = tuple[str, Sequence[object]]
"""A statement in the driver's own words, and its values."""

_MOST_VALUES: Final = 32_766  # what SQLite takes in one statement since 3.32
_LARGEST_OF_ANY_SIZE: Final = 32  # rows up to which each number of them has a statement of its own
_POSTGRESQL_TYPES: Final[dict[type[object], str]] = {
    String: "text",
    Date: "date",
    SmallInteger: "smallint",
    Integer: "integer",
    BigInteger: "bigint",
    Boolean: "boolean",
    LargeBinary: "bytea",
    UtcDateTime: "timestamptz",
}


def insertions(dialect: str, table: Table, rows: Sequence[Row], *, replacing: bool = False) -> Iterator[Statement]:
    """The statements that insert rows, their values in the order of the table's columns.

    Args:
        dialect: `sqlite` or `postgresql`.
        table: where they go.
        rows: the values.
        replacing: a row whose key is there already is replaced where it differs by its last value, which must then be
            the one column outside the key, and only grows; else it is left as it is.
    """
    if not rows:
        return
    if dialect == "postgresql":
        yield _postgresql_statement(table, replacing), [list(values) for values in zip(*rows, strict=True)]
        return
    start = 0
    while start < len(rows):
        size = _rows_at_once(table, len(rows) - start)
        yield _sqlite_statement(table, size, replacing), _sqlite_values(table, rows[start : start + size])
        start += size


def marks_of_days(dialect: str, days: Sequence[date], writer_id: str) -> Statement:
    """The statement that marks days whose figures are due.

    Args:
        dialect: `sqlite` or `postgresql`.
        days: at least one, each once.
        writer_id: the process under which they are marked.
    """
    if dialect == "postgresql":
        of_days = "SELECT day, %s::text, 1 FROM unnest(%s::date[]) AS day"
        return f"{_MARK} {of_days} {MARKED_AGAIN}", (writer_id, list(days))
    places = ", ".join(["(?, ?, 1)"] * len(days))
    return f"{_MARK} VALUES {places} {MARKED_AGAIN}", [value for day in days for value in (_iso_date(day), writer_id)]


def marks_of_cards(dialect: str, card_ids: Sequence[str], writer_id: str) -> Statement:
    """The statement that marks the days on which cards were shown: feedback changes their figures.

    Args:
        dialect: `sqlite` or `postgresql`.
        card_ids: those that nobody knows mark nothing.
        writer_id: the process under which the days are marked.
    """
    if dialect == "postgresql":
        known = "SELECT DISTINCT occurred_on, %s::text, 1 FROM card WHERE card_id = ANY(%s::text[])"
        return f"{_MARK} {known} {MARKED_AGAIN}", (writer_id, list(card_ids))
    known = "SELECT DISTINCT occurred_on, ?, 1 FROM card WHERE card_id IN (SELECT value FROM json_each(?))"
    return f"{_MARK} {known} {MARKED_AGAIN}", (writer_id, json.dumps(card_ids))


_MARK: Final = "INSERT INTO rollup_due (day, writer_id, version)"
MARKED_AGAIN: Final = "ON CONFLICT (day, writer_id) DO UPDATE SET version = rollup_due.version + 1"


def _rows_at_once(table: Table, rows: int) -> int:
    if rows <= _LARGEST_OF_ANY_SIZE:
        return rows
    most = _MOST_VALUES // len(table.columns)
    return 1 << (min(rows, most).bit_length() - 1)


def _sqlite_values(table: Table, rows: Sequence[Row]) -> list[object]:
    """The values one after the other, as SQLite keeps them: a date in ISO 8601, a time in UTC without its zone."""
    values = list(chain.from_iterable(rows))
    write_out_times(values, len(table.columns), texts_of_times(table))
    return values


def write_out_times(values: list[object], width: int, times: Iterable[tuple[int, Callable[[Any], str]]]) -> None:
    """Put the texts that SQLite keeps in the place of dates and times.

    Args:
        values: of rows, one after the other; changed.
        width: how many a row has.
        times: where a row has them, as `texts_of_times` tells.
    """
    for position, as_text in times:
        for place in range(position, len(values), width):
            value = values[place]
            if value is not None:
                values[place] = as_text(value)


@cache
def texts_of_times(table: Table) -> tuple[tuple[int, Callable[[Any], str]], ...]:
    """Where a row of a table has dates and times, and what turns each into the text that SQLite keeps."""
    texts: dict[type[object], Callable[[Any], str]] = {Date: _iso_date, UtcDateTime: _utc_text}
    columns = enumerate(table.columns)
    return tuple((position, texts[type(column.type)]) for position, column in columns if type(column.type) in texts)


@lru_cache(maxsize=64)
def _iso_date(day: date) -> str:
    return day.isoformat()


def _utc_text(moment: datetime) -> str:
    # Not strftime: it writes the year 1, an empty time of many an EHR, without its zeros, and nobody can read it back.
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")


@lru_cache(maxsize=256)
def _sqlite_statement(table: Table, rows: int, replacing: bool) -> str:  # noqa: FBT001 - a key of the cache
    places = f"({', '.join('?' * len(table.columns))})"
    return f"{_insert_into(table)} VALUES {', '.join([places] * rows)} {on_conflict(table, replacing=replacing)}"


@cache
def _postgresql_statement(table: Table, replacing: bool) -> str:  # noqa: FBT001 - a key of the cache
    arrays = ", ".join(f"%s::{_POSTGRESQL_TYPES[type(column.type)]}[]" for column in table.columns)
    return f"{_insert_into(table)} SELECT * FROM unnest({arrays}) {on_conflict(table, replacing=replacing)}"  # noqa: S608 - our names


def _insert_into(table: Table) -> str:
    return f"INSERT INTO {table.name} ({', '.join(column.name for column in table.columns)})"


def on_conflict(table: Table, *, replacing: bool = False) -> str:
    """What to do with a row whose key is there already: as for `insertions`."""
    key = ", ".join(column.name for column in table.primary_key)
    if not replacing:
        return f"ON CONFLICT ({key}) DO NOTHING"
    last = list(table.columns)[-1].name
    return f"ON CONFLICT ({key}) DO UPDATE SET {last} = excluded.{last} WHERE {table.name}.{last} < excluded.{last}"
