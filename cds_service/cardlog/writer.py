"""The face of the card log that the routes use: events are handed over at once and written by one thread.

The clinician's answer never waits for a database. Events go to a bounded queue; a writer thread takes what
has gathered and commits it together, so that many calls share one sync to disk. While the database is away
the queue keeps the events and the thread tries again; what no longer fits is counted as lost and reported.
Feedback is different: its sender is told that it is stored, so its route waits for the commit.
"""

import asyncio
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from cds_service.cardlog.backlog import Backlog, FeedbackPost
from cds_service.cardlog.events import EvaluationEvent, FeedbackEvent
from cds_service.cardlog.store import CardLogStoreError

_logger = logging.getLogger(__name__)

_BATCH_LIMIT: Final = 500
# The writer shares the interpreter lock with the service: it gathers for a moment, not waking per event.
_LINGER_S: Final = 0.02
_LONGEST_HOLD_S: Final = 0.1
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0


class CardLogUnavailable(Exception):  # noqa: N818 - says what the sender is told: unavailable, send it again
    """Feedback could not be stored in time."""


@dataclass(frozen=True, slots=True)
class CardLogStats:
    """What has become of the events so far. `recorded == stored + lost + waiting` at every moment.

    Attributes:
        recorded: evaluations handed over.
        stored: evaluations whose transaction was committed; one handed over twice counts twice.
        lost: evaluations that will not be stored: no room, refused by the database, or left over at the end.
        waiting: evaluations that are not in the database yet.
        feedback_stored: feedback entries whose transaction was committed.
        last_error: kind of the latest fault of the database; None when there was none.
        healthy: the writer runs, the database took the latest write, and there is room.
    """

    recorded: int
    stored: int
    lost: int
    waiting: int
    feedback_stored: int
    last_error: str | None
    healthy: bool


class EventStore(Protocol):
    """What the writer needs of a store."""

    def write(self, evaluations: Sequence[EvaluationEvent], feedback: Sequence[FeedbackEvent]) -> None:
        """Commit all of them or none, each event id once. Raises `CardLogStoreError`."""


class EvaluationLog(Protocol):
    """What the routes need of a card log."""

    @property
    def stats(self) -> CardLogStats:
        """What has become of the events so far."""

    def start(self) -> None:
        """Begin to write."""

    def record(self, events: Sequence[EvaluationEvent]) -> None:
        """Hand over evaluations. Never blocks, and never raises for a fault of the database."""

    async def wait_for_room(self) -> None:
        """Return at once, or after a moment when events come faster than they can be stored."""

    async def store_feedback(self, events: Sequence[FeedbackEvent]) -> None:
        """Return once the entries are committed. Raises `CardLogUnavailable`."""

    def close(self) -> None:
        """Write what waits, within a bound, and stop. Blocks meanwhile."""


class CardLog:
    """Writes events through one thread of its own. Safe to call from any thread and any event loop.

    Args:
        store: where the events go; it stays the caller's, who disposes of it after `close`.
        capacity: how many events may wait for the database.
        feedback_timeout_s: how long `store_feedback` waits for the commit, in seconds.
        close_timeout_s: how long `close` waits for the last events to be written, in seconds.
    """

    def __init__(
        self,
        store: EventStore,
        *,
        capacity: int = 10_000,
        feedback_timeout_s: float = 5.0,
        close_timeout_s: float = 5.0,
    ) -> None:
        self._store = store
        self._backlog = Backlog(capacity)
        self._feedback_timeout_s = feedback_timeout_s
        self._close_timeout_s = close_timeout_s
        self._thread = threading.Thread(target=self._run, name="card-log-writer", daemon=True)
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._given_up = threading.Event()
        self._last_error: str | None = None
        self._failing = False
        self._overflowing = False

    @property
    def stats(self) -> CardLogStats:
        """What has become of the events so far."""
        tally = self._backlog.tally()
        return CardLogStats(
            recorded=tally.recorded,
            stored=tally.stored,
            lost=tally.lost,
            waiting=tally.waiting,
            feedback_stored=tally.feedback_stored,
            last_error=self._last_error,
            healthy=self._thread.is_alive() and not self._failing and not self._backlog.full,
        )

    def start(self) -> None:
        """Start the writer's thread. Events recorded before are kept until then.

        Raises:
            RuntimeError: it was started before.
        """
        self._thread.start()

    def record(self, events: Sequence[EvaluationEvent]) -> None:
        """Hand over the evaluations of one call; takes microseconds, whatever the database does."""
        lost = self._backlog.add_evaluations(events)
        self._rouse()
        if lost and not self._overflowing:
            self._overflowing = True
            _logger.error("The card log is full or closed: evaluations are being lost")

    async def wait_for_room(self) -> None:
        """Slow a flood of calls down to what the database takes, rather than lose its events.

        Returns at once while less than half of the queue is taken, and after 100 ms at the latest: a clinician
        waits no longer for a log.
        """
        waited_s = 0.0
        while self._backlog.crowded and not self._failing and waited_s < _LONGEST_HOLD_S:
            await asyncio.sleep(_LINGER_S)
            waited_s += _LINGER_S

    async def store_feedback(self, events: Sequence[FeedbackEvent]) -> None:
        """Return once the entries are committed.

        Raises:
            CardLogUnavailable: they could not be queued, were refused, or are not committed yet. In the last
                case they may still be stored later; a repeated entry does no harm, since the last one counts.
        """
        if not events:
            return
        post = self._backlog.add_feedback(events)
        if post is None:
            raise CardLogUnavailable("the card log takes no feedback now: it is full or closed")
        self._rouse()
        try:
            stored = await asyncio.wait_for(asyncio.wrap_future(post.stored), self._feedback_timeout_s)
        except TimeoutError:
            raise CardLogUnavailable("the card log's database did not take the feedback in time") from None
        if not stored:
            raise CardLogUnavailable("the card log could not store the feedback")

    def close(self) -> None:
        """Write what waits, for at most `close_timeout_s`, and stop; what is left then is counted as lost."""
        self._backlog.close()
        self._closing.set()
        self._rouse()
        if self._thread.ident is not None:
            self._thread.join(self._close_timeout_s)
        self._given_up.set()
        lost = self._backlog.abandon()
        if lost:
            _logger.error("The card log closed before %d evaluations could be stored: they are lost", lost)

    def _rouse(self) -> None:
        if not self._wake.is_set():
            self._wake.set()

    def _run(self) -> None:
        while True:
            closing = self._closing.is_set()
            if not closing:
                self._wake.wait()
                self._closing.wait(_LINGER_S)
                self._wake.clear()
            batch = self._backlog.head(_BATCH_LIMIT)
            if batch:
                if not self._write(batch):
                    return
                self._wake.set()  # more may have been waiting than one batch holds
            elif closing:
                return

    def _write(self, batch: list[EvaluationEvent | FeedbackPost]) -> bool:
        """Try until the batch is stored or refused; False when the log was closed meanwhile and gave up."""
        evaluations = [item for item in batch if isinstance(item, EvaluationEvent)]
        feedback = [event for item in batch if isinstance(item, FeedbackPost) for event in item.events]
        pause = _FIRST_PAUSE_S
        while True:
            try:
                self._store.write(evaluations, feedback)
            except CardLogStoreError as error:
                self._note_failure(error)
                if error.refused:
                    return self._write_apart(batch)
                # While closing, the pause ends early only when close has given up waiting.
                (self._given_up if self._closing.is_set() else self._closing).wait(pause)
                if self._given_up.is_set():
                    return False
                pause = min(pause * 2, _LONGEST_PAUSE_S)
            else:
                self._note_success()
                self._backlog.settle(len(batch), stored=True)
                return True

    def _write_apart(self, batch: list[EvaluationEvent | FeedbackPost]) -> bool:
        """Write each item alone, so that one that is refused neither takes others with it nor blocks them."""
        if len(batch) == 1:
            self._backlog.settle(1, stored=False)
            return True
        return all(self._write([item]) for item in batch)

    def _note_failure(self, error: CardLogStoreError) -> None:
        self._last_error = error.kind
        if error.refused:
            self._failing = False  # it answered: the fault is the event's
            _logger.error("The card log's database refused events (%s)", error.kind)
        elif not self._failing:
            self._failing = True
            _logger.warning("The card log's database does not take events (%s); trying again", error.kind)

    def _note_success(self) -> None:
        self._overflowing = False
        if self._failing:
            self._failing = False
            _logger.warning("The card log's database takes events again")


class NoCardLog:
    """Stores nothing. For measuring what logging costs (`make bench`), never for a deployment."""

    @property
    def stats(self) -> CardLogStats:
        """All zero, and healthy: nothing was promised."""
        return CardLogStats(recorded=0, stored=0, lost=0, waiting=0, feedback_stored=0, last_error=None, healthy=True)

    def start(self) -> None:
        """Do nothing."""

    def record(self, events: Sequence[EvaluationEvent]) -> None:
        """Forget the events."""

    async def wait_for_room(self) -> None:
        """Return at once."""

    async def store_feedback(self, events: Sequence[FeedbackEvent]) -> None:  # noqa: ARG002 - as the protocol has it
        """Refuse: an answer that feedback is stored would be untrue.

        Raises:
            CardLogUnavailable: always.
        """
        raise CardLogUnavailable("the card log is switched off for a measurement")

    def close(self) -> None:
        """Do nothing."""
