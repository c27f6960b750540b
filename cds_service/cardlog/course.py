"""Where records go: to the database, or to the spool while that is away. What the two writing threads share.

Each thread sleeps until the other, or a call, has work for it. A fault is logged when it begins and when it ends, by
its kind alone.
"""

import logging
import threading
from collections.abc import Callable
from typing import Final

_logger = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0


class Course:
    """The state of both ways, safe to use from any thread."""

    def __init__(self) -> None:
        self.database_work = threading.Event()
        """Set when the database's thread has something to do."""
        self.spool_work = threading.Event()
        """Set when the spool's thread has something to do."""
        self.stopping = threading.Event()
        """Set when the log is closing: no pause, no second try."""
        self.finishing = threading.Event()
        """Set when the spool is all that is left."""
        self._lock = threading.Lock()
        self._spooling = False
        self._appending = False
        self._wanted_back_with: int | None = None
        self._database_failing = False
        self._spool_failing = False
        self._pause_s = _FIRST_PAUSE_S
        self._last_error: str | None = None

    @property
    def is_spooling(self) -> bool:
        """Whether records go to the spool rather than to the database."""
        return self._spooling

    @property
    def is_losing(self) -> bool:
        """Whether neither the database nor the spool takes anything."""
        return self._spool_failing and (self._spooling or self._database_failing)

    @property
    def database_failing(self) -> bool:
        """Whether the database did not take the latest write."""
        return self._database_failing

    @property
    def last_error(self) -> str | None:
        """The latest fault of either, for example `spool: SQLITE_FULL`; None when there was none."""
        return self._last_error

    def rouse(self) -> None:
        """Something has been added to the backlog."""
        work = self.spool_work if self._spooling else self.database_work
        if not work.is_set():
            work.set()

    def to_the_spool(self) -> None:
        """What waits, and what comes, goes to the spool."""
        with self._lock:
            self._spooling = True
            self._wanted_back_with = None
        self.spool_work.set()

    def to_the_database(self, records_in_spool: Callable[[], int], at_most: int = 0) -> None:
        """Records go to the database again, unless too many are in the spool; and not at the end, which is the spool's.

        While the spool's thread appends, it is asked to hand over after what it has under way.

        Args:
            records_in_spool: tells how many are left to deliver; asked while nobody can begin to append.
            at_most: how many may be left, which the database's thread then delivers before anything else.
        """
        with self._lock:
            if self.finishing.is_set():
                return
            if self._appending:
                self._wanted_back_with = at_most
                return
            if records_in_spool() > at_most:
                return
            self._spooling = False
            self._wanted_back_with = None
        self.database_work.set()

    def begin_appending(self) -> bool:
        """The spool's thread asks whether it is its turn; until `end_appending` it alone changes the course back."""
        with self._lock:
            self._appending = self._spooling
            return self._appending

    def hand_back(self, records_in_spool: Callable[[], int]) -> bool:
        """Between two appends the spool's thread lets the database have what comes, if that has asked for it.

        While calls keep coming there is always something to append: the thread would never be done.

        Args:
            records_in_spool: as for `to_the_database`.

        Returns:
            Whether what has not been appended is the database's now.
        """
        with self._lock:
            wanted_with, self._wanted_back_with = self._wanted_back_with, None
            if wanted_with is None or self.finishing.is_set() or records_in_spool() > wanted_with:
                return False
            self._spooling = False
            return True

    def end_appending(self) -> None:
        """The spool's thread is done."""
        with self._lock:
            self._appending = False
        self.database_work.set()

    def database_is_away(self, kind: str) -> None:
        """The database did not take a write: the spool's turn. Waits, longer each time."""
        self._last_error = f"database: {kind}"
        if not self._database_failing:
            self._database_failing = True
            _logger.warning("The card log's database does not take events (%s): they go to the spool", kind)
        self.to_the_spool()
        self.pause()
        self.database_work.set()

    def database_refused(self, kind: str) -> None:
        """The database answered, and will never take what it was given."""
        self.database_took_it()
        self._last_error = f"database: {kind}"
        _logger.error("The card log's database refused events (%s)", kind)

    def database_took_it(self) -> None:
        """The database stored what it was given."""
        self._pause_s = _FIRST_PAUSE_S
        if self._database_failing:
            self._database_failing = False
            _logger.warning("The card log's database takes events again")

    def spool_failed(self, kind: str) -> None:
        """The spool cannot be written or read."""
        self._last_error = f"spool: {kind}"
        if not self._spool_failing:
            self._spool_failing = True
            _logger.error("The card log's spool fails (%s): while the database is away, events are lost", kind)

    def counts_failed(self, kind: str) -> None:
        """The database did not take this process's sums; they are tried again."""
        if self._last_error != f"counts: {kind}":
            _logger.error("The card log's database does not take counts of calls (%s)", kind)
        self._last_error = f"counts: {kind}"

    def spool_unreadable(self, records: int) -> None:
        """Records of the spool cannot be read; they are kept apart in its file."""
        self._last_error = "spool: unreadable"
        _logger.error("The card log's spool holds %d records that cannot be read: they are kept apart in it", records)

    def spool_took_it(self) -> None:
        """The spool stored what it was given."""
        if self._spool_failing:
            self._spool_failing = False
            _logger.warning("The card log's spool takes events again")

    def pause(self) -> None:
        """Wait before trying again; not while stopping."""
        self.stopping.wait(self._pause_s)
        self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)
