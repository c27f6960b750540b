"""Bringing the card log's tables to the form that this software works with, and back.

Called at each start of the service. Where nothing is to be done that is one short look at the database. Alembic, which
costs start time and memory, is imported only where there are tables to migrate: an empty database gets those of today
at once, which tests hold to what all the revisions make. All that one run does is one transaction, under a lock that
every process takes: of several that start at once one migrates and the others find it done, and a run that fails leaves
the database as it was.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, inspect, text

from cds_service.cardlog import access_schema, rollup_schema, schema
from cds_service.cardlog.databases import open_engine, transaction
from cds_service.cardlog.partitions import SCHEMA_LOCK, ensure_partitions, month_of, next_month
from cds_service.london_time import today_in_london

if TYPE_CHECKING:
    from alembic.config import Config

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006")
"""The revisions of the tables that this software knows, oldest first."""

HEAD: Final[str] = REVISIONS[-1]
"""The revision that this software works with."""

_SCHEMAS: Final = (schema, rollup_schema, access_schema)
"""The modules of today's tables. They share one metadata, which has a module's tables once that is imported."""

_FIRST: Final = REVISIONS[0]
_VERSION_TABLE: Final = "alembic_version"  # Alembic's own name for it
_OF_FIRST_ALONE: Final = "configuration_flags"  # a column of evaluations that no later revision has
_MONTHS_AHEAD: Final = 2
# Copying two million rows of a SQLite file takes a minute on a slow disk; whoever comes second waits for it.
_BUSY_TIMEOUT_MS: Final = 600_000
# Alembic hands a connection to its revisions through variables of its modules, one for the whole process.
_ALEMBIC: Final = threading.Lock()

Direction = Literal["upgrade", "downgrade"]


class SchemaError(Exception):
    """The database holds what this process must not touch; nothing was written to it."""


class NewerSchemaError(SchemaError):
    """The database is at a revision that only a newer version of the service knows."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"the card log's database is at revision {revision!r}, written by a newer version of the service; this"
            f" version knows it up to {HEAD}. Start the newer version; or take the database back with the newer"
            f" version's `cds-service log migrate --to {HEAD}`; or restore a backup"
        )


class Step(NamedTuple):
    """One revision to be made or undone.

    Attributes:
        direction: whether it is made or undone.
        revision: the revision's number.
        summary: what it brings, one line.
    """

    direction: Direction
    revision: str
    summary: str


def bring_up_to_date(database_url: str, *, today: date | None = None) -> None:
    """Make the tables as this software needs them, from whatever an earlier version left.

    Then, on PostgreSQL, make the partitions of this month and the two after. Several processes may do so at once.

    Args:
        database_url: as `readable_url` takes it.
        today: the day in London; by the clock unless given.

    Raises:
        NewerSchemaError: the database was written by a newer version of the service.
        SchemaError: it holds tables that no version of the service made.
        CardLogStoreError: it cannot be reached or refuses; nothing was changed.
        ValueError: the URL cannot be read.
        OSError: the folder of a SQLite file cannot be made.
    """
    with _engine(database_url) as engine:
        if _state(engine) != _State(HEAD, recorded=True):
            _make_or_migrate(engine)
        month = month_of(today or today_in_london())
        months = [month]
        while len(months) <= _MONTHS_AHEAD:
            months.append(next_month(months[-1]))
        ensure_partitions(engine, months)


def current_revision(database_url: str) -> str | None:
    """The revision that a database is at, None without tables; the one of a newer version is given as it stands.

    Raises:
        SchemaError: the database holds tables that no version of the service made.
        CardLogStoreError: it cannot be reached or refuses.
        ValueError: the URL cannot be read.
        OSError: the folder of a SQLite file cannot be made.
    """
    with _engine(database_url) as engine:
        return _state(engine).revision


def steps(database_url: str, revision: str = "head") -> list[Step]:
    """What brings a database from where it is to a revision, in order; nothing is changed.

    Args:
        database_url: as `readable_url` takes it.
        revision: one of `REVISIONS`, `head`, or `base` for no tables at all.

    Raises:
        NewerSchemaError: the database was written by a newer version of the service.
        SchemaError: it holds tables that no version of the service made.
        CardLogStoreError: it cannot be reached or refuses.
        ValueError: the URL cannot be read, or the revision is unknown.
        OSError: the folder of a SQLite file cannot be made.
    """
    target = _number_of(revision)
    with _engine(database_url) as engine:
        at = _known_number(_state(engine))
    if at <= target:
        return _described("upgrade", REVISIONS[at:target])
    return _described("downgrade", REVISIONS[target:at][::-1])


def upgrade(database_url: str, revision: str = "head") -> None:
    """Bring a database to a revision; one that is there or beyond is left as it is. Arguments and errors as `steps`."""
    target = _number_of(revision)
    with _engine(database_url) as engine:
        _migrate(engine, target, "upgrade")


def downgrade(database_url: str, revision: str) -> None:
    """Take a database back to a revision; one that is there or before is left as it is.

    What the older tables cannot hold is lost: each revision's `downgrade` says what. Arguments and errors as `steps`.
    """
    target = _number_of(revision)
    with _engine(database_url) as engine:
        _migrate(engine, target, "downgrade")


class _State(NamedTuple):
    """Where a database is.

    Attributes:
        revision: its revision; None without tables.
        recorded: whether it says so itself; the earliest version kept no record.
    """

    revision: str | None
    recorded: bool


def _state(engine: Engine) -> _State:
    with transaction(engine) as connection:
        return _state_within(connection)


def _state_within(connection: Connection) -> _State:
    recorded = _recorded(connection)
    if recorded is None:
        columns = _evaluation_columns(connection)
        # Another process may have migrated between the two looks.
        recorded = _recorded(connection)
        if recorded is None:
            return _recognised(columns)
    return _State(recorded, recorded=True)


def _recorded(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    recorded: str | None = connection.scalar(text(f"SELECT version_num FROM {_VERSION_TABLE}"))  # noqa: S608 - our name
    return recorded


def _evaluation_columns(connection: Connection) -> set[str]:
    """The names of the columns of evaluations; none without that table."""
    inspector = inspect(connection)
    if not inspector.has_table("evaluation"):
        return set()
    return {column["name"] for column in inspector.get_columns("evaluation")}


def _recognised(evaluation_columns: set[str]) -> _State:
    """Where a database is that does not say so itself."""
    if not evaluation_columns:
        return _State(None, recorded=False)
    if _OF_FIRST_ALONE in evaluation_columns:
        return _State(_FIRST, recorded=False)
    raise SchemaError(
        "the card log's database has a table named evaluation that no version of the service made, or has lost the"
        f" row of {_VERSION_TABLE}; give the card log a database of its own, or restore a backup"
    )


def _known_number(state: _State) -> int:
    """How many revisions a database has, from 0. Raises `NewerSchemaError`."""
    if state.revision is None:
        return 0
    if state.revision not in REVISIONS:
        raise NewerSchemaError(state.revision)
    return REVISIONS.index(state.revision) + 1


def _number_of(revision: str) -> int:
    """How many revisions lie up to and with this one."""
    if revision == "head":
        return len(REVISIONS)
    if revision == "base":
        return 0
    if revision not in REVISIONS:
        raise ValueError(f"revision: {revision!r} is unknown; give one of {', '.join(REVISIONS)}, head or base")
    return REVISIONS.index(revision) + 1


@contextmanager
def _engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    try:
        yield engine
    finally:
        engine.dispose()


def _make_or_migrate(engine: Engine) -> None:
    """Make the tables of an empty database; bring others to today's revision."""
    with transaction(engine) as connection:
        _take_lock(connection)
        if _state_within(connection).revision is None:
            _SCHEMAS[0].metadata.create_all(connection, checkfirst=False)
            _record(connection, HEAD)
            return
    _migrate(engine, len(REVISIONS), "upgrade")


def _record(connection: Connection, revision: str) -> None:
    """Note the revision as Alembic would."""
    versions = Table(_VERSION_TABLE, MetaData(), Column("version_num", String(32), primary_key=True))
    versions.create(connection, checkfirst=True)  # empty, where a database was taken back to nothing
    connection.execute(versions.insert().values(version_num=revision))


def _migrate(engine: Engine, target: int, direction: Direction) -> None:
    """Run, in one transaction, what leads to so many revisions; what that is, is found out once the lock is taken."""
    with transaction(engine) as connection:
        _take_lock(connection)
        state = _state_within(connection)
        at = _known_number(state)
        if state.revision is not None and not state.recorded:
            _run_alembic(connection, _FIRST, "upgrade")
        if at < target if direction == "upgrade" else at > target:
            _run_alembic(connection, REVISIONS[target - 1] if target else "base", direction)


def _take_lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SCHEMA_LOCK})
    else:
        # The driver opens a transaction before it writes a row, but not before it makes a table.
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _run_alembic(connection: Connection, revision: str, direction: Direction) -> None:
    from alembic import command  # noqa: PLC0415 - see the module's docstring

    configuration = _configuration()
    configuration.attributes["connection"] = connection
    with _ALEMBIC:
        if direction == "upgrade":
            command.upgrade(configuration, revision)
        else:
            command.downgrade(configuration, revision)


def _described(direction: Direction, revisions: Sequence[str]) -> list[Step]:
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see the module's docstring

    scripts = ScriptDirectory.from_config(_configuration())
    return [Step(direction, revision, scripts.get_revision(revision).doc) for revision in revisions]


def _configuration() -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - see the module's docstring

    configuration = Config()
    configuration.set_main_option("script_location", "cds_service.cardlog:migrations")
    return configuration
