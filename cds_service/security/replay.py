"""Whether a client's token is used for the first time, asked of this worker's memory and of all the others.

A worker's memory answers first and refuses what it has seen. What it has not seen is claimed in the store that all
workers and replicas share. The event loop never waits for a database: a thread claims for it, one statement at a time,
and the calls that come meanwhile gather for the next. While the store fails or is slow the memory alone decides, calls
are answered, the metrics say so, and what was let through is noted in the store once it is back.
"""

import asyncio
import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Protocol

from prometheus_client import Counter, Gauge

from cds_service.security.replay_memory import SeenTokens
from cds_service.security.replay_store import ReplayStoreUnavailable

_logger = logging.getLogger(__name__)

_HASH_BYTES: Final = 16
_START_PATIENCE_S: Final = 3.0  # a worker that starts has time for a first connection
_CLOSE_PATIENCE_S: Final = 3.0
_RETRY_EVERY_S: Final = 1.0
_OWED_AT_ONCE: Final = 500
_UPKEEP_EVERY: Final = 1000
_FARTHEST: Final = 2**53  # no clock comes there, and every database holds it: one odd token must not stop the rest

_CHECKS: Final = Counter(
    "cds_replay_checks_total",
    "Checks of a token's first use, by what stood behind the answer: the shared store, or one worker's memory alone.",
    ["by"],
)
_BY_STORE: Final = _CHECKS.labels("store")
_BY_MEMORY: Final = _CHECKS.labels("memory")
_STORE_UP: Final = Gauge(
    "cds_replay_store_up", "Whether the shared store of seen tokens answers.", multiprocess_mode="livemin"
)
_LATE_REFUSALS: Final = Counter(
    "cds_replay_late_refusals_total",
    "Tokens that the shared store knew already, heard after the call was answered; a claim whose first answer was lost "
    "counts too.",
)


class SharedStore(Protocol):
    """What the guard needs of a store; its methods block, and are called by the guard's thread only."""

    def create_schema(self) -> None:
        """Make the table where it is missing. Raises `ReplayStoreUnavailable`."""

    def claim(self, claims: Sequence[tuple[bytes, int]]) -> set[bytes]:
        """Note the tokens; return those noted before and still alive. Raises `ReplayStoreUnavailable`."""


@dataclass(slots=True, eq=False)
class _Batch:
    """Claims that go to the store together.

    Attributes:
        deadline: until when its calls wait, on the loop's clock.
        claims: hash and expiry of each token.
        waiters: the future of the call behind each claim; None when memory has answered it long ago.
        late: the deadline has passed, and memory has answered the calls.
        answered: set by the thread as soon as it knows, before the event loop hears of it.
        seen: the hashes that were noted before; None when the store failed.
        fault: how it failed.
    """

    deadline: float
    claims: list[tuple[bytes, int]] = field(default_factory=list)
    waiters: list[asyncio.Future[bool] | None] = field(default_factory=list)
    late: bool = False
    answered: bool = False
    seen: set[bytes] | None = None
    fault: str = ""


class ReplayGuard:
    """Lets each token of a client through once. Belongs to one event loop: start it there, and close it.

    Args:
        store: what the workers share; None leaves each with its own memory. It stays the caller's, who disposes of it.
        clock: seconds since 1970 (UTC), as `time.time` gives them.
        patience_seconds: how long a call waits for the store at most.
        claim_now: claims one token in the same store at once, without waiting for anybody: whether it is the first
            use, or None where that cannot be told so. A local file is asked sooner than a thread takes to hand over.
    """

    def __init__(
        self,
        store: SharedStore | None,
        clock: Callable[[], float] = time.time,
        patience_seconds: float = 0.1,
        *,
        claim_now: Callable[[bytes, int], bool | None] | None = None,
    ) -> None:
        self._store = store
        self._claim_now = claim_now
        self._claimed_now = 0
        self._clock = clock
        self._patience_s = patience_seconds
        self._memory = SeenTokens()
        self._owed: dict[bytes, int] = {}  # let through by memory alone, and not in the store yet
        self._up = False
        self._told_up = True
        self._closing = False
        self._in_flight: _Batch | None = None
        self._gathering: _Batch | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._heard = asyncio.Event()
        self._to_store: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    @property
    def is_shared(self) -> bool:
        """Whether the store answers now, so that no other worker takes a token that this one took."""
        return self._up

    async def start(self) -> None:
        """Begin to use the store, making its table where it is missing; returns once it is known whether it answers."""
        self._loop = asyncio.get_running_loop()
        _STORE_UP.set(0)
        if self._store is None:
            return
        self._thread = threading.Thread(
            target=self._claim_for_ever, args=(self._store,), name="replay-store", daemon=True
        )
        self._thread.start()
        first = self._in_flight = _Batch(deadline=math.inf)
        self._to_store.put(first)
        try:
            await asyncio.wait_for(self._heard.wait(), _START_PATIENCE_S)
        except TimeoutError:
            first.late = True
            self._lose_store("no answer in time")

    async def first_use(self, client_id: str, jti: str, expires_at: float) -> bool:
        """Whether this is the first use of a token, which it is once in the token's life (RFC 7519 §4.1.7).

        Args:
            client_id: the client that the token proved, as configured (it holds no NUL).
            jti: the token's own id.
            expires_at: seconds since 1970 from which the token is refused for its age, clock skew included.

        Returns:
            False when this worker, or another that shares the store, has seen the token; and when its life is over,
            since it may have been seen and forgotten.
        """
        now = self._clock()
        if now >= self._memory.forget_at:
            self._forget(now)
        # JSON may hold half of a surrogate pair, which strict UTF-8 would not take.
        token_hash = sha256(f"{client_id}\0{jti}".encode("utf-8", "surrogatepass")).digest()[:_HASH_BYTES]
        expiry = math.ceil(min(expires_at, _FARTHEST))
        if expiry <= now or not self._memory.add(token_hash, expiry, now):
            (_BY_STORE if self._up else _BY_MEMORY).inc()
            return False
        if self._up:
            is_first = self._claim_at_once(token_hash, expiry) if self._claim_now is not None else None
            return is_first if is_first is not None else await self._gather(token_hash, expiry)
        _BY_MEMORY.inc()
        if self._thread is not None and not self._closing:
            self._owed[token_hash] = expiry
        return True

    async def close(self) -> None:
        """Write what waits, for a few seconds at most, and stop using the store; memory still answers."""
        if self._thread is None or self._closing:
            return
        self._closing = True
        self._note_state(up=False)
        if self._retry is not None:
            self._retry.cancel()
        if self._gathering is not None:
            self._to_store.put(self._gathering)
        while self._owed:
            self._to_store.put(self._with_owed(_Batch(deadline=0)))
        self._to_store.put(None)
        await asyncio.to_thread(self._thread.join, _CLOSE_PATIENCE_S)
        if self._watch is not None:
            self._watch.cancel()
        self._answer_from_memory(self._in_flight)
        self._answer_from_memory(self._gathering)

    def _forget(self, now: float) -> None:
        for token_hash in self._memory.forget(now):
            self._owed.pop(token_hash, None)

    def _claim_at_once(self, token_hash: bytes, expiry: int) -> bool | None:
        assert self._claim_now is not None  # noqa: S101 - asked for by the caller
        is_first = self._claim_now(token_hash, expiry)
        if is_first is not None:
            _BY_STORE.inc()
            self._claimed_now += 1
            if self._claimed_now >= _UPKEEP_EVERY and self._in_flight is None and not self._closing:
                self._claimed_now = 0
                self._hand_over(_Batch(self._loop.time() + self._patience_s))  # an empty one: for the store's upkeep
        return is_first

    def _gather(self, token_hash: bytes, expiry: int) -> asyncio.Future[bool]:
        batch = self._gathering
        if batch is None:
            batch = self._gathering = _Batch(self._loop.time() + self._patience_s)
            if self._in_flight is None:
                # Not at once: the other calls that the loop has at hand come along.
                self._loop.call_soon(self._hand_over_next)
        waiter = self._loop.create_future()
        batch.claims.append((token_hash, expiry))
        batch.waiters.append(waiter)
        return waiter

    def _hand_over_next(self) -> None:
        if self._in_flight is not None or self._closing:
            return
        batch, self._gathering = self._gathering, None
        if batch is not None or self._owed:
            self._hand_over(batch or _Batch(self._loop.time() + self._patience_s))

    def _hand_over(self, batch: _Batch) -> None:
        self._in_flight = batch
        self._to_store.put(self._with_owed(batch))
        if self._watch is None:
            self._watch = self._loop.call_at(batch.deadline, self._look)

    def _with_owed(self, batch: _Batch) -> _Batch:
        """Add some of what the store missed, latest first: it lives longest."""
        for _ in range(min(len(self._owed), _OWED_AT_ONCE)):
            batch.claims.append(self._owed.popitem())
            batch.waiters.append(None)
        return batch

    def _claim_for_ever(self, store: SharedStore) -> None:
        """The thread: claim one batch after the other, until None comes."""
        has_table = False
        while (batch := self._to_store.get()) is not None:
            try:
                if not has_table:
                    store.create_schema()
                batch.seen = store.claim(batch.claims)
                has_table = True
            except ReplayStoreUnavailable as error:
                batch.fault = error.kind
                has_table = False
            batch.answered = True
            with suppress(RuntimeError):  # the loop has ended: the store answered after close had given up
                self._loop.call_soon_threadsafe(self._settle, batch)

    def _settle(self, batch: _Batch) -> None:
        """Take the store's answer."""
        self._in_flight = None
        if batch.seen is None:
            self._lose_store(batch.fault)
            self._owe(batch)
        else:
            _answer_from_store(batch, batch.seen)
            if not batch.late:
                self._note_state(up=True)
        self._heard.set()
        if self._up:
            self._hand_over_next()
        elif not self._closing:
            self._retry = self._loop.call_later(_RETRY_EVERY_S, self._try_again)

    def _look(self) -> None:
        """Give up waiting for a batch whose deadline has passed. One timer watches over all batches."""
        self._watch = None
        batch = self._in_flight
        if batch is None or batch.answered:
            return
        if self._loop.time() < batch.deadline:
            self._watch = self._loop.call_at(batch.deadline, self._look)
            return
        batch.late = True
        self._lose_store("no answer in time")
        self._answer_from_memory(batch)

    def _try_again(self) -> None:
        self._hand_over(_Batch(self._loop.time() + self._patience_s))

    def _lose_store(self, fault: str) -> None:
        """Go on with memory alone. The batch in flight, when there is one, is the caller's to answer."""
        self._note_state(up=False, fault=fault)
        if self._gathering is not None:
            self._owe(self._gathering)
            self._gathering = None

    def _owe(self, batch: _Batch) -> None:
        self._owed.update(batch.claims)
        self._answer_from_memory(batch)

    def _answer_from_memory(self, batch: _Batch | None) -> None:
        """Let the calls through that still wait: memory had not seen their tokens."""
        for waiter in batch.waiters if batch is not None else ():
            if waiter is not None and not waiter.done():
                waiter.set_result(True)
                _BY_MEMORY.inc()

    def _note_state(self, *, up: bool, fault: str = "") -> None:
        self._up = up and not self._closing
        _STORE_UP.set(self._up)
        if self._closing or self._told_up == up:
            return
        self._told_up = up
        if up:
            _logger.warning("The store of seen tokens answers again")
        else:
            _logger.warning(
                "The store of seen tokens fails (%s): each worker checks replay in its own memory meanwhile", fault
            )


def _answer_from_store(batch: _Batch, seen: set[bytes]) -> None:
    answered = late = 0
    for (token_hash, _), waiter in zip(batch.claims, batch.waiters, strict=True):
        if waiter is not None and not waiter.done():
            waiter.set_result(token_hash not in seen)
            answered += 1
        elif token_hash in seen and (waiter is None or not waiter.cancelled()):
            late += 1
    _BY_STORE.inc(answered)
    _LATE_REFUSALS.inc(late)
