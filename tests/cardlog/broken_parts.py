"""Stand-ins for a database and a spool in trouble. Each says, through an event, that it was asked."""

import threading
from collections.abc import Sequence

from cds_service.cardlog.databases import CardLogStoreError
from cds_service.cardlog.rows import Record, Rows
from cds_service.cardlog.spool import SpoolError
from cds_service.cardlog.spool_records import Entry
from cds_service.cardlog.store import CardLogStore, Counts

PATIENCE_S = 30
"""How long a test waits for something that must happen; only a failing test ever waits this long."""


class WatchedStore:
    """The real store, behind a switch: while it is `away`, every write fails as a lost connection does."""

    def __init__(self, store: CardLogStore, *, away: bool = False) -> None:
        self._store = store
        self.away = away
        self.failed = threading.Event()
        self.batches: list[Rows] = []

    def write(self, rows: Rows) -> None:
        """Write to the real store."""
        self._fail_if_away()
        try:
            self._store.write(rows)
        except CardLogStoreError:
            self.failed.set()
            raise
        self.batches.append(rows)

    def write_counts(self, counts: Counts) -> None:
        """Write to the real store."""
        self._fail_if_away()
        self._store.write_counts(counts)

    def _fail_if_away(self) -> None:
        if self.away:
            self.failed.set()
            raise CardLogStoreError("OperationalError", refused=False)


class AwayStore:
    """A database that cannot be reached."""

    def __init__(self) -> None:
        self.failed = threading.Event()

    def write(self, rows: Rows) -> None:
        """Fail, as a lost connection does."""
        del rows
        self.failed.set()
        raise CardLogStoreError("OperationalError", refused=False)

    def write_counts(self, counts: Counts) -> None:
        """Fail, as a lost connection does."""
        del counts
        raise CardLogStoreError("OperationalError", refused=False)


class HangingStore:
    """The real store, which does not begin a write until it is released."""

    def __init__(self, store: CardLogStore) -> None:
        self._store = store
        self.entered = threading.Event()
        self.release = threading.Event()

    def write(self, rows: Rows) -> None:
        """Hang until released, then write."""
        self.entered.set()
        assert self.release.wait(PATIENCE_S)
        self._store.write(rows)

    def write_counts(self, counts: Counts) -> None:
        """Hang until released, then write."""
        assert self.release.wait(PATIENCE_S)
        self._store.write_counts(counts)


class FullSpool:
    """A spool on a disk that is full until it has `room`."""

    def __init__(self) -> None:
        self.waiting = 0
        self.failed = threading.Event()

    def append(self, records: Sequence[Record]) -> None:
        """Fail, as a full disk does."""
        del records
        self.failed.set()
        raise SpoolError("SQLITE_FULL")

    def append_counts(self, counts: Counts) -> None:
        """Fail, as a full disk does."""
        del counts
        raise SpoolError("SQLITE_FULL")

    def head(self, limit: int) -> list[Entry]:
        """Nothing is in it."""
        del limit
        return []

    def is_inherited(self, entry: Entry) -> bool:
        """Nothing is in it."""
        del entry
        return False

    def set_aside(self, numbers: Sequence[int]) -> None:
        """Nothing is in it."""

    def drop(self, delivered: Sequence[Entry]) -> None:
        """Nothing is in it."""
