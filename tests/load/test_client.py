import asyncio
import re
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from client import Load, Outcome, drive, join, split
from wire import prepare

INSTANCE = b"00000000-0000-4000-8000-000000000000"
CALLS = (prepare("/", b'{"hookInstance":"' + INSTANCE + b'"}', INSTANCE),)
RIGHT = b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n" + b'{"cards":[]}'
NO_CARDS = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 12\r\n\r\n" + b'{"cards":[]}'

Script = Callable[[int], Sequence[bytes]]
"""The pieces of the answer to the n-th request (from 0); none closes the connection."""


class _ScriptedServer(asyncio.Protocol):
    """Answers each request, which comes in one piece in these tests, from a script."""

    def __init__(self, script: Script, requests: list[bytes]) -> None:
        self._script = script
        self._requests = requests

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        number = len(self._requests)
        self._requests.append(data)
        pieces = self._script(number)
        for piece in pieces:
            self._transport.write(piece)
        if not pieces:
            self._transport.close()


def load_scripted_server(
    script: Script, *, requests: int, connections: int = 1, tokens: Sequence[bytes] | None = None
) -> tuple[Outcome, list[bytes]]:
    """The outcome of a load on a server that follows `script`, and the requests that the server received."""
    received: list[bytes] = []

    async def both() -> Outcome:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _ScriptedServer(script, received), "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            load = Load(port, CALLS, b'"cards":[]', connections, seconds=5, max_requests=requests, tokens=tokens)
            return await drive(load, grace=1)

    return asyncio.run(both()), received


def test_right_answers_are_counted_and_timed() -> None:
    """Each answer has a latency, and none is a failure."""
    outcome, received = load_scripted_server(lambda _: [RIGHT], requests=50, connections=4)

    assert outcome.statuses == Counter({200: 50})
    assert len(outcome.latencies) == len(received) == 50
    assert outcome.failures == 0
    assert outcome.rate > 0


def test_every_call_has_a_hook_instance_of_its_own() -> None:
    """The same prepared body goes out with another UUID each time."""
    _, received = load_scripted_server(lambda _: [RIGHT], requests=20)

    instances = re.findall(rb'"hookInstance":"([0-9a-f-]{36})"', b"".join(received))

    assert len(instances) == len(set(instances)) == 20


def test_every_call_has_a_token_of_its_own_and_the_last_token_ends_the_load() -> None:
    """No token goes out twice: that would be a replay, and be refused."""
    tokens = [b"token-%d" % number for number in range(6)]

    outcome, received = load_scripted_server(lambda _: [RIGHT], requests=20, connections=2, tokens=tokens)

    sent = re.findall(rb"\r\nAuthorization: Bearer (\S+)\r\n", b"".join(received))
    assert sorted(sent) == tokens
    assert outcome.statuses == Counter({200: 6})


def test_a_call_without_a_token_has_no_such_header() -> None:
    """A server that asks for no token gets none."""
    _, received = load_scripted_server(lambda _: [RIGHT], requests=2)

    assert b"Authorization" not in b"".join(received)


def test_an_answer_in_pieces_is_put_together() -> None:
    """A head and a body that arrive apart are one answer."""
    outcome, _ = load_scripted_server(lambda _: [RIGHT[:30], RIGHT[30:]], requests=3)

    assert outcome.statuses == Counter({200: 3})
    assert outcome.failures == 0


def test_other_statuses_are_failures() -> None:
    """Every second answer is a 503: counted as such, and the first is kept to be shown."""
    outcome, _ = load_scripted_server(lambda n: [UNAVAILABLE if n % 2 else RIGHT], requests=10)

    assert outcome.statuses == Counter({200: 5, 503: 5})
    assert outcome.failures == 5
    assert outcome.sample == '503 {"cards":[]}'


def test_a_200_without_the_expected_bytes_is_a_failure() -> None:
    """A wrong body is noticed, even though its status is right."""
    outcome, _ = load_scripted_server(lambda n: [NO_CARDS if n == 3 else RIGHT], requests=10)

    assert outcome.statuses == Counter({200: 10})
    assert outcome.wrong_bodies == 1
    assert outcome.failures == 1
    assert outcome.sample == "200 {}"


def test_a_connection_closed_without_an_answer_is_a_failure() -> None:
    """The other connections go on to the end of the load."""
    outcome, _ = load_scripted_server(lambda n: [] if n == 1 else [RIGHT], requests=10, connections=2)

    assert outcome.broken == 1
    assert outcome.statuses == Counter({200: 9})
    assert outcome.failures == 1


def test_a_connection_closed_before_the_first_request_is_a_failure() -> None:
    """All connections are there before the load begins; one that the server has closed by then is counted."""

    async def rude_server() -> Outcome:
        async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await drive(Load(port, CALLS, b"", 2, seconds=0.05), grace=0.05)

    outcome = asyncio.run(rude_server())

    assert (outcome.broken, outcome.answers) == (2, 0)


def test_an_unreadable_answer_is_a_failure() -> None:
    """A chunked answer is not understood and says so."""
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"

    outcome, _ = load_scripted_server(lambda _: [chunked], requests=5)

    assert outcome.broken == 1
    assert "content-length" in outcome.sample


def test_an_answer_that_never_comes_ends_the_load_as_a_failure() -> None:
    """The load is bounded in time whatever the server does."""

    async def silent_server() -> Outcome:
        loop = asyncio.get_running_loop()
        async with await loop.create_server(asyncio.Protocol, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await drive(Load(port, CALLS, b"", 2, seconds=0.01), grace=0.05)

    outcome = asyncio.run(silent_server())

    assert outcome.broken == 2
    assert outcome.answers == 0


def test_a_refused_connection_is_a_failure() -> None:
    """Nobody listens on the port."""

    async def closed_port() -> Outcome:
        loop = asyncio.get_running_loop()
        async with await loop.create_server(asyncio.Protocol, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
        return await drive(Load(port, CALLS, b"", 1, seconds=0.1))

    outcome = asyncio.run(closed_port())

    assert outcome.broken == 1
    assert "refused" in outcome.sample


@pytest.mark.parametrize("host", ["localhost", "0.0.0.0", "10.0.0.1", "ehr.example", "::1", ""])  # noqa: S104 - refused
def test_every_other_host_is_refused(host: str) -> None:
    """Only 127.0.0.1 by its number is loaded."""
    with pytest.raises(ValueError, match="only ever loads this machine"):
        Load(80, CALLS, b"", host=host)


def test_a_load_of_nothing_is_refused() -> None:
    """No calls, no connections, no requests or no tokens cannot be measured."""
    with pytest.raises(ValueError, match="at least one"):
        Load(80, (), b"")
    with pytest.raises(ValueError, match="at least one"):
        Load(80, CALLS, b"", tokens=())


def test_percentiles_are_by_nearest_rank() -> None:
    """Of 100 latencies the 50th and the 99th in order."""
    outcome = Outcome()
    outcome.latencies.extend(float(number) for number in range(100, 0, -1))

    assert outcome.percentile(0.5) == 50.0
    assert outcome.percentile(0.99) == 99.0
    assert outcome.percentile(1) == 100.0


def test_a_percentile_of_no_answers_is_refused() -> None:
    """There is no latency to report when nothing came back."""
    with pytest.raises(ValueError, match="no answer"):
        Outcome().percentile(0.5)


def test_a_load_is_split_without_losing_connections() -> None:
    """Ten connections over three processes are four, three and three."""
    shares = split(Load(80, CALLS, b"", connections=10, max_requests=300), 3)

    assert [share.connections for share in shares] == [4, 3, 3]
    assert [share.max_requests for share in shares] == [100, 100, 100]


def test_tokens_are_dealt_out_so_that_none_is_sent_twice() -> None:
    """Each process gets its own; a process more than there are tokens would have nothing to send."""
    shares = split(Load(80, CALLS, b"", connections=4, tokens=(b"a", b"b", b"c")), 2)
    few = split(Load(80, CALLS, b"", connections=4, tokens=(b"a",)), 2)

    assert [share.tokens for share in shares] == [(b"a", b"c"), (b"b",)]
    assert [share.tokens for share in few] == [(b"a",)]


def test_outcomes_of_several_processes_are_joined() -> None:
    """Counts add up over the longest of the times; the first sample is kept."""
    one = Outcome(2.0, Counter({200: 4}), wrong_bodies=1, sample="200 {}")
    other = Outcome(4.0, Counter({200: 3, 500: 1}), broken=1, sample="500 oops")

    joined = join([one, other])

    assert joined.rate == 2.0
    assert joined.statuses == Counter({200: 7, 500: 1})
    assert joined.failures == 3
    assert joined.sample == "200 {}"
