"""Reaching the card log's database: a SQLite file or PostgreSQL, through the same SQLAlchemy statements.

Neither a database URL (it may carry a password) nor a value of an event reaches a message or a log from here:
SQLAlchemy is told to hide parameters, and a fault leaves as `CardLogStoreError`, which names its kind only.
"""

import logging
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, PoolProxiedConnection, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError

from cds_service.database_url import readable_url

_BUSY_TIMEOUT_MS: Final = 5_000
_CACHED_STATEMENTS: Final = 512  # one for each number of rows that `inserts` or `arrivals` puts in at once
_BUSY_PAUSE_S: Final = 0.02
# Working out a week's figures would keep 20 MB more, and be no faster. What exceeds this goes to files, whatever
# connection of the process it belongs to.
_SQLITE_MEMORY: Final = 4_000_000
_UNBINDABLE: Final = (OverflowError, TypeError, ValueError)  # what drivers raise for a value they cannot send

# A server that vanishes without a word is given up after about ten seconds; until then events go to the spool.
_POSTGRESQL_CONNECTION: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "options": "-c synchronous_commit=on",
}


_READ_ONLY: Final = "SQLITE_READONLY"
_WRITABLE: Final = (
    "the file and its folder must be writable, also to read it, because of SQLite's write-ahead log; copy it first"
)


class CardLogStoreError(Exception):
    """The card log's database did not do what it was asked.

    Attributes:
        kind: class of the driver's error and the database's own code for it, never its message.
        refused: the database answered and will not take these rows; trying again cannot help.
    """

    def __init__(self, kind: str, *, refused: bool) -> None:
        mend = _WRITABLE if _READ_ONLY in kind else "check that it runs and that its URL is right"
        super().__init__(f"the card log's database failed ({kind}); {mend}")
        self.kind = kind
        self.refused = refused


def open_engine(database_url: str) -> Engine:
    """The way to the card log's database. Nothing is connected until first use; the caller disposes of it.

    Args:
        database_url: as `readable_url` takes it. The folder of a SQLite file is made when missing.

    Raises:
        ValueError: the URL cannot be read, or names a database that the card log does not speak.
        OSError: the folder of the SQLite file cannot be made.
    """
    url = readable_url(database_url)
    return _sqlite_engine(url) if url.get_backend_name() == "sqlite" else _postgresql_engine(url)


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """A connection with one transaction, committed at the end.

    Raises:
        CardLogStoreError: the database failed; nothing is stored, or, when the connection broke during the commit,
            everything may be.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except (SQLAlchemyError, *_UNBINDABLE) as error:
        # The driver's message may quote a value; without "from None" a traceback would show it.
        raise store_error(error) from None


def write_at_once(engine: Engine, statements: Iterable[tuple[str, Sequence[object]]]) -> None:
    """Run statements in one transaction, in the driver's own words, waiting for the database as seldom as can be.

    The thread that writes shares the interpreter with the event loop: each wait may cost it milliseconds.

    Args:
        engine: to SQLite or PostgreSQL.
        statements: each with its values.

    Raises:
        CardLogStoreError: as for `transaction`.
    """
    try:
        connection = engine.raw_connection()
    except engine.dialect.loaded_dbapi.Error as error:
        raise _driver_error(error, engine) from None
    except SQLAlchemyError as error:
        raise store_error(error) from None
    try:
        if engine.dialect.name == "sqlite":
            _run_on_sqlite(connection, statements)
        else:
            _run_on_postgresql(connection, statements)
    except (engine.dialect.loaded_dbapi.Error, *_UNBINDABLE) as error:
        connection.invalidate()  # whatever state it is in, it is not used again
        raise _driver_error(error, engine) from None
    finally:
        connection.close()


def _run_on_sqlite(connection: PoolProxiedConnection, statements: Iterable[tuple[str, Sequence[object]]]) -> None:
    driver: Any = connection.driver_connection
    ready = list(statements)
    with closing(driver.cursor()) as cursor:
        if len(ready) > 1:  # one is a transaction by itself
            cursor.execute("BEGIN IMMEDIATE")
        with driver:  # commits, or rolls back
            for statement, values in ready:
                cursor.executemany(statement, [values])  # unlike `execute` it does not wait to learn the row's number


def _run_on_postgresql(connection: PoolProxiedConnection, statements: Iterable[tuple[str, Sequence[object]]]) -> None:
    """All statements in one go, their answers read at the end of the pipeline; then the commit."""
    driver: Any = connection.driver_connection
    with driver.pipeline():
        for statement, values in statements:
            driver.execute(statement, values)
    driver.commit()


def store_error(error: Exception) -> CardLogStoreError:
    """A fault of the database without its words."""
    if not isinstance(error, DBAPIError):
        return CardLogStoreError(type(error).__name__, refused=isinstance(error, (StatementError, *_UNBINDABLE)))
    return CardLogStoreError(_kind(error.orig), refused=isinstance(error, (DataError, IntegrityError)))


def _driver_error(error: Exception, engine: Engine) -> CardLogStoreError:
    driver = engine.dialect.loaded_dbapi
    refused = isinstance(error, (driver.DataError, driver.IntegrityError, *_UNBINDABLE))
    return CardLogStoreError(_kind(error), refused=refused)


def _kind(driver_error: BaseException | None) -> str:
    code = getattr(driver_error, "sqlstate", None) or getattr(driver_error, "sqlite_errorname", None)
    name = type(driver_error).__name__
    return f"{name} {code}" if code else name


def _sqlite_engine(url: URL) -> Engine:
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, hide_parameters=True, connect_args={"cached_statements": _CACHED_STATEMENTS})

    @event.listens_for(engine, "connect")
    def _make_durable(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        keep_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA soft_heap_limit = {_SQLITE_MEMORY}")

    return engine


def keep_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch a SQLite file to write-ahead mode, however many processes do so at once.

    Raises:
        sqlite3.OperationalError: the file stayed locked, or cannot be written.
    """
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
    # The driver warns a second time of what it raises anyway, and in the server's words, which may quote a row.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    connect_args = {name: value for name, value in _POSTGRESQL_CONNECTION.items() if name not in url.query}
    # A connection that the server dropped while it lay idle is replaced before a batch is put on it.
    return create_engine(
        url, hide_parameters=True, pool_pre_ping=True, pool_size=2, max_overflow=3, connect_args=connect_args
    )
