"""What is in the card log, at a glance: rows, days, partitions, and what is still to be worked out."""

from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine, Table, func, select, text

from cds_service.cardlog.databases import transaction
from cds_service.cardlog.retention import partition_months
from cds_service.cardlog.rollup_schema import ROLLUP_TABLES
from cds_service.cardlog.schema import EVENT_TABLES, evaluation, rollup_due
from cds_service.cardlog.table_days import COUNT_TABLES

_TABLES: Final = (*EVENT_TABLES, *COUNT_TABLES, *ROLLUP_TABLES)
_COUNTED_EXACTLY: Final = 100_000  # so few rows are counted in no time

# A partition that was never analysed has no estimate; an empty one needs none.
_ESTIMATE: Final = text(
    "SELECT CAST(coalesce(sum(greatest(child.reltuples, 0)), 0) AS bigint),"
    " coalesce(bool_or(child.reltuples < 0 AND pg_relation_size(child.oid) > 0), false)"
    " FROM pg_inherits JOIN pg_class child ON child.oid = pg_inherits.inhrelid"
    " WHERE pg_inherits.inhparent = CAST(:parent AS regclass)"
)


class TableSize(NamedTuple):
    """How many rows a table has.

    Attributes:
        table: its name.
        rows: how many.
        estimated: whether that is PostgreSQL's own estimate, of when it last analysed the table.
    """

    table: str
    rows: int
    estimated: bool


class Status(NamedTuple):
    """What is in the card log.

    Attributes:
        sizes: of each table.
        first: the first day with an evaluation; None when there is none.
        last: the last such day.
        partitions: the months for which there is room on PostgreSQL; none on SQLite, which needs none.
        days_due: days whose figures are still to be worked out.
    """

    sizes: list[TableSize]
    first: date | None
    last: date | None
    partitions: list[date]
    days_due: list[date]


def status(engine: Engine, *, exact: bool) -> Status:
    """Look at what is there.

    Args:
        engine: to a database at the revision that this version works with.
        exact: whether every row is counted, however long that takes.

    Raises:
        CardLogStoreError: the database failed.
    """
    with transaction(engine) as connection:
        sizes = [_size(connection, table, exact=exact) for table in _TABLES]
        first, last = connection.execute(
            select(func.min(evaluation.c.occurred_on), func.max(evaluation.c.occurred_on))
        ).one()
        days_due = sorted(set(connection.scalars(select(rollup_due.c.day))))
        return Status(sizes, first, last, partition_months(connection, evaluation), days_due)


def _size(connection: Connection, table: Table, *, exact: bool) -> TableSize:
    if not exact and table in EVENT_TABLES and connection.dialect.name == "postgresql":
        rows, unknown = connection.execute(_ESTIMATE, {"parent": table.name}).one()
        if not unknown and rows >= _COUNTED_EXACTLY:
            return TableSize(table.name, rows, estimated=True)
    counted = connection.scalars(select(func.count()).select_from(table)).one()
    return TableSize(table.name, counted, estimated=False)
