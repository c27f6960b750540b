"""The day that places a row in time, which every table of the card log has: exports and retention go by it."""

from datetime import timedelta
from typing import Final

from sqlalchemy import Column, Table

from cds_service.cardlog import schema

_SPANS: Final = {
    "occurred_on": timedelta(days=1),
    "received_on": timedelta(days=1),
    "day": timedelta(days=1),
    "month": timedelta(days=1),  # it is not cut by a month's beginning
    "week": timedelta(days=7),
    "window_start": timedelta(days=28),  # the longest there may be; a window's own length is not in its row
}
"""The column that holds a table's day, and how long the time from that day on is that a row may speak of."""


def day_of(table: Table) -> "Column[object]":
    """The day of a table's rows: of the event, or the first of the week, window or month that is counted."""
    (column,) = [column for column in table.columns if column.name in _SPANS]
    return column


def span_of(table: Table) -> timedelta:
    """How long the time is that a row speaks of, from its day, so far as it can reach into the next month."""
    return _SPANS[day_of(table).name]


COUNT_TABLES: Final = (schema.call_count, schema.unknown_procedure_count)
"""The tables in which each process keeps its own sums; the last column is the sum."""
