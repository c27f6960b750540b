"""How figures are replaced: one process at a time, worked out beside their table, and only what differs is written.

A minute brings few changes to figures of which there may be a hundred thousand a week. They are worked out into a
temporary table, which holds up nobody who writes events (SQLite has one writer at a time), and compared: a minute's
upkeep then costs the rows that changed, not all of them.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from functools import cache
from itertools import product
from typing import Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    MetaData,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateTable

from cds_service.cardlog.databases import store_error
from cds_service.cardlog.rollup_schema import CHOICES, EVERY

# Any fixed number does that nothing else in the database uses: the store of seen tokens has 4_201_337_803.
FIGURES_LOCK: Final = 4_201_337_804
"""The advisory lock under which figures are worked out on PostgreSQL."""

SQLITE_LOCK_SUFFIX: Final = "-upkeep"
"""On SQLite the lock is that of an empty database beside the card log's own, whose lock would keep events out."""

_TRY_LOCK: Final = text("SELECT pg_try_advisory_xact_lock(:key)")
# PostgreSQL takes the two halves of an event's key for independent, expects a handful of rows where there are tens of
# thousands, and would join them row by row, for minutes. By hash, and in memory, a week of a country takes seconds.
_PLAN_FOR_MANY_ROWS: Final = (
    text("SET LOCAL work_mem = '64MB'"),
    text("SET LOCAL enable_nestloop = off"),
    text("SET LOCAL enable_mergejoin = off"),
)


@contextmanager
def turn(engine: Engine) -> Iterator[Connection | None]:
    """A connection on which to work out figures, committed at the end; None while another process does so.

    A process that worked out older figures could otherwise put them over newer ones. The turn ends with the process,
    however that ends.

    Raises:
        CardLogStoreError: the database failed; nothing since the last `begin_writing` is stored.
    """
    try:
        if engine.dialect.name == "sqlite":
            with _sqlite_turn(engine) as connection:
                yield connection
        else:
            with engine.begin() as connection:
                for setting in _PLAN_FOR_MANY_ROWS:
                    connection.execute(setting)
                got = connection.execute(_TRY_LOCK, {"key": FIGURES_LOCK}).scalar_one()
                yield connection if got else None
    except (SQLAlchemyError, sqlite3.Error) as error:
        # The driver's message may quote a value; without "from None" a traceback would show it.
        raise store_error(error) from None


@contextmanager
def _sqlite_turn(engine: Engine) -> Iterator[Connection | None]:
    lock = sqlite3.connect(f"{engine.url.database}{SQLITE_LOCK_SUFFIX}", timeout=0, isolation_level=None)
    with closing(lock):
        try:
            lock.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY"):
                raise
            yield None
            return
        with engine.connect() as connection:
            yield connection
            connection.commit()


def begin_writing(connection: Connection) -> None:
    """Let go of what was read and written so far; the next statement has to write to a table of figures.

    On SQLite a transaction that has read cannot begin to write once somebody else has written. On PostgreSQL the
    transaction goes on, since the lock is part of it.
    """
    if connection.dialect.name == "sqlite":
        connection.commit()


def empty_working_table(connection: Connection, figures: Table) -> Table:
    """The temporary table of this connection with a table's columns, named `fresh_...`, without rows."""
    fresh = _working_table(figures)
    connection.execute(CreateTable(fresh, if_not_exists=True))
    connection.execute(delete(fresh))
    return fresh


@cache
def _working_table(figures: Table) -> Table:
    # Kept with the connection rather than made each minute, which would fill PostgreSQL's catalogue with dead rows.
    columns = [
        Column(column.name, column.type, primary_key=column.primary_key, nullable=False) for column in figures.columns
    ]
    return Table(
        f"fresh_{figures.name}", MetaData(), *columns, prefixes=["TEMPORARY"], postgresql_on_commit="DELETE ROWS"
    )


def would_shrink(connection: Connection, figures: Table, period: date, measure: str) -> bool:
    """Whether the working table counts less than is stored for a period.

    Events are only ever added, so that this means one thing: some were deleted since (retention, dropped keys).

    Args:
        connection: with the filled working table.
        figures: the table; its first column is the period.
        period: the day, week, month or window.
        measure: the column that is summed.
    """
    sums = [
        connection.execute(
            select(func.coalesce(func.sum(table.c[measure]), 0)).where(_period_of(table) == period)
        ).scalar_one()
        for table in (_working_table(figures), figures)
    ]
    return bool(sums[0] < sums[1])


def replace(connection: Connection, figures: Table, period: date) -> None:
    """Make the figures of a period those of the working table, writing only the rows that differ.

    Args:
        connection: with the filled working table, after `begin_writing`.
        figures: the table; its first column is the period.
        period: the day, week, month or window.
    """
    fresh = _working_table(figures)
    key = [column.name for column in figures.primary_key]
    counts = [column.name for column in figures.columns if column.name not in key]
    same_key = and_(*(fresh.c[name] == figures.c[name] for name in key))
    connection.execute(delete(figures).where(_period_of(figures) == period, ~exists().where(same_key)))
    # A set difference, as PostgreSQL would join a table that is new to it row by row. In the order of the key, so that
    # PostgreSQL has a region's rows of a week beside each other.
    changed = (
        select(fresh)
        .where(_period_of(fresh) == period)
        .except_(select(figures).where(_period_of(figures) == period))
        .order_by(*key)
    )
    names = [column.name for column in figures.columns]
    if connection.dialect.name == "sqlite":
        lite = sqlite.insert(figures).from_select(names, changed)
        connection.execute(
            lite.on_conflict_do_update(index_elements=key, set_={name: lite.excluded[name] for name in counts})
        )
    else:
        full = postgresql.insert(figures).from_select(names, changed)
        connection.execute(
            full.on_conflict_do_update(index_elements=key, set_={name: full.excluded[name] for name in counts})
        )


def sum_up(connection: Connection, source: Table, figures: Table, first: date, last: date, period: date) -> None:
    """Fill the working table of a smaller table of figures by adding up a larger one that has all its columns.

    Args:
        connection: to the database.
        source: the larger table, or its filled working table; its first column is its period.
        figures: the smaller table; its first column is its period.
        first: the first period of the source that belongs to it.
        last: the last one.
        period: what they make up: the week or month.
    """
    fresh = empty_working_table(connection, figures)
    keys = [column.name for column in figures.primary_key][1:]
    counts = [column.name for column in figures.columns if column.name not in figures.primary_key]
    summed = (
        select(
            *(source.c[name] for name in keys),
            *(func.sum(source.c[name]).label(name) for name in counts),
        )
        .where(_period_of(source) >= first, _period_of(source) <= last)
        .group_by(*(source.c[name] for name in keys))
        .subquery()
    )
    rows = select(_bound(period, figures), *summed.c)
    connection.execute(insert(fresh).from_select([column.name for column in figures.columns], rows))


def add_up_choices(connection: Connection, source: Table, figures: Table, period: date) -> None:
    """Fill the working table of a table of choices: each value of what is chosen, and `EVERY` for all of them.

    Args:
        connection: to the database.
        source: the table that is added up; its first column is its period.
        figures: the table of choices; its first column is its period.
        period: the week.
    """
    fresh = empty_working_table(connection, figures)
    names = [column.name for column in figures.columns]
    keys = [name for name in names[1:] if figures.c[name].primary_key]
    sums = [func.sum(source.c[name]) for name in names if not figures.c[name].primary_key]
    chosen_by = CHOICES[figures.name]
    for narrowed in product((False, True), repeat=len(chosen_by)):
        added_up = {name for name, narrow in zip(chosen_by, narrowed, strict=True) if not narrow}
        kept = [source.c[name] for name in keys if name not in added_up]
        places = [literal(EVERY) if name in added_up else source.c[name] for name in keys]
        rows = select(_bound(period, figures), *places, *sums).where(_period_of(source) == period).group_by(*kept)
        connection.execute(insert(fresh).from_select(names, rows))


def _period_of(table: Table) -> "Column[date]":
    return next(iter(table.columns))


def _bound(period: date, figures: Table) -> ColumnElement[date]:
    return literal(period, _period_of(figures).type)
