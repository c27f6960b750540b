"""The thread that puts records into the spool while the database is away, hangs, or is slow."""

from collections.abc import Sequence
from typing import Final, Protocol

from cds_service.cardlog.backlog import Backlog, records_of
from cds_service.cardlog.course import Course
from cds_service.cardlog.database_writer import MOST_RECORDS
from cds_service.cardlog.rows import Record
from cds_service.cardlog.spool import SpoolError
from cds_service.cardlog.store import Counts
from cds_service.cardlog.tallies import Tallies

_PAUSE_S: Final = 0.2


class SpoolToFill(Protocol):
    """What the thread needs of the spool."""

    @property
    def waiting(self) -> int:
        """Records that are in it."""

    def append(self, records: Sequence[Record]) -> None:
        """Put records at the end. Raises `SpoolError`."""

    def append_counts(self, counts: Counts) -> None:
        """Put this process's sums at the end. Raises `SpoolError`."""


class SpoolWriter:
    """Runs in a thread of its own until the log closes.

    Args:
        backlog: the records that wait.
        tallies: this process's sums; what of them the database has not got goes to the spool at the end.
        spool: where the records go.
        course: whether it is the spool's turn.
    """

    def __init__(self, backlog: Backlog, tallies: Tallies, spool: SpoolToFill, course: Course) -> None:
        self._backlog = backlog
        self._tallies = tallies
        self._spool = spool
        self._course = course

    def run(self) -> None:
        """Put what waits into the spool whenever it is its turn; at the end, what is left."""
        course = self._course
        while True:
            course.spool_work.wait()
            course.spool_work.clear()
            is_last = course.finishing.is_set()  # asked first: what comes later is seen in another turn
            if course.begin_appending():
                try:
                    given_up = not self._append_gathered()
                finally:
                    course.end_appending()  # whatever ends this thread, the database is not shut out by it
                if given_up and not course.finishing.is_set():
                    # It may be back; its fault brings the turn here again.
                    course.to_the_database(lambda: self._spool.waiting)
            if is_last:
                self._append_counts()
                return

    def _append_gathered(self) -> bool:
        """Whether everything that waited is in the spool, or left to the database that asked for it."""
        while batches := self._backlog.take(MOST_RECORDS):
            try:
                self._spool.append(records_of(batches))
            except SpoolError as error:
                self._course.spool_failed(error.kind)
                self._course.finishing.wait(_PAUSE_S)
                return False
            self._course.spool_took_it()
            for batch in batches:
                self._backlog.settle(batch)
            if self._course.hand_back(lambda: self._spool.waiting):
                return True
        return True

    def _append_counts(self) -> None:
        counts = self._tallies.take_changed()
        if counts.calls or counts.unknown_procedures:
            try:
                self._spool.append_counts(counts)
            except SpoolError as error:
                self._course.spool_failed(error.kind)
