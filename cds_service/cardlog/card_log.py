"""The face of the card log that the routes use.

The answer to an EHR goes out once its evaluations are on a disk, in the database or in the spool, or after 100 ms: a
clinician waits no longer for a log. Feedback is different: its sender is told that it is stored, and so waits for that.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, Protocol

from cds_service.cardlog.backlog import Backlog, Batch
from cds_service.cardlog.course import Course
from cds_service.cardlog.database_writer import DatabaseWriter, EventStore, SpoolToDeliver
from cds_service.cardlog.events import CallRecord, FeedbackEvent
from cds_service.cardlog.spool_writer import SpoolToFill, SpoolWriter
from cds_service.cardlog.tallies import Tallies

_logger = logging.getLogger(__name__)

# Each commit takes the interpreter from the event loop several times, and the loop waits each time until the thread
# that writes has been woken. While it has calls to answer, records therefore gather for so long.
_GATHER_S: Final = 0.015
_ANSWER_AFTER_S: Final = 0.1
_SPOOL_AFTER_S: Final = 0.06

State = Literal["writing", "spooling", "losing", "off"]
"""Where events go: to the database, to the spool, nowhere; or the log is off."""


class CardLogUnavailable(Exception):  # noqa: N818 - says what the sender is told: unavailable, send it again
    """Feedback could not be stored in time."""


@dataclass(frozen=True, slots=True)
class CardLogStats:
    """What has become of the events so far. `answered == stored + lost` at every moment.

    Attributes:
        state: where events go now.
        answered: evaluations whose call was answered.
        stored: those of them on a disk, in the database or in the spool.
        lost: those of them that are not; one that is late counts until it is stored.
        late: evaluations whose answer went out before they were on a disk.
        spooled: records that wait in the spool for the database.
        feedback_stored: feedback entries on a disk.
        last_error: kind of the latest fault of the database or the spool; None when there was none.
        healthy: what is answered now will be on a disk.
    """

    state: State
    answered: int
    stored: int
    lost: int
    late: int
    spooled: int
    feedback_stored: int
    last_error: str | None
    healthy: bool


class EvaluationLog(Protocol):
    """What the routes need of a card log."""

    @property
    def stats(self) -> CardLogStats:
        """What has become of the events so far."""

    def start(self) -> None:
        """Begin to write."""

    async def record(self, record: CallRecord) -> None:
        """Hand over a call's evaluations and cards; return when they are on a disk, or after 100 ms. Never raises."""

    def count_call(self, day: date, hour: int, client_id: str, hook: str, result: str) -> None:
        """Count a call that was answered."""

    def count_unknown_procedure(self, day: date, client_id: str, code_system: str, code: str) -> None:
        """Count a procedure code that no list knows."""

    async def store_feedback(self, events: Sequence[FeedbackEvent]) -> None:
        """Return once the entries are on a disk. Raises `CardLogUnavailable`."""

    def close(self) -> None:
        """Bring what waits to a disk, within a bound, and stop. Blocks meanwhile."""


class EventSpool(SpoolToDeliver, SpoolToFill, Protocol):
    """Where records wait while the database is away."""


class CardLog:
    """The log of one process. Used from its event loop; `stats` and `close` from any thread.

    Args:
        store: the database; it stays the caller's, who disposes of it after `close`.
        spool: where records wait while the database is away; the caller opens it before `start` and closes it after
            `close`.
        tallies: this process's sums.
        capacity: how many records may wait for a disk.
        feedback_timeout_s: how long `store_feedback` waits, in seconds.
        close_timeout_s: how long `close` waits for the database, and then for the spool, in seconds.
    """

    def __init__(
        self,
        store: EventStore,
        spool: EventSpool,
        tallies: Tallies,
        *,
        capacity: int = 10_000,
        feedback_timeout_s: float = 5.0,
        close_timeout_s: float = 5.0,
    ) -> None:
        self._spool = spool
        self._tallies = tallies
        self._backlog = Backlog(capacity)
        self._course = Course()
        self._youngest: Batch | None = None
        to_database = DatabaseWriter(self._backlog, tallies, store, spool, self._course)
        to_spool = SpoolWriter(self._backlog, tallies, spool, self._course)
        self._database_thread = threading.Thread(target=to_database.run, name="card-log-database", daemon=True)
        self._spool_thread = threading.Thread(target=to_spool.run, name="card-log-spool", daemon=True)
        self._feedback_timeout_s = feedback_timeout_s
        self._close_timeout_s = close_timeout_s
        self.count_call = tallies.count_call
        self.count_unknown_procedure = tallies.count_unknown_procedure

    @property
    def stats(self) -> CardLogStats:
        """What has become of the events so far."""
        tally = self._backlog.tally()
        runs = self._database_thread.is_alive() and self._spool_thread.is_alive()
        losing = not runs or self._course.is_losing or self._backlog.is_full or self._backlog.is_overdue
        state: State = "losing" if losing else "spooling" if self._course.is_spooling else "writing"
        return CardLogStats(
            state=state,
            answered=tally.answered,
            stored=tally.stored,
            lost=tally.lost,
            late=tally.late,
            spooled=self._spool.waiting,
            feedback_stored=tally.feedback_stored,
            last_error=self._course.last_error,
            healthy=not losing,
        )

    def start(self) -> None:
        """Start the threads that write, behind what an earlier process left in the spool.

        Raises:
            RuntimeError: it was started before.
        """
        if self._spool.waiting:
            self._course.to_the_spool()
        self._database_thread.start()
        self._spool_thread.start()

    async def record(self, record: CallRecord) -> None:
        """Hand over a call's evaluations and cards; return when they are on a disk, or after 100 ms."""
        waiter = self._add(record)
        if waiter is not None:
            await waiter

    async def store_feedback(self, events: Sequence[FeedbackEvent]) -> None:
        """Return once the entries are on a disk.

        Raises:
            CardLogUnavailable: they could not be queued, were refused, or are on no disk yet. In the last case they
                may still be stored later; a repeated entry does no harm, since the last one counts.
        """
        if not events:
            return
        waiter = None if self._course.is_losing else self._add(events)
        if waiter is None:
            raise CardLogUnavailable("the card log takes no feedback now: nothing can be stored")
        try:
            stored = await asyncio.wait_for(waiter, self._feedback_timeout_s)
        except TimeoutError:
            raise CardLogUnavailable("the card log did not store the feedback in time") from None
        if not stored:
            raise CardLogUnavailable("the card log could not store the feedback")

    def close(self) -> None:
        """Bring what waits to a disk, within a bound, and stop; what is left then is counted as lost."""
        self._backlog.close()
        self._course.stopping.set()
        self._course.database_work.set()
        self._join(self._database_thread)
        self._course.finishing.set()
        self._course.to_the_spool()  # which rouses the spool's thread, after it can see that it is the end
        self._join(self._spool_thread)
        lost = self._backlog.abandon()
        if lost:
            _logger.error("The card log closed before %d evaluations could be stored: they are lost", lost)

    def _join(self, thread: threading.Thread) -> None:
        if thread.ident is not None:
            thread.join(self._close_timeout_s)

    def _add(self, record: CallRecord | Sequence[FeedbackEvent]) -> asyncio.Future[bool] | None:
        loop = asyncio.get_running_loop()
        added = self._backlog.add(record, loop)
        if added is None:
            return None
        batch, waiter, is_new = added
        if is_new:
            before, self._youngest = self._youngest, batch
            if before is not None:
                self._hand_over(before)  # it has gathered for long, in a turn of the event loop that goes on
            loop.call_soon(self._watch, batch, 0)
            loop.call_later(_ANSWER_AFTER_S, self._backlog.answer_late, batch)
        return waiter

    def _watch(self, batch: Batch, seen: int) -> None:
        """Have a batch written as soon as the event loop adds nothing to it in a turn, or it has gathered for long."""
        gathered = len(batch.records)
        if gathered > seen and not batch.sealed and time.monotonic() - batch.began < _GATHER_S:
            batch.loop.call_soon(self._watch, batch, gathered)
        else:
            self._hand_over(batch)

    def _hand_over(self, batch: Batch) -> None:
        """Have a batch written; the database's time for it begins now, for a busy event loop is no slow database."""
        if batch.handed_over:
            return
        batch.handed_over = True
        if not batch.taken:
            self._course.rouse()
        asyncio.get_running_loop().call_later(_SPOOL_AFTER_S, self._hurry, batch)

    def _hurry(self, batch: Batch) -> None:
        if not batch.settled:
            self._course.to_the_spool()


class NoCardLog:
    """Stores nothing. For measuring what logging costs (`make bench`), never for a deployment."""

    @property
    def stats(self) -> CardLogStats:
        """All zero, and healthy: nothing was promised."""
        return CardLogStats(
            state="off",
            answered=0,
            stored=0,
            lost=0,
            late=0,
            spooled=0,
            feedback_stored=0,
            last_error=None,
            healthy=True,
        )

    def start(self) -> None:
        """Do nothing."""

    async def record(self, record: CallRecord) -> None:
        """Forget the record."""

    def count_call(self, day: date, hour: int, client_id: str, hook: str, result: str) -> None:
        """Forget the call."""

    def count_unknown_procedure(self, day: date, client_id: str, code_system: str, code: str) -> None:
        """Forget the code."""

    async def store_feedback(self, events: Sequence[FeedbackEvent]) -> None:  # noqa: ARG002 - as the protocol has it
        """Refuse: an answer that feedback is stored would be untrue.

        Raises:
            CardLogUnavailable: always.
        """
        raise CardLogUnavailable("the card log is switched off for a measurement")

    def close(self) -> None:
        """Do nothing."""
