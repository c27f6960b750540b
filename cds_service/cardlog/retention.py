"""Retention: whole months of events, counts and figures that are old enough are deleted; the monthly figures stay.

On PostgreSQL a month of events is a partition of its own and is dropped; each drop is a short transaction that gives up
waiting for its lock before writers would notice. On SQLite rows go a few thousand at a time, so that the service can
write in between. Nothing goes before its month is in `monthly_count`.
"""

import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final, NamedTuple, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Table,
    and_,
    delete,
    func,
    select,
    text,
    tuple_,
)

from cds_service.cardlog.access_schema import access_event
from cds_service.cardlog.databases import CardLogStoreError, transaction
from cds_service.cardlog.partitions import SCHEMA_LOCK, month_of, next_month, partition_name
from cds_service.cardlog.rollup_schema import ROLLUP_TABLES, daily_count, monthly_count
from cds_service.cardlog.schema import EVENT_TABLES, evaluation, rollup_due
from cds_service.cardlog.table_days import COUNT_TABLES, day_of, span_of

PURGED_TABLES: Final = (
    *EVENT_TABLES,
    *COUNT_TABLES,
    *(table for table in ROLLUP_TABLES if table is not monthly_count),
    access_event,
)
"""What retention deletes from; `monthly_count` is what remains."""

_ONE_DAY: Final = timedelta(days=1)
_ROWS_AT_A_TIME: Final = 5_000
_PARTITIONS: Final = text(
    "SELECT child.relname FROM pg_inherits"
    " JOIN pg_class child ON child.oid = pg_inherits.inhrelid"
    " WHERE pg_inherits.inhparent = CAST(:parent AS regclass)"
)
_LOCK_NOT_AVAILABLE: Final = "55P03"  # PostgreSQL's code for a lock that was not had in time


class NotRolledUpError(Exception):
    """Months to be deleted are not, or not wholly, in the monthly figures; nothing was deleted of them."""


class MonthOfTable(NamedTuple):
    """One month's rows of one table.

    Attributes:
        table: the table's name.
        month: its first day; the rows are of its days, or of weeks and windows that begin in it.
        rows: how many there are.
    """

    table: str
    month: date
    rows: int


class Patience(NamedTuple):
    """How a partition is dropped while others write.

    Attributes:
        lock_timeout_ms: how long writers may have to wait behind the drop, in milliseconds.
        tries: how often it is tried.
        pause_s: seconds between.
    """

    lock_timeout_ms: int = 500
    tries: int = 20
    pause_s: float = 0.5


_PATIENCE: Final = Patience()


def oldest_month_kept(today: date, keep_months: int) -> date:
    """The first day of the month before which everything goes.

    Args:
        today: the day in London.
        keep_months: whole months kept besides this one, at least 1.

    Raises:
        ValueError: less than one month would be kept, or more than there are.
    """
    months = today.year * 12 + today.month - 1 - keep_months
    if keep_months < 1 or months < 12:  # noqa: PLR2004 - months before year 1
        raise ValueError(f"--keep-months {keep_months}: give at least 1, usually 24, and no more than there have been")
    return date(months // 12, months % 12 + 1, 1)


def to_be_deleted(engine: Engine, before: date) -> list[MonthOfTable]:
    """What `purge` would delete, by table and month.

    Args:
        engine: to the card log's database.
        before: the first day of the oldest month that is kept.

    Raises:
        CardLogStoreError: the database failed.
    """
    with transaction(engine) as connection:
        return [month for table in PURGED_TABLES for month in _months(connection, table, before)]


def purge(engine: Engine, before: date, patience: Patience = _PATIENCE) -> Iterator[MonthOfTable]:
    """Delete what is old, the oldest month first, and yield each month of a table once it is gone.

    Stopped in between, it is simply called again.

    Args:
        engine: to the card log's database.
        before: the first day of the oldest month that is kept.
        patience: how partitions are dropped while others write.

    Raises:
        NotRolledUpError: the figures of a month that would go are not worked out.
        CardLogStoreError: the database failed, or a partition was in use all the time.
    """
    with transaction(engine) as connection:
        _require_rolled_up(connection, before)
    for old in sorted(to_be_deleted(engine, before), key=lambda old: old.month):
        table = next(table for table in PURGED_TABLES if table.name == old.table)
        if engine.dialect.name == "sqlite":
            _delete_in_batches(engine, table, old.month, before)
        elif table in EVENT_TABLES:
            _drop_partition(engine, partition_name(old.table, old.month), before, patience)
        else:
            _delete_at_once(engine, table, old.month, before)
        yield old


def partition_months(connection: Connection, table: Table) -> list[date]:
    """The months for which a table has a partition, in order; none on SQLite."""
    if connection.dialect.name != "postgresql":
        return []
    named = re.compile(rf"{table.name}_(\d{{4}})_(\d{{2}})")
    found = (named.fullmatch(name) for name in connection.scalars(_PARTITIONS, {"parent": table.name}))
    return sorted(date(int(match[1]), int(match[2]), 1) for match in found if match)


def _months(connection: Connection, table: Table, before: date) -> list[MonthOfTable]:
    day = day_of(table)
    rows = Counter({month: 0 for month in partition_months(connection, table) if month < before})
    counted = select(day, func.count()).where(day < _end(table, before)).group_by(day)
    for each, count in connection.execute(counted):
        rows[month_of(cast("date", each))] += count
    return [MonthOfTable(table.name, month, rows[month]) for month in sorted(rows)]


def _end(table: Table, before: date) -> date:
    """The day from which rows are kept: a week that reaches into the oldest month kept is kept whole."""
    return before - span_of(table) + _ONE_DAY


def _require_rolled_up(connection: Connection, before: date) -> None:
    _require_none_due(connection, before)
    kept = _evaluations_by_month(connection, monthly_count.c.month, before)
    counted = _evaluations_by_month(connection, daily_count.c.day, before)
    for _, month, rows in _months(connection, evaluation, before):
        counted[month] = max(counted[month], rows)
    missing = [f"{month:%Y-%m}" for month in sorted(counted) if kept[month] < counted[month]]
    if missing:
        raise NotRolledUpError(
            f"the monthly figures of {', '.join(missing)} lack evaluations that are stored; cds-service log verify"
            " says of which days. Nothing is deleted until they agree"
        )


def _require_none_due(connection: Connection, before: date) -> None:
    due = sorted(set(connection.scalars(select(rollup_due.c.day).where(rollup_due.c.day < before))))
    if due:
        raise NotRolledUpError(
            f"the figures of {len(due)} day(s) from {due[0]} to {due[-1]} are still to be worked out; a running service"
            " does so by itself. Try again later, and nothing is deleted until then"
        )


def _evaluations_by_month(connection: Connection, day: "Column[date]", before: date) -> Counter[date]:
    months: Counter[date] = Counter()
    summed = select(day, func.sum(day.table.c.evaluations)).where(day < before).group_by(day)
    for each, evaluations in connection.execute(summed):
        months[month_of(each)] += int(evaluations)
    return months


def _delete_in_batches(engine: Engine, table: Table, month: date, before: date) -> None:
    key = list(table.primary_key)
    some = select(*key).where(_of_month(table, month, before)).limit(_ROWS_AT_A_TIME)
    statement = delete(table).where(tuple_(*key).in_(some))
    deleted = _ROWS_AT_A_TIME
    while deleted == _ROWS_AT_A_TIME:
        with transaction(engine) as connection:
            deleted = connection.execute(statement).rowcount
            _require_none_due(connection, before)


def _delete_at_once(engine: Engine, table: Table, month: date, before: date) -> None:
    with transaction(engine) as connection:
        connection.execute(delete(table).where(_of_month(table, month, before)))
        _require_none_due(connection, before)


def _of_month(table: Table, month: date, before: date) -> ColumnElement[bool]:
    day = day_of(table)
    return and_(day >= month, day < min(next_month(month), _end(table, before)))


def _drop_partition(engine: Engine, name: str, before: date, patience: Patience) -> None:
    for attempt in range(1, patience.tries + 1):
        try:
            with transaction(engine) as connection:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {patience.lock_timeout_ms}")
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SCHEMA_LOCK})
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
                # Now that nobody can add to it: an event may have come since the figures were looked at.
                _require_none_due(connection, before)
        except CardLogStoreError as error:
            if attempt == patience.tries or not error.kind.endswith(_LOCK_NOT_AVAILABLE):
                raise
            time.sleep(patience.pause_s)
        else:
            return
