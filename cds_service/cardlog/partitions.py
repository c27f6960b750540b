"""The monthly partitions of the event tables on PostgreSQL: made ahead, dropped when their time is over."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from sqlalchemy import Engine, text

from cds_service.cardlog import schema
from cds_service.cardlog.databases import transaction

# Any fixed number does, so long as every process of the service takes the same lock.
SCHEMA_LOCK: Final = 4_201_337_802
"""The advisory lock under which the tables are changed."""

_WRITERS_WAIT_MS: Final = 500

_TAKE_LOCK: Final = text("SELECT pg_advisory_xact_lock(:key)")


def month_of(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def next_month(month: date) -> date:
    """The first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def partition_name(table: str, month: date) -> str:
    """The name of a table's partition, for example `evaluation_2026_11`."""
    return f"{table}_{month:%Y_%m}"


def ensure_partitions(engine: Engine, months: Iterable[date]) -> None:
    """Make the partitions of these months where they are missing; several processes may do so at once.

    Args:
        engine: to PostgreSQL; on SQLite nothing is done.
        months: the first day of each month.

    Raises:
        CardLogStoreError: the database cannot be reached or refuses.
    """
    if engine.dialect.name != "postgresql":
        return
    with transaction(engine) as connection:
        connection.execute(_TAKE_LOCK, {"key": SCHEMA_LOCK})
        # A new partition waits for everyone who reads the table, and every writer waits behind it.
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_WRITERS_WAIT_MS}")
        for month in sorted(months):
            for table in schema.EVENT_TABLES:
                name = partition_name(table.name, month)
                connection.exec_driver_sql(
                    f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF {table.name}"
                    f" FOR VALUES FROM ('{month}') TO ('{next_month(month)}')"
                )
