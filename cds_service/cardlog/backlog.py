"""The records that are not on a disk yet, gathered so that many calls share a sync, and what became of all.

An evaluation that is answered counts as stored or as lost, at every moment: `answered == stored + lost`. One whose
answer went out before it was on a disk counts as lost until it is, for a process that is killed now has lost it.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from cds_service.cardlog.events import CallRecord
from cds_service.cardlog.rows import Record

_GATHERED_FOR_S: Final = 0.02
_NOTHING_REFUSED: Final[frozenset[int]] = frozenset()


@dataclass(slots=True, eq=False)
class Batch:
    """Records that came within twenty milliseconds and are written and answered together.

    Attributes:
        loop: the event loop on which the calls wait.
        began: when the first came, on the monotonic clock in seconds.
        records: in order of arrival.
        waiters: one for each record; told whether it is on a disk.
        evaluations: how many the records hold.
        sealed: it takes no more records.
        handed_over: whoever writes has been told of it.
        taken: a thread writes it, or has tried to.
        answered: the calls have been let go.
        settled: it is on a disk, or never will be.
    """

    loop: asyncio.AbstractEventLoop
    began: float
    records: list[Record] = field(default_factory=list)
    waiters: list[asyncio.Future[bool]] = field(default_factory=list)
    evaluations: int = 0
    sealed: bool = False
    handed_over: bool = False
    taken: bool = False
    answered: bool = False
    settled: bool = False

    def let_go(self, refused: frozenset[int] = _NOTHING_REFUSED) -> None:
        """Tell each waiter whether its record is on a disk. On the event loop only."""
        for position, waiter in enumerate(self.waiters):
            if not waiter.done():
                waiter.set_result(position not in refused)

    def let_calls_go(self) -> None:
        """Answer the calls, though nothing is on a disk; feedback goes on waiting. On the event loop only."""
        for record, waiter in zip(self.records, self.waiters, strict=True):
            if isinstance(record, CallRecord) and not waiter.done():
                waiter.set_result(False)


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts since the start. `answered == stored + lost` at every moment.

    Attributes:
        answered: evaluations whose call was answered.
        stored: those of them on a disk, in the database or in the spool.
        lost: those of them that are not.
        late: evaluations whose answer went out first; most are stored a moment later.
        feedback_stored: feedback entries on a disk.
    """

    answered: int = 0
    stored: int = 0
    lost: int = 0
    late: int = 0
    feedback_stored: int = 0


class Backlog:
    """Batches in order of arrival, safe to use from any thread. Nothing in it waits or does I/O.

    Args:
        capacity: how many records may wait.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._batches: deque[Batch] = deque()
        self._size = 0
        self._closed = False
        self._answered = 0
        self._stored = 0
        self._lost = 0
        self._late = 0
        self._feedback_stored = 0

    def add(self, record: Record, loop: asyncio.AbstractEventLoop) -> tuple[Batch, asyncio.Future[bool], bool] | None:
        """Add a record to the youngest batch, or to a new one.

        Args:
            record: a call's, or the entries of a feedback call.
            loop: the event loop that runs now.

        Returns:
            The batch, what to wait for, and whether the batch is new; None when there is no room.
        """
        evaluations = len(record.evaluations) if isinstance(record, CallRecord) else 0
        now = time.monotonic()
        with self._lock:
            if self._closed or self._size >= self._capacity:
                self._answered += evaluations
                self._lost += evaluations
                return None
            batch = self._batches[-1] if self._batches else None
            is_new = batch is None or batch.sealed or batch.loop is not loop or now - batch.began > _GATHERED_FOR_S
            if batch is None or is_new:
                batch = Batch(loop, now)
                self._batches.append(batch)
            waiter = loop.create_future()
            batch.records.append(record)
            batch.waiters.append(waiter)
            batch.evaluations += evaluations
            self._size += 1
        return batch, waiter, is_new

    def take(self, most_records: int) -> list[Batch]:
        """The batches that have waited longest, about `most_records` in all. They stay until they are settled."""
        taken: list[Batch] = []
        records = 0
        with self._lock:
            for batch in self._batches:
                if taken and records + len(batch.records) > most_records:
                    break
                batch.sealed = batch.taken = True
                taken.append(batch)
                records += len(batch.records)
        return taken

    def settle(self, batch: Batch, refused: frozenset[int] = _NOTHING_REFUSED) -> bool:
        """The batch is on a disk, but for records (by position) that will never be.

        Returns:
            False when it had been settled before, by the other thread: then this changes nothing.
        """
        with self._lock:
            if batch.settled:
                return False
            self._remove(batch)
            lost = sum(_evaluations(batch.records[position]) for position in refused)
            stored = batch.evaluations - lost
            if batch.answered:
                self._lost -= stored
            else:
                self._answered += batch.evaluations
                self._lost += lost
            self._stored += stored
            batch.answered = True
            self._feedback_stored += sum(
                len(record)
                for position, record in enumerate(batch.records)
                if position not in refused and not isinstance(record, CallRecord)
            )
        _call_in(batch, refused)
        return True

    def answer_late(self, batch: Batch) -> bool:
        """Let the calls of a batch go though it is on no disk yet; on the event loop only. False if it is settled."""
        with self._lock:
            if batch.settled or batch.answered:
                return False
            batch.answered = batch.sealed = True
            self._answered += batch.evaluations
            self._lost += batch.evaluations
            self._late += batch.evaluations
        batch.let_calls_go()
        return True

    def lose_stored(self, evaluations: int) -> None:
        """Evaluations that were in the spool, and that the database will never take."""
        with self._lock:
            self._stored -= evaluations
            self._lost += evaluations

    def close(self) -> None:
        """Take nothing more; what waits stays."""
        with self._lock:
            self._closed = True

    def abandon(self) -> int:
        """Close, give up everything that waits, and return how many evaluations are lost by it."""
        self.close()
        lost = 0
        while batches := self.take(1):
            lost += batches[0].evaluations
            self.settle(batches[0], frozenset(range(len(batches[0].records))))
        return lost

    @property
    def size(self) -> int:
        """How many records are on no disk yet, those that have been taken among them."""
        return self._size

    @property
    def is_empty(self) -> bool:
        """Whether everything is on a disk."""
        return not self._batches

    @property
    def is_full(self) -> bool:
        """Whether the next record would be turned away for want of room."""
        return self._size >= self._capacity

    @property
    def is_overdue(self) -> bool:
        """Whether something was answered that is on no disk yet."""
        with self._lock:
            return bool(self._batches) and self._batches[0].answered

    def tally(self) -> Tally:
        """What became of the evaluations and the feedback so far."""
        with self._lock:
            return Tally(self._answered, self._stored, self._lost, self._late, self._feedback_stored)

    def _remove(self, batch: Batch) -> None:
        batch.settled = batch.sealed = True
        self._size -= len(batch.records)
        if self._batches[0] is batch:
            self._batches.popleft()
        else:
            self._batches.remove(batch)


def _evaluations(record: Record) -> int:
    return len(record.evaluations) if isinstance(record, CallRecord) else 0


def _call_in(batch: Batch, refused: frozenset[int]) -> None:
    """Let the waiters go from whatever thread this is; those of a loop that has ended wait no longer."""
    with suppress(RuntimeError):  # what asyncio raises for a loop that is closed
        batch.loop.call_soon_threadsafe(batch.let_go, refused)


def records_of(batches: Sequence[Batch]) -> list[Record]:
    """The records of batches in order of arrival."""
    return [record for batch in batches for record in batch.records]
