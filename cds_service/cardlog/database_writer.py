"""The thread that brings records to the card log's database: what has gathered, or what waits in the spool.

Many calls share a commit. When the database fails, the spool's thread takes what waits and whatever comes from then on,
so that the order of arrival is kept; this one delivers the spool, and takes over when it is empty or soon will be. A
batch whose commit was under way when the spool took it may be written twice: by its keys it is stored once.
"""

import time
from collections import deque
from collections.abc import Sequence
from typing import Final, Protocol

from cds_service.cardlog.backlog import Backlog, Batch, records_of
from cds_service.cardlog.course import Course
from cds_service.cardlog.databases import CardLogStoreError
from cds_service.cardlog.rows import Rows, rows_of
from cds_service.cardlog.spool import SpoolError
from cds_service.cardlog.spool_records import Entry
from cds_service.cardlog.store import Counts
from cds_service.cardlog.tallies import Tallies

MOST_RECORDS: Final = 500
"""Records that are committed together."""

_KEEPS_PACE_S: Final = 0.1  # what an answer waits for at the most
_COUNTS_EVERY_S: Final = 1.0
_MOST_REMEMBERED: Final = 1_000


class EventStore(Protocol):
    """What the thread needs of the database."""

    def write(self, rows: Rows) -> None:
        """Commit all of them or none, each key once. Raises `CardLogStoreError`."""

    def write_counts(self, counts: Counts) -> None:
        """Commit this process's sums. Raises `CardLogStoreError`."""


class SpoolToDeliver(Protocol):
    """What the thread needs of the spool."""

    @property
    def waiting(self) -> int:
        """Records that are in it."""

    def head(self, limit: int) -> list[Entry]:
        """The records that have waited longest. Raises `SpoolError`."""

    def is_inherited(self, entry: Entry) -> bool:
        """Whether a record is one that an earlier process put in, and counted."""

    def set_aside(self, numbers: Sequence[int]) -> None:
        """Keep records that cannot be read apart. Raises `SpoolError`."""

    def drop(self, delivered: Sequence[Entry]) -> None:
        """Take out what has been delivered. Raises `SpoolError`."""


class DatabaseWriter:
    """Runs in a thread of its own until the log closes.

    Args:
        backlog: the records that wait.
        tallies: this process's sums, written once a second.
        store: the database.
        spool: where records wait while the database is away.
        course: which of the two takes what comes.
    """

    def __init__(
        self, backlog: Backlog, tallies: Tallies, store: EventStore, spool: SpoolToDeliver, course: Course
    ) -> None:
        self._backlog = backlog
        self._tallies = tallies
        self._store = store
        self._spool = spool
        self._course = course
        self._counts_due_at = 0.0
        # Of records that were refused and counted so while the spool took them as well: they are refused there again.
        self._counted_as_lost: deque[str] = deque(maxlen=_MOST_REMEMBERED)

    def run(self) -> None:
        """Write until the log is closing and nothing waits, or the database is away."""
        course = self._course
        while True:
            course.database_work.wait(_COUNTS_EVERY_S)
            course.database_work.clear()
            if course.is_spooling or self._spool.waiting:
                self._deliver()
            else:
                self._write_gathered()
            self._write_counts()
            if course.stopping.is_set() and (course.database_failing or self._nothing_waits()):
                return

    def _nothing_waits(self) -> bool:
        return self._backlog.is_empty and self._spool.waiting == 0

    def _write_gathered(self) -> None:
        batches = self._backlog.take(MOST_RECORDS)
        if not batches:
            return
        records = records_of(batches)
        some_are_left = self._backlog.size > len(records)  # more than go together; nobody rouses this thread for them
        try:
            self._store.write(rows_of(records))
        except CardLogStoreError as error:
            if not error.refused:
                self._course.database_is_away(error.kind)
                return
            self._course.database_refused(error.kind)
            for batch in batches:
                self._write_apart(batch)
        else:
            self._course.database_took_it()
            for batch in batches:
                self._backlog.settle(batch)
        if some_are_left or self._course.stopping.is_set():
            self._course.database_work.set()  # else the event loop says when it is time

    def _write_apart(self, batch: Batch) -> None:
        """Write each record alone, so that one that is refused neither takes others with it nor blocks them."""
        refused = set()
        for position, record in enumerate(batch.records):
            try:
                self._store.write(rows_of([record]))
            except CardLogStoreError as error:
                if not error.refused:
                    self._course.database_is_away(error.kind)  # the spool takes the batch; its keys tell what is stored
                    return
                refused.add(position)
        if self._backlog.settle(batch, frozenset(refused)):
            for row in rows_of([batch.records[position] for position in refused]).evaluation:
                self._counted_as_lost.append(str(row[0]))

    def _deliver(self) -> None:
        """Bring the head of the spool to the database; take over again when it is empty, or soon will be.

        While calls keep coming it may never be empty, and all would be written twice. So a database that keeps pace
        takes over with the few records that have come meanwhile: they are delivered before anything that gathers.
        """
        began = time.monotonic()
        try:
            entries = self._readable(self._spool.head(MOST_RECORDS))
            if not entries:
                self._course.to_the_database(lambda: self._spool.waiting)
            elif self._deliver_entries(entries):
                if len(entries) < MOST_RECORDS and time.monotonic() - began < _KEEPS_PACE_S:
                    # First: while the spool's thread appends without a pause, nothing could be taken out.
                    self._course.to_the_database(lambda: self._spool.waiting - len(entries), MOST_RECORDS)
                self._spool.drop(entries)
                self._course.database_work.set()
        except SpoolError as error:
            self._course.spool_failed(error.kind)
            self._write_gathered()  # out of order, but a spool that cannot be read must not keep it from a database
            self._course.pause()

    def _readable(self, entries: list[Entry]) -> list[Entry]:
        """The entries without those that cannot be read, which are kept apart in the spool."""
        unreadable = [entry.number for entry in entries if not entry.is_readable]
        if unreadable:
            self._spool.set_aside(unreadable)
            self._course.spool_unreadable(len(unreadable))
        return [entry for entry in entries if entry.is_readable]

    def _deliver_entries(self, entries: list[Entry]) -> bool:
        """Whether they are in the database, or refused by it for good."""
        try:
            deliver(entries, self._store)
        except CardLogStoreError as error:
            if not error.refused:
                self._course.database_is_away(error.kind)
                return False
            self._course.database_refused(error.kind)
            return self._deliver_apart(entries)
        self._course.database_took_it()
        return True

    def _deliver_apart(self, entries: list[Entry]) -> bool:
        for entry in entries:
            try:
                deliver([entry], self._store)
            except CardLogStoreError as error:
                if not error.refused:
                    self._course.database_is_away(error.kind)
                    return False
                self._count_as_lost(entry)
        return True

    def _count_as_lost(self, entry: Entry) -> None:
        """What an earlier process answered is no part of this one's sums; the refusal is in the log."""
        if entry.rows is None or self._spool.is_inherited(entry):
            return
        counted = set(self._counted_as_lost)
        new = [str(row[0]) for row in entry.rows.evaluation if row[0] not in counted]
        self._counted_as_lost.extend(new)  # it may come again before it is taken out of the spool
        self._backlog.lose_stored(len(new))

    def _write_counts(self) -> None:
        now = time.monotonic()
        if self._course.database_failing:
            return  # at the end the spool takes them: here a database that hangs would keep them until it is too late
        if not self._course.stopping.is_set() and now < self._counts_due_at:
            return
        self._counts_due_at = now + _COUNTS_EVERY_S
        counts = self._tallies.take_changed()
        if not counts.calls and not counts.unknown_procedures:
            return
        self._tallies.put_back(counts)  # until they are written: when the log closes meanwhile, the spool takes them
        try:
            self._store.write_counts(counts)
        except CardLogStoreError as error:
            self._course.counts_failed(error.kind)
        else:
            self._tallies.forget(counts)


def deliver(entries: Sequence[Entry], store: EventStore) -> None:
    """Write what waited in a spool to the database.

    Args:
        entries: from the head of the spool.
        store: the database.

    Raises:
        CardLogStoreError: nothing of it, or a part, is stored; writing it again is safe.
    """
    of_events = [entry.rows for entry in entries if entry.rows is not None]
    if of_events:
        store.write(Rows(*([row for rows in of_events for row in rows[table]] for table in range(len(Rows._fields)))))
    for entry in entries:
        if entry.counts is not None:
            store.write_counts(entry.counts)
