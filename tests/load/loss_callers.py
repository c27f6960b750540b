"""The EHRs of the proof that nothing is lost: they call, keep a ledger, and go on whatever happens to the service."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from types import MappingProxyType

import orjson
from loss_ledger import Answered, Health, Ledger
from scenarios import SCENARIOS, Scenario, calls
from trust import SERVICE_PATH
from wire import LOOPBACK, Answer, read_answer

READY_PATH = "/health/ready"

_LONGEST_WAIT = 30.0
"""Seconds after which an answer is given up; every scenario's are there in far less."""

_ORDER_SIGN_EVERY = 10
_FEEDBACK_EVERY = 10
_GATHERED_BYTES = 65536


class Connection:
    """One keep-alive connection to a service, opened anew after it broke."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, request: Sequence[bytes]) -> Answer:
        """Send a request and wait for its answer.

        Raises:
            OSError: the connection was refused, broke, or was silent for too long.
        """
        try:
            async with asyncio.timeout(_LONGEST_WAIT):
                return await self._exchange(request)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of it."""
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None

    async def _exchange(self, request: Sequence[bytes]) -> Answer:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(LOOPBACK, self._port)
        self._writer.writelines(request)
        received = b""
        while (answer := read_answer(received)) is None:
            chunk = await self._reader.read(_GATHERED_BYTES)
            if not chunk:
                raise ConnectionResetError("the service closed the connection")
            received += chunk
        if b"\r\nconnection: close\r\n" in received.lower():
            self.close()
        return answer


async def ask(port: int, path: str = READY_PATH, headers: Mapping[str, str] = MappingProxyType({})) -> Answer:
    """One GET on a connection of its own.

    Raises:
        OSError: nobody listens, or the connection broke.
    """
    connection = Connection(port)
    lines = [f"GET {path} HTTP/1.1", f"Host: {LOOPBACK}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    try:
        return await connection.send(["\r\n".join([*lines, "", ""]).encode()])
    finally:
        connection.close()


async def health(port: int) -> Health:
    """What the process that answers says of its card log.

    Raises:
        OSError: nobody listens, or the connection broke.
    """
    answer = await ask(port)
    said = orjson.loads(answer.body)["cardLog"]
    return Health(answer.status == 200, *(said[name] for name in Health._fields[1:]))


class Callers:
    """Connections that share a number of calls between them.

    Every tenth call is an order-sign of five drafts, the others order one scan; every tenth answer gets feedback.

    Args:
        ports: where the services listen; connections are spread over them.
        total: calls to be answered at least; while something is waited for there are more.
        connections: how many calls are under way at once.
    """

    def __init__(self, ports: Sequence[int], total: int, connections: int) -> None:
        self.ledger = Ledger()
        self._ports = ports
        self._total = total
        self._connections = connections
        self._next = 0
        self._ended = 0
        self._progress = asyncio.Condition()
        self._service_is_there = asyncio.Event()
        self._service_is_there.set()
        self._stopped = False
        self._goes_on = False
        # Ids of calls are their number; the clock keeps those of several runs apart.
        self._salt = time.time_ns() & 0xFFFFFFFFFFFF

    @asynccontextmanager
    async def calling(self) -> AsyncIterator[None]:
        """Call while the `with` block runs, and from then on until the total is reached, unless it stopped them."""
        self._goes_on = True
        async with asyncio.TaskGroup() as group:
            for number in range(self._connections):
                group.create_task(self._call_on(self._ports[number % len(self._ports)]))
            try:
                yield
            except BaseException:
                self.stop()
                raise
            self._goes_on = False

    async def have_ended(self, share: float) -> None:
        """Wait until a share (0 to 1) of the total has been answered."""
        await self._have_ended(int(share * self._total))

    async def _have_ended(self, wanted: int) -> None:
        async with self._progress:
            await self._progress.wait_for(lambda: self._ended >= wanted)

    async def some_more(self, number: int) -> None:
        """Wait until a number of further calls has been answered."""
        await self._have_ended(self._ended + number)

    def service_goes(self) -> None:
        """From now on a broken connection waits for the service to come back."""
        self._service_is_there.clear()

    def service_is_back(self) -> None:
        """Connections that wait may call again."""
        self._service_is_there.set()

    def stop(self) -> None:
        """Make no further call."""
        self._stopped = True
        self._service_is_there.set()

    async def _call_on(self, port: int) -> None:
        connection = Connection(port)
        while not self._stopped and (self._goes_on or self._next < self._total):
            number = self._next
            self._next += 1
            while not self._stopped:
                if await self._has_answer(connection, number):
                    break
                await self._service_is_there.wait()
            async with self._progress:
                self._ended += 1
                self._progress.notify_all()
        connection.close()

    async def _has_answer(self, connection: Connection, number: int) -> bool:
        scenario = Scenario.ORDER_SIGN if number % _ORDER_SIGN_EVERY == 0 else Scenario.IN_SCOPE
        prepared = calls(scenario, SERVICE_PATH)
        start, before, after = prepared[number % len(prepared)]
        request = (start, before, b"%08x-0000-4000-8000-%012x" % (number, self._salt), after)
        sent_at = time.perf_counter()
        try:
            answer = await connection.send(request)
        except OSError:
            self.ledger.broken += 1
            return False
        seconds = time.perf_counter() - sent_at
        cards = orjson.loads(answer.body)["cards"] if answer.status == 200 else []
        if len(cards) != 1:
            self.ledger.unexpected[f"{answer.status} with {len(cards)} cards"] += 1
            return True
        card_id = cards[0]["uuid"]
        self.ledger.answered.append(Answered(card_id, SCENARIOS[scenario].evaluated_orders, seconds))
        if number % _FEEDBACK_EVERY == 1:
            await self._give_feedback(connection, card_id)
        return True

    async def _give_feedback(self, connection: Connection, card_id: str) -> None:
        try:
            answer = await connection.send([feedback_request(card_id)])
        except OSError:
            self.ledger.broken += 1
            return
        match answer.status:
            case 200:
                self.ledger.feedback.append(card_id)
            case 503:
                self.ledger.feedback_refused += 1
            case _:
                self.ledger.unexpected[f"feedback {answer.status}"] += 1


def feedback_request(card_id: str) -> bytes:
    """A card overridden for a coded reason, as a request."""
    entry = {
        "card": card_id,
        "outcome": "overridden",
        "outcomeTimestamp": datetime.now(UTC).isoformat(),
        "overrideReason": {"reason": {"code": "other", "system": "https://cds.example.nhs.uk/override-reasons"}},
    }
    body = orjson.dumps({"feedback": [entry]})
    head = f"POST {SERVICE_PATH}/feedback HTTP/1.1\r\nHost: {LOOPBACK}\r\nContent-Type: application/json\r\n"
    return b"%sContent-Length: %d\r\n\r\n%s" % (head.encode(), len(body), body)


class Watch:
    """Asks services how they are while a scenario runs, and holds each answer to its sum.

    Args:
        ports: where they listen.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self.seen: Counter[str] = Counter()
        self.wrong = 0

    async def run(self) -> None:
        """Ask until cancelled; a service that is away says nothing."""
        while True:
            for port in self._ports:
                with suppress(OSError):
                    self.note(await health(port))
            await asyncio.sleep(0.05)

    def note(self, said: Health) -> None:
        """Keep what one answer showed."""
        self.seen[said.state] += 1
        self.wrong += not said.adds_up
