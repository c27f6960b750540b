"""Records as the spool keeps them: the rows of each as JSON, in the order of the tables' columns."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Date, LargeBinary, Table

from cds_service.cardlog import schema
from cds_service.cardlog.rows import Row, Rows
from cds_service.cardlog.schema import UtcDateTime
from cds_service.cardlog.store import Counts

_TABLES: Final[dict[str, Table]] = {
    table.name: table for table in (*schema.EVENT_TABLES, schema.call_count, schema.unknown_procedure_count)
}


class Entry(NamedTuple):
    """A waiting record: its number in order of arrival, and its rows, or counts, or neither when it cannot be read."""

    number: int
    rows: Rows | None
    counts: Counts | None

    @property
    def is_readable(self) -> bool:
        """Whether it has either."""
        return self.rows is not None or self.counts is not None


def packed_record(rows: Mapping[str, Sequence[Row]]) -> bytes:
    """Rows as JSON; `bytes` as hexadecimal digits, since JSON has none."""
    return orjson.dumps({table: values for table, values in rows.items() if values}, default=_hexadecimal)


def _hexadecimal(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(type(value).__name__)


def entry_of(number: int, record: bytes) -> Entry:
    """The record with a number, read; one that is damaged has neither rows nor counts."""
    try:
        content = orjson.loads(record)
        by_table = {table: [_unpacked(_TABLES[table], row) for row in rows] for table, rows in content.items()}
    except (AttributeError, KeyError, TypeError, ValueError):  # damaged, or written by a version with other columns
        return Entry(number, None, None)
    if "call_count" in by_table or "unknown_procedure_count" in by_table:
        return Entry(number, None, Counts(by_table.get("call_count", []), by_table.get("unknown_procedure_count", [])))
    return Entry(number, Rows(*(by_table.get(name, []) for name in Rows._fields)), None)


def _unpacked(table: Table, values: list[Any]) -> Row:
    return tuple(_typed(column.type, value) for column, value in zip(table.columns, values, strict=True))


def _typed(kind: object, value: Any) -> object:  # noqa: ANN401 - whatever JSON holds
    if value is None:
        return None
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    if isinstance(kind, UtcDateTime):
        return datetime.fromisoformat(value)
    return bytes.fromhex(value) if isinstance(kind, LargeBinary) else value
