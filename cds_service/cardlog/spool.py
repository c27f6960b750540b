"""Records that wait on this machine's disk while the card log's database is away.

A spool is a SQLite file of its own, which one process holds at a time (`flock`); each worker has its own in the spool's
folder. A record is in it once `append` has returned, whatever happens to the process or the machine, and leaves it once
it is in the database. What a process left behind is taken over by the next that starts, in order of arrival.
"""

import fcntl
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, TextIO

import orjson
from sqlalchemy import Date, LargeBinary, Table

from cds_service.cardlog import schema
from cds_service.cardlog.databases import keep_write_ahead_log
from cds_service.cardlog.rows import Record, Row, Rows, rows_of
from cds_service.cardlog.schema import UtcDateTime
from cds_service.cardlog.store import Counts

_MOST_SPOOLS: Final = 256  # far more than the workers that one machine runs
_CREATE: Final = "CREATE TABLE IF NOT EXISTS waiting (number INTEGER PRIMARY KEY AUTOINCREMENT, record BLOB NOT NULL)"
_TABLES: Final[dict[str, Table]] = {
    table.name: table for table in (*schema.EVENT_TABLES, schema.call_count, schema.unknown_procedure_count)
}


class SpoolError(Exception):
    """The spool cannot be read or written.

    Attributes:
        kind: the fault's kind, never its message.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"the card log's spool failed ({kind}); check that its folder (CDS_SERVICE_SPOOL) can be written and that "
            "the disk is not full"
        )
        self.kind = kind


class SpoolInUseError(Exception):
    """A running process holds the spool, and delivers it itself."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is in use by a running service, which delivers it itself; stop that service first")


class SpoolFile(NamedTuple):
    """A spool as seen from outside: its file, the records waiting in it, and whether a process holds it."""

    path: Path
    records: int
    in_use: bool


class Entry(NamedTuple):
    """A waiting record: its number in order of arrival, and its rows, or counts, or neither when it cannot be read."""

    number: int
    rows: Rows | None
    counts: Counts | None


class Spool:
    """One process's spool: the first of a folder that is free, or a new one. One thread may append, another deliver.

    Args:
        folder: made when missing, readable by this user alone. Nothing is opened until `open`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count_lock = threading.Lock()
        self._waiting = 0
        self._delivered_through = 0

    def open(self) -> None:
        """Take a spool, and into it what other free ones still hold.

        Raises:
            SpoolError: the folder or a file cannot be used.
        """
        is_open = False
        with _faults_named():
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for path in _numbered(self._folder):
                if is_open and not path.exists():
                    return
                lock = _lock(path)
                if lock is None:
                    continue
                if is_open:
                    self._take_over(path)
                    lock.close()
                else:
                    self.hold(path, lock)
                    is_open = True
        if not is_open:
            raise SpoolError(f"all of {_MOST_SPOOLS} spools are in use")

    def hold(self, path: Path, lock: TextIO) -> None:
        """Open one file of the folder.

        Args:
            path: the file.
            lock: its open lock, which makes it this process's own; closed with the spool, or when this fails.

        Raises:
            SpoolError: it cannot be opened.
        """
        with _faults_named(), ExitStack() as opened:
            opened.callback(lock.close)
            self._appending = opened.enter_context(closing(_connect(path)))
            self._delivering = opened.enter_context(closing(_connect(path)))
            self._waiting = self._delivering.execute("SELECT count(*) FROM waiting").fetchone()[0]
            self._delivered_through = 0
            self._opened = opened.pop_all()
        self.path = path

    @property
    def waiting(self) -> int:
        """Records that are in the spool."""
        return self._waiting

    def append(self, records: Sequence[Record]) -> None:
        """Put records at the end, all or none; they are on the disk when this returns. Raises `SpoolError`."""
        self._append([_packed(rows_of([record])._asdict()) for record in records])

    def append_counts(self, counts: Counts) -> None:
        """Put this process's sums at the end. Raises `SpoolError`."""
        packed = {"call_count": counts.calls, "unknown_procedure_count": counts.unknown_procedures}
        self._append([_packed(packed)])

    def head(self, limit: int) -> list[Entry]:
        """The records that have waited longest. Raises `SpoolError`."""
        query = "SELECT number, record FROM waiting WHERE number > ? ORDER BY number LIMIT ?"
        after = self._delivered_through
        with _faults_named():
            return [_entry(number, packed) for number, packed in self._delivering.execute(query, (after, limit))]

    def drop_through(self, number: int) -> None:
        """Take out what has been delivered: everything up to a number.

        A full disk has no room for the deletion either. What is delivered is not given out again all the same, and is
        deleted with the next change for which there is room.

        Raises:
            SpoolError: it could not be deleted.
        """
        query = "SELECT count(*) FROM waiting WHERE number > ? AND number <= ?"
        with _faults_named():
            delivered = self._delivering.execute(query, (self._delivered_through, number)).fetchone()[0]
            self._delivered_through = number
            with self._count_lock:
                self._waiting -= delivered
            self._drop(self._delivering)

    def _drop(self, connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM waiting WHERE number <= ?", (self._delivered_through,))

    def close(self) -> None:
        """Close the file, and leave it to whoever starts next."""
        with suppress(sqlite3.Error):  # then it is delivered once more, and known by its keys
            self._drop(self._delivering)
        self._opened.close()

    def _append(self, packed: Sequence[bytes]) -> None:
        with _faults_named(), _transaction(self._appending):
            self._drop(self._appending)
            self._appending.executemany("INSERT INTO waiting (record) VALUES (?)", [(each,) for each in packed])
        with self._count_lock:
            self._waiting += len(packed)

    def _take_over(self, path: Path) -> None:
        """What another process left; killed in between, it is taken over again, and stored once all the same."""
        with closing(_connect(path)) as left_behind:
            packed = [each for (each,) in left_behind.execute("SELECT record FROM waiting ORDER BY number")]
            self._append(packed)
            left_behind.execute("DELETE FROM waiting")


def waiting_in(folder: Path) -> list[SpoolFile]:
    """The spools of a folder; reading them disturbs nobody.

    Raises:
        SpoolError: one cannot be read.
    """
    return [_seen_from_outside(path) for path in _numbered(folder) if path.exists()]


@contextmanager
def held(path: Path) -> Iterator[Spool]:
    """A spool that no process uses, held for this one.

    Raises:
        SpoolInUseError: a process holds it.
        SpoolError: it cannot be read.
    """
    with _faults_named():
        lock = _lock(path)
    if lock is None:
        raise SpoolInUseError(path)
    spool = Spool(path.parent)
    spool.hold(path, lock)
    try:
        yield spool
    finally:
        spool.close()


def _numbered(folder: Path) -> Iterator[Path]:
    return (folder / f"spool-{number}.sqlite3" for number in range(1, _MOST_SPOOLS + 1))


def _lock(path: Path) -> TextIO | None:
    """The spool's lock, held until it is closed or the process ends; None while another process holds it."""
    file = path.with_suffix(".lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _connect(path: Path) -> sqlite3.Connection:
    with ExitStack() as opened:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        opened.callback(connection.close)
        keep_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(_CREATE)
        opened.pop_all()  # what is in order stays open
    return connection


def _seen_from_outside(path: Path) -> SpoolFile:
    with _faults_named():
        lock = _lock(path)
        in_use = lock is None
        if lock is not None:
            lock.close()
        with closing(_connect(path)) as connection:
            return SpoolFile(path, connection.execute("SELECT count(*) FROM waiting").fetchone()[0], in_use)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # a full disk may have ended it already
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def _faults_named() -> Iterator[None]:
    """A fault by its kind: SQLite's message or a path's may say more than a log should hold."""
    try:
        yield
    except sqlite3.Error as error:
        raise SpoolError(getattr(error, "sqlite_errorname", None) or type(error).__name__) from None
    except OSError as error:
        raise SpoolError(error.strerror or type(error).__name__) from None


def _packed(rows: dict[str, Any]) -> bytes:
    """Rows as JSON; `bytes` as hexadecimal digits, since JSON has none."""
    return orjson.dumps({table: values for table, values in rows.items() if values}, default=_hexadecimal)


def _hexadecimal(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(type(value).__name__)


def _entry(number: int, packed: bytes) -> Entry:
    content = orjson.loads(packed)
    by_table = {table: [_unpacked(_TABLES[table], row) for row in rows] for table, rows in content.items()}
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
