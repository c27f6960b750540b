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
from operator import attrgetter
from pathlib import Path
from typing import Final, NamedTuple, TextIO

import orjson

from cds_service.cardlog.databases import keep_write_ahead_log
from cds_service.cardlog.rows import Record, rows_of
from cds_service.cardlog.spool_records import Entry, entry_of, packed_record
from cds_service.cardlog.store import Counts

_MOST_SPOOLS: Final = 256  # far more than the workers that one machine runs
_TAKEN_OVER_AT_ONCE: Final = 5_000
_CREATE: Final = (
    "CREATE TABLE IF NOT EXISTS waiting (number INTEGER PRIMARY KEY AUTOINCREMENT, record BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS unreadable (number INTEGER PRIMARY KEY, record BLOB NOT NULL)",
)
# Many records in one value: the driver gives the interpreter to the event loop at each row, and waits to get it back.
_ADD: Final = "INSERT INTO waiting (record) SELECT CAST(value AS BLOB) FROM json_each(?) ORDER BY key"
_HEAD: Final = (
    "SELECT group_concat(number || ':' || hex(record)) FROM "
    "(SELECT number, record FROM waiting WHERE number > ? ORDER BY number LIMIT ?)"
)


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
    """A spool as seen from outside.

    Attributes:
        path: its file.
        records: how many wait in it.
        in_use: whether a process holds it.
        unreadable: records that were kept apart because they could not be read.
    """

    path: Path
    records: int
    in_use: bool
    unreadable: int = 0


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
        self._inherited_through = 0

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
                    continue
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
            self._inherited_through = self._highest_number()

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

    def is_inherited(self, entry: Entry) -> bool:
        """Whether a record is one that an earlier process put in, and counted."""
        return entry.number <= self._inherited_through

    def append(self, records: Sequence[Record]) -> None:
        """Put records at the end, all or none; they are on the disk when this returns. Raises `SpoolError`."""
        self._append([packed_record(rows_of([record])._asdict()) for record in records])

    def append_counts(self, counts: Counts) -> None:
        """Put this process's sums at the end. Raises `SpoolError`."""
        packed = {"call_count": counts.calls, "unknown_procedure_count": counts.unknown_procedures}
        self._append([packed_record(packed)])

    def head(self, limit: int) -> list[Entry]:
        """The records that have waited longest. Raises `SpoolError`."""
        with _faults_named():
            [found] = self._delivering.execute(_HEAD, (self._delivered_through, limit)).fetchone()
        numbered = [each.split(":") for each in found.split(",")] if found else []
        entries = (entry_of(int(number), bytes.fromhex(packed)) for number, packed in numbered)
        return sorted(entries, key=attrgetter("number"))

    def drop(self, delivered: Sequence[Entry]) -> None:
        """Take out what has been delivered.

        A full disk has no room for the deletion either. What is delivered is not given out again all the same, and is
        deleted with the next change for which there is room.

        Args:
            delivered: what `head` gave and was not set aside; at least one.

        Raises:
            SpoolError: it could not be deleted.
        """
        self._delivered_through = delivered[-1].number
        with self._count_lock:
            self._waiting -= len(delivered)
        with _faults_named():
            self._delete_delivered(self._delivering)

    def set_aside(self, numbers: Sequence[int]) -> None:
        """Keep records that cannot be read apart in this file, so that the others can be delivered.

        Raises:
            SpoolError: they could not be moved.
        """
        with _faults_named(), _transaction(self._delivering):
            for number in numbers:
                move = "INSERT INTO unreadable (record) SELECT record FROM waiting WHERE number = ?"
                self._delivering.execute(move, (number,))
                self._delivering.execute("DELETE FROM waiting WHERE number = ?", (number,))
        with self._count_lock:
            self._waiting -= len(numbers)

    def _highest_number(self) -> int:
        query = "SELECT coalesce(max(number), 0) FROM waiting"
        return int(self._delivering.execute(query).fetchone()[0])

    def _delete_delivered(self, connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM waiting WHERE number <= ?", (self._delivered_through,))

    def close(self) -> None:
        """Close the file, and leave it to whoever starts next."""
        with suppress(sqlite3.Error):  # then it is delivered once more, and known by its keys
            self._delete_delivered(self._delivering)
        self._opened.close()

    def _append(self, packed: Sequence[bytes]) -> None:
        with self._appending_of(len(packed)) as connection:
            connection.execute(_ADD, (orjson.dumps([each.decode() for each in packed]).decode(),))

    @contextmanager
    def _appending_of(self, records: int) -> Iterator[sqlite3.Connection]:
        """The transaction in which so many records come to the end."""
        with _faults_named(), _transaction(self._appending):
            self._delete_delivered(self._appending)
            yield self._appending
        with self._count_lock:
            self._waiting += records

    def _take_over(self, path: Path) -> None:
        """What another process left; killed in between, it is taken over again, and stored once all the same."""
        with closing(_connect(path)) as left_behind:
            some = "SELECT number, record FROM waiting ORDER BY number LIMIT ?"
            while found := left_behind.execute(some, (_TAKEN_OVER_AT_ONCE,)).fetchall():
                with self._appending_of(len(found)) as connection:  # as they are: some may be damaged
                    records = [(record,) for _, record in found]
                    connection.executemany("INSERT INTO waiting (record) VALUES (?)", records)
                left_behind.execute("DELETE FROM waiting WHERE number <= ?", (found[-1][0],))


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
        for table in _CREATE:
            connection.execute(table)
        opened.pop_all()  # what is in order stays open
    return connection


def _seen_from_outside(path: Path) -> SpoolFile:
    with _faults_named():
        lock = _lock(path)
        in_use = lock is None
        if lock is not None:
            lock.close()
        with closing(_connect(path)) as connection:
            waiting, unreadable = connection.execute(
                "SELECT (SELECT count(*) FROM waiting), (SELECT count(*) FROM unreadable)"
            ).fetchone()
            return SpoolFile(path, waiting, in_use, unreadable)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    with connection:  # commits, or rolls back
        yield


@contextmanager
def _faults_named() -> Iterator[None]:
    """A fault by its kind: SQLite's message or a path's may say more than a log should hold."""
    try:
        yield
    except sqlite3.Error as error:
        raise SpoolError(getattr(error, "sqlite_errorname", None) or type(error).__name__) from None
    except OSError as error:
        raise SpoolError(error.strerror or type(error).__name__) from None
