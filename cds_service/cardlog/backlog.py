"""The events that wait for the database: a bounded queue that knows what became of everything put into it.

An event leaves the queue only once it is stored or given up, so a batch that failed is simply still there.
"""

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import islice

from cds_service.cardlog.events import EvaluationEvent, FeedbackEvent


@dataclass(frozen=True, slots=True, eq=False)
class FeedbackPost:
    """The feedback entries of one call; the writer's thread sets `stored`, for which their sender waits."""

    events: tuple[FeedbackEvent, ...]
    stored: "Future[bool]" = field(default_factory=Future)

    def __post_init__(self) -> None:
        """Keep a sender that went away from cancelling the future under the writer's hands."""
        self.stored.set_running_or_notify_cancel()


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of events. For evaluations `recorded == stored + lost + waiting` at every moment."""

    recorded: int = 0
    stored: int = 0
    lost: int = 0
    waiting: int = 0
    feedback_stored: int = 0


class Backlog:
    """A first-in, first-out queue, safe to use from any thread. Nothing in it waits or does I/O.

    Args:
        capacity: how many events, of either kind, may wait.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._queue: deque[EvaluationEvent | FeedbackPost] = deque()
        self._size = 0
        self._closed = False
        self._recorded = 0
        self._stored = 0
        self._lost = 0
        self._feedback_stored = 0

    def add_evaluations(self, events: Sequence[EvaluationEvent]) -> int:
        """Queue as many as there is room for, and return how many were lost for want of it."""
        with self._lock:
            room = 0 if self._closed else max(0, self._capacity - self._size)
            taken = events[:room]
            self._queue.extend(taken)
            self._size += len(taken)
            lost = len(events) - len(taken)
            self._recorded += len(events)
            self._lost += lost
        return lost

    def add_feedback(self, events: Sequence[FeedbackEvent]) -> FeedbackPost | None:
        """Queue the entries of one call (at least one); None when there is no room for all of them."""
        post = FeedbackPost(tuple(events))
        with self._lock:
            if self._closed or self._size + len(post.events) > self._capacity:
                return None
            self._queue.append(post)
            self._size += len(post.events)
        return post

    def head(self, limit: int) -> list[EvaluationEvent | FeedbackPost]:
        """The longest-waiting items, at most `limit`. They stay in the queue until `settle`."""
        with self._lock:
            return list(islice(self._queue, limit))

    def settle(self, count: int, *, stored: bool) -> int:
        """Take out the first `count` items: they are stored, or never will be. Returns the evaluations."""
        posts = []
        evaluations = 0
        with self._lock:
            # A write that outlived `abandon` finds nothing: its events are counted as lost already.
            for _ in range(min(count, len(self._queue))):
                item = self._queue.popleft()
                if isinstance(item, FeedbackPost):
                    posts.append(item)
                    self._size -= len(item.events)
                    self._feedback_stored += len(item.events) if stored else 0
                else:
                    self._size -= 1
                    evaluations += 1
            if stored:
                self._stored += evaluations
            else:
                self._lost += evaluations
        for post in posts:
            post.stored.set_result(stored)
        return evaluations

    def close(self) -> None:
        """Take nothing more; what waits stays."""
        with self._lock:
            self._closed = True

    def abandon(self) -> int:
        """Close, give up everything that waits, and return how many evaluations are lost by it."""
        self.close()
        return self.settle(self._capacity, stored=False)

    @property
    def full(self) -> bool:
        """Whether the next event would be turned away for want of room."""
        return self._size >= self._capacity

    @property
    def crowded(self) -> bool:
        """Whether half of the room is taken: events come faster than the database takes them."""
        return self._size * 2 >= self._capacity

    def tally(self) -> Tally:
        """What became of the events so far."""
        with self._lock:
            return Tally(
                recorded=self._recorded,
                stored=self._stored,
                lost=self._lost,
                waiting=self._recorded - self._stored - self._lost,
                feedback_stored=self._feedback_stored,
            )
