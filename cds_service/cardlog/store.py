"""The card log's database: a SQLite file or PostgreSQL, through the same SQLAlchemy statements.

Neither a database URL (it may carry a password) nor a value of an event reaches a message or a log from here:
SQLAlchemy is told to hide parameters, and a fault leaves as `CardLogStoreError`, which names its kind only.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    Connection,
    Engine,
    Select,
    Table,
    create_engine,
    event,
    func,
    make_url,
    select,
    text,
)
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import URL
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    SQLAlchemyError,
    StatementError,
)
from sqlalchemy.schema import CreateIndex, CreateTable

from cds_service.cardlog import schema
from cds_service.cardlog.events import EvaluationEvent, FeedbackEvent

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert

URL_HELP: Final = "give sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/DATABASE"

_BUSY_TIMEOUT_MS: Final = 5_000
_BUSY_PAUSE_S: Final = 0.02
_CONNECT_TIMEOUT_S: Final = 5
_POSTGRESQL_SCHEMES: Final = frozenset({"postgres", "postgresql", "postgresql+psycopg"})
_SQLITE_SCHEMES: Final = frozenset({"sqlite", "sqlite+pysqlite"})
# Any fixed number does, so long as every process of the service takes the same lock.
_SCHEMA_LOCK: Final = 4_201_337_802
_MOST_ROWS_AT_ONCE: Final = 32  # at 31 columns just below the 999 values that every SQLite takes in one statement
_UNBINDABLE: Final = (OverflowError, TypeError, ValueError)  # what drivers raise for a value they cannot send


class CardLogStoreError(Exception):
    """The card log's database did not do what it was asked.

    Attributes:
        kind: class of the driver's error and the database's own code for it, never its message.
        refused: the database answered and will not take these rows; trying again cannot help.
    """

    def __init__(self, kind: str, *, refused: bool) -> None:
        super().__init__(f"the card log's database failed ({kind}); check that it runs and that its URL is right")
        self.kind = kind
        self.refused = refused


class CardLogStore:
    """Writes events and counts them. Safe to use from several threads.

    Args:
        database_url: `sqlite:///FILE` (its folder is made when missing), or a PostgreSQL URL, whose scheme
            may be `postgresql`, `postgres` or `postgresql+psycopg`. Nothing is connected until first use.

    Raises:
        ValueError: the URL cannot be read, or names a database that the card log does not speak.
        OSError: the folder of the SQLite file cannot be made.
    """

    def __init__(self, database_url: str) -> None:
        url = _readable_url(database_url)
        self.dialect = url.get_backend_name()
        """`sqlite` or `postgresql`."""
        self._engine = _sqlite_engine(url) if self.dialect == "sqlite" else _postgresql_engine(url)
        insert = sqlite_insert if self.dialect == "sqlite" else _postgresql_insert()
        self._insert_evaluation = insert(schema.evaluation).on_conflict_do_nothing(index_elements=["event_id"])
        self._insert_feedback = insert(schema.feedback).on_conflict_do_nothing(index_elements=["event_id"])
        self._insert_of_size = {
            1 << power: _insert_rows(schema.evaluation, 1 << power) for power in range(_MOST_ROWS_AT_ONCE.bit_length())
        }

    def __repr__(self) -> str:
        """Name the kind of database and nothing of its URL."""
        return f"CardLogStore(<{self.dialect}>)"

    def create_schema(self) -> None:
        """Make the tables and indexes that are missing; several processes may do so at once.

        Raises:
            CardLogStoreError: the database cannot be reached or refuses.
        """
        with self._transaction() as connection:
            if self.dialect == "postgresql":
                # IF NOT EXISTS alone does not keep two sessions of PostgreSQL from making a table at once.
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
            for table in schema.metadata.sorted_tables:
                connection.execute(CreateTable(table, if_not_exists=True))
                for index in sorted(table.indexes, key=lambda index: str(index.name)):
                    connection.execute(CreateIndex(index, if_not_exists=True))

    def write(self, evaluations: Sequence[EvaluationEvent], feedback: Sequence[FeedbackEvent]) -> None:
        """Commit all the events in one transaction. An event whose id is stored already is left as it is.

        Raises:
            CardLogStoreError: nothing of this call is stored; or, when the connection broke during the
                commit, all of it may be. Writing the same events again is safe either way.
        """
        with self._transaction() as connection:
            if evaluations:
                self._write_evaluations(connection, [schema.evaluation_row(each) for each in evaluations])
            if feedback:
                connection.execute(self._insert_feedback, [schema.feedback_row(each) for each in feedback])

    def _write_evaluations(self, connection: Connection, rows: list[dict[str, object]]) -> None:
        if self.dialect == "sqlite":
            # Many rows in one statement: row by row, the driver would fight the event loop for the interpreter. Few
            # sizes of it, the powers of two, which SQLite then need not compile again.
            start = 0
            while start < len(rows):
                size = min(_MOST_ROWS_AT_ONCE, 1 << ((len(rows) - start).bit_length() - 1))
                connection.exec_driver_sql(self._insert_of_size[size], _positional(rows[start : start + size]))
                start += size
        else:
            connection.execute(self._insert_evaluation, rows)

    def ping(self) -> None:
        """Ask the database for an answer.

        Raises:
            CardLogStoreError: there was none.
        """
        with self._transaction() as connection:
            connection.execute(select(1))

    def count_evaluations(self) -> int:
        """How many evaluations are stored. Raises `CardLogStoreError` when the database fails."""
        return self._count(schema.evaluation)

    def count_feedback(self) -> int:
        """How many feedback entries are stored. Raises `CardLogStoreError` when the database fails."""
        return self._count(schema.feedback)

    def latest_evaluations(self, limit: int = 100) -> list[dict[str, Any]]:
        """Rows of evaluations, latest hour first. Raises `CardLogStoreError` when the database fails."""
        columns = schema.evaluation.c
        order = (columns.occurred_on.desc(), columns.occurred_hour.desc(), columns.event_id)
        return self._rows(select(schema.evaluation).order_by(*order).limit(limit))

    def latest_feedback(self, limit: int = 100) -> list[dict[str, Any]]:
        """Rows of feedback, latest decision first. Raises `CardLogStoreError` when the database fails."""
        columns = schema.feedback.c
        order = (columns.outcome_timestamp.desc(), columns.event_id)
        return self._rows(select(schema.feedback).order_by(*order).limit(limit))

    def dispose(self) -> None:
        """Close the connections. The store may be used again and then opens new ones."""
        self._engine.dispose()

    def _count(self, table: Table) -> int:
        with self._transaction() as connection:
            return connection.execute(select(func.count()).select_from(table)).scalar_one()

    def _rows(self, query: Select[Any]) -> list[dict[str, Any]]:
        with self._transaction() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, *_UNBINDABLE) as error:
            # The driver's message may quote a value; without "from None" a traceback would show it.
            raise _store_error(error) from None


def _postgresql_insert() -> "Callable[[Table], PostgresqlInsert]":
    # Imported where it is needed: SQLAlchemy's PostgreSQL dialects cost a SQLite deployment 5 % of its start.
    from sqlalchemy.dialects.postgresql import insert  # noqa: PLC0415 - see above

    return insert


def _insert_rows(table: Table, rows: int) -> str:
    """SQLite's statement for so many rows at once, their values by position."""
    names = ", ".join(column.name for column in table.columns)
    places = f"({', '.join('?' * len(table.columns))})"
    values = ", ".join([places] * rows)
    return f"INSERT INTO {table.name} ({names}) VALUES {values} ON CONFLICT (event_id) DO NOTHING"  # noqa: S608 - our names


def _positional(rows: Sequence[Mapping[str, object]]) -> tuple[object, ...]:
    """The values of rows one after the other; a date as SQLite keeps it."""
    return tuple(value.isoformat() if isinstance(value, date) else value for row in rows for value in row.values())


def _store_error(error: Exception) -> CardLogStoreError:
    if not isinstance(error, DBAPIError):
        return CardLogStoreError(type(error).__name__, refused=isinstance(error, (StatementError, *_UNBINDABLE)))
    driver_error = error.orig
    code = getattr(driver_error, "sqlstate", None) or getattr(driver_error, "sqlite_errorname", None)
    name = type(driver_error).__name__
    refused = isinstance(error, (DataError, IntegrityError))
    return CardLogStoreError(f"{name} {code}" if code else name, refused=refused)


def _readable_url(database_url: str) -> URL:
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError):
        raise ValueError(f"database URL: cannot be read; {URL_HELP}") from None
    if url.drivername in _POSTGRESQL_SCHEMES:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in _SQLITE_SCHEMES:
        raise ValueError(f"database URL: the card log does not speak {url.drivername!r}; {URL_HELP}")
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise ValueError("database URL: the card log needs a file on disk; give sqlite:///FILE")
    return url


def _sqlite_engine(url: URL) -> Engine:
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _make_durable(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        _keep_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous = FULL")

    return engine


def _keep_write_ahead_log(connection: sqlite3.Connection) -> None:
    # Two processes that switch a new file at once get "busy" without SQLite waiting; the file keeps the mode.
    give_up_at = time.monotonic() + _BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorname.startswith("SQLITE_BUSY")
            if not busy or time.monotonic() > give_up_at:
                raise
            time.sleep(_BUSY_PAUSE_S)
        else:
            return


def _postgresql_engine(url: URL) -> Engine:
    connect_args = {} if "connect_timeout" in url.query else {"connect_timeout": _CONNECT_TIMEOUT_S}
    # A connection that the server dropped while it lay idle is replaced before a batch is put on it.
    return create_engine(
        url, hide_parameters=True, pool_pre_ping=True, pool_size=2, max_overflow=3, connect_args=connect_args
    )
