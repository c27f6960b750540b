"""The load client: keep-alive connections that send prepared requests and check every answer.

Pure Python on uvloop and `asyncio.Protocol`: one client for every server, whose own ceiling can be measured.
It talks to 127.0.0.1 only, ends by time and by count, and counts as failed every answer that is not a 200 or
lacks the bytes expected in it: a server that fails fast must not look fast.
"""

import asyncio
import math
import multiprocessing
import os
import secrets
import signal
import time
from array import array
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import cast

import uvloop
from wire import LOOPBACK, Answer, Call, bearer, read_answer

ACCEPTING = 0.1
"""Seconds between connecting and the first request. uvloop accepts one connection in each turn of its loop: under load
the last of 64 would wait for seconds, and the load would not be the one asked for."""

GRACE = 10.0
"""Seconds that answers may still take after the end of the load before they are given up."""


@dataclass(frozen=True, slots=True)
class Load:
    """What to send where, and when to stop: after `seconds`, `max_requests` or the last token, whichever is first."""

    port: int
    calls: Sequence[Call]
    marker: bytes
    """Bytes that every right answer's body holds."""
    connections: int = 32
    seconds: float = 3.0
    max_requests: int = 1_000_000
    tokens: Sequence[bytes] | None = None
    """Client tokens, each for one call; None for calls without one."""
    host: str = LOOPBACK

    def __post_init__(self) -> None:
        """Refuse every other machine, and a load of nothing."""
        if self.host != LOOPBACK:
            raise ValueError(f"host: {self.host!r} is not {LOOPBACK}: the load client only ever loads this machine")
        if not self.calls or self.connections < 1 or self.most_requests < 1:
            raise ValueError("calls, connections, max_requests and tokens: give at least one of each")

    @property
    def most_requests(self) -> int:
        """How many calls may be sent: no token is sent twice."""
        return self.max_requests if self.tokens is None else min(self.max_requests, len(self.tokens))


@dataclass(slots=True)
class Outcome:
    """What came back. `latencies` are in seconds, one for each answer, right or wrong."""

    seconds: float = 0.0
    """From the first request to the last answer."""
    statuses: Counter[int] = field(default_factory=Counter)
    wrong_bodies: int = 0
    broken: int = 0
    """Connections that the server refused, closed, left unanswered or answered unreadably."""
    sample: str = ""
    """The first wrong answer, cut short, to show what went wrong."""
    latencies: "array[float]" = field(default_factory=lambda: array("d"))

    @property
    def answers(self) -> int:
        """Answers of any kind."""
        return self.statuses.total()

    @property
    def failures(self) -> int:
        """Answers that were not as expected, and connections that broke."""
        return self.answers - self.statuses[200] + self.wrong_bodies + self.broken

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """The latency in seconds that `share` (0 to 1) of the answers do not exceed (nearest rank)."""
        if not self.latencies:
            raise ValueError("no answer came back, so there is no latency to report")
        ordered = sorted(self.latencies)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


class _Run:
    """One process's share of a load: what its connections have in common."""

    def __init__(self, load: Load, finished: asyncio.Future[None]) -> None:
        self.load = load
        self.outcome = Outcome()
        self.finished = finished
        self.open_connections = load.connections
        self.sent = 0
        self.most_requests = load.most_requests
        self._salt = secrets.randbits(48)
        self.begin()

    def begin(self) -> None:
        """Time begins to run."""
        self.start = time.perf_counter()
        self.deadline = self.start + self.load.seconds
        self.last_answer = self.start

    def next_request(self, now: float) -> tuple[bytes, ...] | None:
        """The next request, in pieces, with a hookInstance and a token of its own; None when it is time to stop."""
        if now >= self.deadline or self.sent >= self.most_requests:
            return None
        number = self.sent
        self.sent += 1
        start, before, after = self.load.calls[number % len(self.load.calls)]
        authorization = b"" if self.load.tokens is None else bearer(self.load.tokens[number])
        return start, authorization, before, b"%08x-0000-4000-8000-%012x" % (number, self._salt), after

    def take(self, answer: Answer, latency: float, now: float) -> None:
        """Count one answer."""
        outcome = self.outcome
        outcome.latencies.append(latency)
        outcome.statuses[answer.status] += 1
        self.last_answer = now
        if answer.status == 200:
            if self.load.marker in answer.body:
                return
            outcome.wrong_bodies += 1
        if not outcome.sample:
            outcome.sample = f"{answer.status} {answer.body[:300].decode(errors='replace')}"

    def lost(self, reason: str) -> None:
        """Count one connection that ended before its time."""
        self.outcome.broken += 1
        self.outcome.sample = self.outcome.sample or reason

    def closed(self) -> None:
        """One connection less; the last one ends the run."""
        self.open_connections -= 1
        if self.open_connections == 0 and not self.finished.done():
            self.finished.set_result(None)


class _Connection(asyncio.Protocol):
    """A keep-alive connection with one request under way at a time."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._sent_at = 0.0
        self._waiting = True  # to begin, then for answers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def begin(self) -> None:
        """Send the first request."""
        if self._transport is not None:
            self._send(self._transport, time.perf_counter())

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        try:
            answer = read_answer(received)
        except ValueError as error:
            self._give_up(f"{error}: {received[:200]!r}")
            return
        if answer is None:
            self._received = received
            return
        now = time.perf_counter()
        self._received = b""
        self._waiting = False
        self._run.take(answer, now - self._sent_at, now)
        if self._transport is not None:
            self._send(self._transport, now)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting:
            self._run.lost(f"the server closed a connection that waited for an answer ({exc})")
        self._waiting = False
        self._transport = None
        self._run.closed()

    def abort(self) -> None:
        """Stop waiting for an answer."""
        if self._waiting and self._transport is not None:
            self._give_up("an answer did not come in time")

    def _give_up(self, reason: str) -> None:
        self._waiting = False
        self._run.lost(reason)
        if self._transport is not None:
            self._transport.abort()

    def _send(self, transport: asyncio.Transport, now: float) -> None:
        request = self._run.next_request(now)
        if request is None:
            transport.close()
            return
        self._sent_at = now
        self._waiting = True
        transport.writelines(request)


async def drive(load: Load, grace: float = GRACE) -> Outcome:
    """Put the load on from this process and wait for its end."""
    loop = asyncio.get_running_loop()
    finished: asyncio.Future[None] = loop.create_future()
    run = _Run(load, finished)
    connections: list[_Connection] = []
    for _ in range(load.connections):
        try:
            _, connection = await loop.create_connection(partial(_Connection, run), load.host, load.port)
        except OSError as error:
            run.lost(f"port {load.port} refused a connection: {error}")
            run.closed()
        else:
            connections.append(connection)
    if connections:
        await asyncio.sleep(ACCEPTING)
    run.begin()
    for connection in connections:
        connection.begin()
    done, _ = await asyncio.wait([finished], timeout=load.seconds + grace)
    if not done:
        for connection in connections:
            connection.abort()
        await finished
    run.outcome.seconds = run.last_answer - run.start
    return run.outcome


class Client:
    """Load processes that stay up between loads, so that starting them costs no measured time."""

    def __init__(self, processes: int = 1, cores: Sequence[int] | None = None) -> None:
        self._processes = processes
        self._pool = ProcessPoolExecutor(
            processes, multiprocessing.get_context("spawn"), initializer=settle, initargs=(cores,)
        )

    def run(self, load: Load) -> Outcome:
        """Put the load on from all processes together and join what they saw."""
        shares = split(load, self._processes)
        pending = [self._pool.submit(_drive_in_process, share) for share in shares]
        return join([future.result(timeout=load.seconds + 3 * GRACE) for future in pending])

    def close(self) -> None:
        """End the processes. A load still under way is cut off."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def split(load: Load, processes: int) -> list[Load]:
    """The load in equal shares, no more of them than it has connections or tokens."""
    shares = min(processes, load.connections, load.most_requests)
    return [
        replace(
            load,
            connections=load.connections // shares + (share < load.connections % shares),
            max_requests=max(1, load.max_requests // shares),
            tokens=load.tokens[share::shares] if load.tokens is not None else None,
        )
        for share in range(shares)
    ]


def join(outcomes: Sequence[Outcome]) -> Outcome:
    """What several processes saw of one load, as one outcome."""
    joined = Outcome(seconds=max(outcome.seconds for outcome in outcomes))
    for outcome in outcomes:
        joined.statuses.update(outcome.statuses)
        joined.wrong_bodies += outcome.wrong_bodies
        joined.broken += outcome.broken
        joined.sample = joined.sample or outcome.sample
        joined.latencies.extend(outcome.latencies)
    return joined


def settle(cores: Sequence[int] | None) -> None:
    """Leave Ctrl-C to the parent, which ends us, and keep to the cores given."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if cores is not None:
        os.sched_setaffinity(0, cores)


def _drive_in_process(load: Load) -> Outcome:
    return uvloop.run(drive(load))
