"""The server on a real socket: what a hostile or a slow client gets, and that good calls in between are answered."""

import json
import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from cds_service.hooks.correlation import CorrelationFilter
from cds_service.hooks.last_resort import LastResort
from cds_service.hooks.responses import json_response, outcome_response, read_body
from cds_service.limited_http import LARGEST_HEAD, LARGEST_MESSAGE, LimitedHttpProtocol
from cds_service.protocol.operation_outcome import ProtocolError
from cds_service.server import WordlessFormatter, uvicorn_options
from tests.conftest import DEMO_CONFIGURATION

PATIENCE = 20.0
"""Seconds after which a test that waits for a socket has failed."""


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the method, the names of the headers and the length of the body.

    `/unread` leaves the body unread, `/soon` waits for it a twentieth of a second.
    """
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    try:
        body = (
            b""
            if scope["path"] == "/unread"
            else await read_body(scope, receive, 0.05 if scope["path"] == "/soon" else PATIENCE)
        )
    except ProtocolError as error:
        await outcome_response(error)(scope, receive, send)
        return
    names = [name.decode() for name, _ in scope["headers"]]
    await json_response({"method": scope["method"], "headers": names, "size": len(body)})(scope, receive, send)


async def lifespan(receive: Receive, send: Send) -> None:
    """Start and stop with nothing to do."""
    for happened in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{happened}.complete"})


@contextmanager
def serving(protocol: type[LimitedHttpProtocol]) -> Iterator[int]:
    """Serve the echo with the options of a deployment, but for the protocol's limits and the logging; give the port."""
    options = {**uvicorn_options(), "http": protocol, "log_config": None}
    server = uvicorn.Server(uvicorn.Config(LastResort(echo), **options))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


class Quick(LimitedHttpProtocol):
    """With so little patience that a test need not have much."""

    longest_head = 0.2


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server with a deployment's limits."""
    with serving(LimitedHttpProtocol) as serving_on:
        yield serving_on


@pytest.fixture(scope="module")
def quick_port() -> Iterator[int]:
    """A server that waits a fifth of a second for what is missing."""
    with serving(Quick) as serving_on:
        yield serving_on


@pytest.fixture(autouse=True)
def _good_calls_are_answered(request: pytest.FixtureRequest) -> Iterator[None]:
    """Around every test the server answers a good call."""
    ports = [request.getfixturevalue(name) for name in ("port", "quick_port") if name in request.fixturenames]
    yield
    for serving_on in ports:
        (answer,) = talk(serving_on, post(b"{}", close=True))
        assert (answer.status, answer.body["size"]) == (200, 2)


class Answer(NamedTuple):
    """One HTTP answer."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]


def post(body: bytes, *fields: str, path: str = "/", close: bool = False) -> bytes:
    """A POST as bytes."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *fields]
    lines += ["Connection: close"] if close else []
    return "\r\n".join([*lines, "", ""]).encode() + body


def talk(port: int, *parts: bytes) -> list[Answer]:
    """Send all parts on one connection, then read until the server closes it."""
    with connected(port) as connection:
        for part in parts:
            connection.sendall(part)
        return read_to_the_end(connection)


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    """A connection that gives up when the server does not move."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def read_to_the_end(connection: socket.socket) -> list[Answer]:
    """Every answer until the server closes the connection."""
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    answers = []
    while received:
        answer, received = first_answer(received)
        answers.append(answer)
    return answers


def first_answer(received: bytes) -> tuple[Answer, bytes]:
    """The first answer in some bytes, and what follows it."""
    head, _, rest = received.partition(b"\r\n\r\n")
    status_line, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    length = int(headers["content-length"])
    return Answer(int(status_line.split()[1]), headers, json.loads(rest[:length])), rest[length:]


def issue_of(answer: Answer) -> dict[str, str]:
    """The one issue of an OperationOutcome, whose id the headers bear as well."""
    assert answer.body["resourceType"] == "OperationOutcome"
    assert answer.headers["x-correlation-id"] == answer.body["id"]
    assert answer.headers["connection"] == "close"
    assert answer.headers["cache-control"] == "no-store"
    issue: dict[str, str]
    (issue,) = answer.body["issue"]
    return issue


def test_a_call_is_answered(port: int) -> None:
    """With the date, and without the server's name."""
    (answer,) = talk(port, post(b"{}", close=True))

    assert answer.status == 200
    assert "date" in answer.headers
    assert "server" not in answer.headers


def test_a_head_up_to_the_limit_is_read(port: int) -> None:
    """In one piece or in many."""
    field = "X-Padding: " + "x" * (LARGEST_HEAD - 200)
    request = post(b"{}", field, close=True)

    assert [answer.status for answer in talk(port, request)] == [200]
    assert [answer.status for answer in talk(port, request[:5000], request[5000:20000], request[20000:])] == [200]


@pytest.mark.parametrize(
    "request_",
    [
        post(b"{}", "X-Padding: " + "x" * LARGEST_HEAD),
        post(b"{}", *(f"X-Padding-{number}: x" for number in range(3000))),
        post(b"{}", path="/" + "x" * LARGEST_HEAD),
        b"GET /" + b"x" * (LARGEST_HEAD + 1),
        b"GET / HTTP/1.1\r\nX-Padding: " + b"x" * 1_000_000,
        post(b"{}" * 50_000, "X-Padding: " + "x" * LARGEST_HEAD),
    ],
    ids=["one header", "many headers", "address", "address without end", "header without end", "and a large body"],
)
def test_a_larger_head_is_refused(port: int, request_: bytes) -> None:
    """431 with the limit, once, and the connection is closed."""
    (answer,) = talk(port, request_)

    assert answer.status == 431
    assert issue_of(answer)["code"] == "too-long"
    assert "32768 bytes" in issue_of(answer)["diagnostics"]


def test_a_large_body_does_not_count_as_head(port: int) -> None:
    """Whatever pieces it comes in, on the first request of a connection or a later one."""
    request = post(b"x" * 1_000_000)

    answers = talk(port, request, request[:100], request[100:50_000], request[50_000:], post(b"", close=True))

    assert [(answer.status, answer.body["size"]) for answer in answers] == [(200, 1_000_000)] * 2 + [(200, 0)]


def test_a_connection_that_says_nothing_is_closed(quick_port: int) -> None:
    """Without a word."""
    assert talk(quick_port) == []


@pytest.mark.parametrize("begun", [b"P", b"POST / HTTP/1.1\r\nHost: local", b"\r\n"])
def test_a_head_that_does_not_come_whole_is_cut_off(quick_port: int, begun: bytes) -> None:
    """However little or much of it is there."""
    assert talk(quick_port, begun) == []


def trickle(connection: socket.socket, piece: bytes, pause: float) -> None:
    """Send a piece again and again for as long as the connection stands; in the pauses its end is looked for."""
    connection.settimeout(pause or PATIENCE)
    while True:
        connection.sendall(piece)
        if pause and has_ended(connection):
            return


def has_ended(connection: socket.socket) -> bool:
    """Whether the server has closed the connection; nothing else is expected from it."""
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False


def test_a_head_that_trickles_is_cut_off(quick_port: int) -> None:
    """Each byte is not the start of another wait."""
    with connected(quick_port) as connection, suppress(ConnectionError):
        trickle(connection, b"x", pause=0.02)


def test_the_head_of_a_later_request_is_waited_for_no_longer(quick_port: int) -> None:
    """An idle connection is uvicorn's own affair; one that has begun to speak is ours."""
    (answer,) = talk(quick_port, post(b"{}"), b"POST / HT")

    assert answer.status == 200


def test_a_head_that_begins_in_one_piece_with_the_request_before_is_waited_for_no_longer(quick_port: int) -> None:
    """However the network cuts what a client sends."""
    (answer,) = talk(quick_port, post(b"{}") + b"POST / HT")

    assert answer.status == 200


def test_a_body_that_does_not_come_whole_is_cut_off(port: int) -> None:
    """408 with the mend, and the connection is closed."""
    (answer,) = talk(port, b"POST /soon HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nxx")

    assert (answer.status, issue_of(answer)["code"]) == (408, "timeout")


def test_the_rest_of_a_body_that_nobody_wants_is_waited_for_no_longer(quick_port: int) -> None:
    """The answer has gone out; the announced bytes never come."""
    (answer,) = talk(quick_port, b"POST /unread HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nxx")

    assert answer.status == 200


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_an_answer_that_ends_the_connection_reaches_a_client_that_is_still_sending(port: int, version: str) -> None:
    """As that to a call without a token: at once closed, the connection would be reset, and the answer lost."""
    head = f"POST /unread HTTP/{version}\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2000000\r\n\r\n"
    with connected(port) as connection:
        connection.sendall(head.encode())
        assert connection.recv(4, socket.MSG_PEEK) == b"HTTP"
        for _ in range(20):
            connection.sendall(b"x" * 100_000)
        (answer,) = read_to_the_end(connection)

    assert (answer.status, answer.headers["connection"]) == (200, "close")


def send_for_ever(connection: socket.socket, piece: bytes) -> None:
    """Send a piece again and again, whatever has come back."""
    while True:
        connection.sendall(piece)
        time.sleep(0.02)


@pytest.mark.parametrize("size", [100, 100_000_000])
def test_the_rest_of_a_body_is_not_taken_for_long(quick_port: int, port: int, size: int) -> None:
    """Not a byte now and then, and not without end."""
    head = f"POST /unread HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n"
    with connected(port if size > LARGEST_MESSAGE else quick_port) as connection:
        connection.sendall(head.encode())
        with pytest.raises(ConnectionError):
            send_for_ever(connection, b"x" * (size // 100))


def test_a_connection_whose_unwanted_body_came_after_all_is_used_again(port: int) -> None:
    """As that of a call that was refused by its headers."""
    with connected(port) as connection:
        connection.sendall(b"POST /unread HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.sendall(b"xxxx" + post(b"{}", close=True))

        assert [answer.status for answer in read_to_the_end(connection)] == [200]


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0" * 100,
        b"hello\r\n\r\n",
        b"GET ? HTTP/9\r\n\r\n",
    ],
    ids=["TLS", "NUL", "hello", "HTTP 9"],
)
def test_what_is_not_http_is_refused(port: int, garbage: bytes) -> None:
    """400, and the connection is closed."""
    (answer,) = talk(port, garbage)

    assert (answer.status, issue_of(answer)["code"]) == (400, "structure")


@pytest.mark.parametrize(
    "fields",
    [
        ["Content-Length: 2", "Content-Length: 3"],
        ["Content-Length: 2", "Transfer-Encoding: chunked"],
        ["Content-Length: -2"],
        ["X Y: z"],
        ["X-Line: a\rb"],
        ["Host: elsewhere"],
    ],
)
def test_a_head_that_two_servers_could_read_differently_is_refused(port: int, fields: list[str]) -> None:
    """Of such requests another could be smuggled past a proxy."""
    lines = ["POST / HTTP/1.1", "Host: localhost", *fields, "Connection: close", "", ""]

    (answer,) = talk(port, "\r\n".join(lines).encode() + b"{}")

    assert answer.status == 400


@pytest.mark.parametrize("fields", ["", "Host: one\r\nHost: one\r\n"])
def test_a_request_names_one_host(port: int, fields: str) -> None:
    """None at all was for HTTP/1.0."""
    (answer,) = talk(port, f"GET / HTTP/1.1\r\n{fields}\r\n".encode())

    assert (answer.status, "one Host" in issue_of(answer)["diagnostics"]) == (400, True)
    assert talk(port, b"GET / HTTP/1.0\r\n\r\n")[0].status == 200


@pytest.mark.parametrize("version", ["", " HTTP/0.9", " HTTP/2.0"])
def test_another_version_is_refused(port: int, version: str) -> None:
    """A client of the first would take our head for the answer; HTTP/2 is written otherwise."""
    (answer,) = talk(port, f"GET /{version}\r\nHost: localhost\r\n\r\n".encode() if version else b"GET /\r\n\r\n")

    assert (answer.status, "HTTP/1.1" in issue_of(answer)["diagnostics"]) == (400, True)


def test_a_body_that_breaks_off_into_garbage_is_refused(port: int) -> None:
    """Chunks whose size is none."""
    (answer,) = talk(port, b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")

    assert answer.status == 400


def test_fields_after_the_body_do_not_become_headers(port: int) -> None:
    """They came too late for everything that looks at headers, and past a proxy that cleans these."""
    chunked = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"

    (answer,) = talk(port, chunked + b"2\r\n{}\r\n0\r\nAuthorization: Bearer x\r\n\r\n")

    assert (answer.status, answer.body["size"]) == (200, 2)
    assert answer.body["headers"] == ["host", "transfer-encoding", "connection"]


def test_a_flood_of_fields_after_the_body_is_cut_off(port: int) -> None:
    """They count for the size of the whole request."""
    with connected(port) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
        with pytest.raises(ConnectionError):
            trickle(connection, b"X-Padding: x\r\n" * 10_000, pause=0)


def test_requests_in_a_row_are_answered_in_their_order(port: int) -> None:
    """Sent at once, without waiting for an answer."""
    requests = [post(b"x" * size) for size in range(5)]

    answers = talk(port, b"".join(requests) + post(b"x" * 5, close=True))

    assert [answer.body["size"] for answer in answers] == [0, 1, 2, 3, 4, 5]


def test_garbage_behind_good_requests_costs_them_nothing(port: int) -> None:
    """They get their answers, and nothing that could be taken for one; then the connection is closed."""
    answers = talk(port, post(b"x") + post(b"xx") + b"\0\0\0\0\r\n\r\n")

    assert [(answer.status, answer.body["size"]) for answer in answers] == [(200, 1), (200, 2)]


def test_an_upgrade_is_not_taken_up(port: int) -> None:
    """The service speaks no WebSocket."""
    fields = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 13")
    with connected(port) as connection:
        connection.sendall(post(b"", *fields))

        assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_the_options_are_uvicorns() -> None:
    """Each is known to it, and none logs a request or believes a proxy."""
    options = uvicorn_options()
    config = uvicorn.Config(LastResort(echo), **{**options, "log_config": None})
    config.load()

    assert config.http_protocol_class is LimitedHttpProtocol
    assert config.ws_protocol_class is None
    assert not config.access_log
    assert not config.proxy_headers
    assert config.encoded_headers == []


def test_a_worker_that_is_short_of_processor_is_not_killed_for_it() -> None:
    """Many times what a start takes on a quiet machine."""
    config = uvicorn.Config(LastResort(echo), **{**uvicorn_options(), "log_config": None})

    assert config.timeout_worker_healthcheck >= 30


LOGGING = """
import logging, logging.config
from cds_service.server import LOG_CONFIG
logging.config.dictConfig(LOG_CONFIG)
logging.getLogger("cds_service.somewhere").info("something happened")
logging.getLogger("uvicorn.error").info("something began")
for name in ("uvicorn.access", "uvicorn.asgi", "httpx", "httpcore", "httpcore.http11"):
    logging.getLogger(name).error("GET /Patient?identifier=9990000018")
"""


def test_a_deployments_log_tells_when_how_bad_where_and_of_which_request() -> None:
    """On standard error, each line once; request lines and headers are not logged, not even as errors."""
    process = subprocess.run(  # noqa: S603 - our own words; in a process, since pytest has logging of its own in this
        [sys.executable, "-c", LOGGING], capture_output=True, text=True, check=True
    )

    lines = [line.partition(" ") for line in process.stderr.splitlines()]
    assert process.stdout == ""
    assert [line for _, _, line in lines] == [
        "INFO cds_service.somewhere [-] something happened",
        "INFO uvicorn.error [-] something began",
    ]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", when) for when, _, _ in lines)


WORKER = """
import logging.config
from cds_service import server
logging.config.dictConfig(server.LOG_CONFIG)
server.PAUSE_AFTER_A_FAILED_START = 0
server.worker_application()
"""


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ({}, "organisations.csv, line 2, column setting; cds-service directory check says what is wrong"),
        ({"CDS_SERVICE_PORT": "zqx"}, "ValidationError in "),
    ],
    ids=["a folder that is refused", "a setting that is not allowed"],
)
def test_a_worker_that_cannot_start_says_why_in_one_line(tmp_path: Path, setting: dict[str, str], why: str) -> None:
    """With time and level, and without a value of the folder or of a setting: uvicorn starts the next one."""
    folder = tmp_path / "configuration"
    shutil.copytree(DEMO_CONFIGURATION, folder)
    header = (folder / "organisations.csv").read_text(encoding="utf-8").splitlines()[0]
    (folder / "organisations.csv").write_text(f"{header}\nZ99ZQX,Zqx,zqx,W2U3Z,,\n", encoding="utf-8")
    ours = {"CDS_SERVICE_CONFIG": str(folder), "CDS_SERVICE_AUTH": "off", "CDS_SERVICE_CARD_LOG": "off", **setting}

    process = subprocess.run(  # noqa: S603 - our own words; in a process, since it sets what all threads share
        [sys.executable, "-c", WORKER], capture_output=True, text=True, check=False, env={**os.environ, **ours}
    )

    assert (process.returncode, process.stdout) == (1, "")
    (line,) = process.stderr.splitlines()
    assert re.match(r"\S+Z CRITICAL cds_service\.server \[-\] a worker cannot start: ", line)
    assert why in line
    assert "zqx" not in line.lower()


def formatted(record: logging.LogRecord) -> str:
    """The line of a record."""
    CorrelationFilter().filter(record)
    return WordlessFormatter().format(record)


def failing() -> None:
    """Fail with somebody's data, because of a failure with somebody's data."""
    raise ValueError("Test-adult 9990000018") from KeyError("Test-adult")


def test_an_exceptions_words_are_not_written() -> None:
    """Nor those of the one behind it: class and place are enough to find it."""
    try:
        failing()
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "It failed", (), sys.exc_info())

    line = formatted(record)

    assert "Test-adult" not in line
    assert "It failed\\nValueError in failing (" in line
    assert "\n" not in line


def test_a_line_break_cannot_pass_for_another_line() -> None:
    """Whoever put it there."""
    record = logging.makeLogRecord({"msg": "one\r\n2026-01-01 ERROR two"})

    assert formatted(record).endswith("one\\r\\n2026-01-01 ERROR two")


def test_what_asyncio_knows_of_a_failed_task_is_not_written() -> None:
    """Its message goes on with the exception as it prints itself."""
    text = "Task exception was never retrieved\nfuture: <Task exception=ValueError('Test-adult')>"
    record = logging.makeLogRecord({"name": "asyncio", "msg": text})

    assert formatted(record).endswith("Task exception was never retrieved")
