import asyncio
import gzip
import logging
import ssl
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import httpcore
import httpx
import pytest
import respx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cds_service.security.outbound import AddressGuard, OutboundClient, OutboundError, Reason, resolve_by_system

HOST = "ehr.example.org"
URL = f"https://{HOST}/fhir/Patient/marked-path?name=marked-query"
PUBLIC, PUBLIC_6 = "203.0.114.7", "2a00:2381::7"
SECRET = {"Authorization": "Bearer marked-token"}
UNHURRIED = 30.0
"""Seconds where time is not what is tested."""


def resolver(*answers: Sequence[str] | Exception) -> Callable[[str], Awaitable[Sequence[str]]]:
    """A resolver that gives these answers one after the other, the last again and again."""
    left = list(answers)

    async def resolve(_host: str) -> Sequence[str]:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return resolve


def addresses(guard: AddressGuard, host: str = HOST) -> list[str]:
    """What a guard lets pass."""
    return [str(address) for address in asyncio.run(guard.addresses(host))]


def refusal(guard: AddressGuard, host: str = HOST) -> Reason:
    """Why a guard lets nothing pass."""
    with pytest.raises(OutboundError) as raised:
        asyncio.run(guard.addresses(host))
    return raised.value.reason


NOT_PUBLIC = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "168.63.129.16",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "2001:0:7f00:1::",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::10.0.0.1",
    "100::1",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_a_name_that_resolves_to_an_address_of_our_own_is_refused(address: str) -> None:
    """Loopback, private, link-local, metadata, multicast and the rest, in whatever form they are written."""
    assert refusal(AddressGuard(resolve=resolver([address]))) is Reason.REFUSED_ADDRESS
    assert refusal(AddressGuard(resolve=resolver([PUBLIC, address, PUBLIC_6]))) is Reason.REFUSED_ADDRESS


@pytest.mark.parametrize("address", [one for one in NOT_PUBLIC if "%" not in one])
def test_such_an_address_is_refused_when_the_url_has_it_itself(address: str) -> None:
    """No resolver is asked about it."""
    assert refusal(AddressGuard(resolve=resolver([PUBLIC])), address) is Reason.REFUSED_ADDRESS


@pytest.mark.parametrize("address", [PUBLIC, PUBLIC_6, f"::ffff:{PUBLIC}", f"64:ff9b::{PUBLIC}", "2002:cb00:7207::1"])
def test_a_public_address_passes(address: str) -> None:
    """Also one that an IPv6 form stands for."""
    assert len(addresses(AddressGuard(resolve=resolver([address])))) == 1


def test_addresses_come_each_once_and_ipv4_first() -> None:
    """So that a network without IPv6 loses no time."""
    guard = AddressGuard(resolve=resolver([PUBLIC_6, PUBLIC, PUBLIC_6]))
    assert addresses(guard) == [PUBLIC, PUBLIC_6]


@pytest.mark.parametrize("answer", [[], ["nonsense"], OSError("no such name"), UnicodeError("label too long")])
def test_a_name_without_an_address_is_unreachable(answer: Sequence[str] | Exception) -> None:
    """Not refused: there is nothing to refuse."""
    assert refusal(AddressGuard(resolve=resolver(answer))) is Reason.UNREACHABLE


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "017700000001", "localhost"])
def test_other_spellings_of_loopback_are_refused(host: str) -> None:
    """The system's resolver, which needs no network for them, knows what they mean."""
    assert refusal(AddressGuard(resolve=resolve_by_system), host) in {Reason.REFUSED_ADDRESS, Reason.UNREACHABLE}


@pytest.mark.parametrize(
    ("networks", "address", "passes"),
    [
        (["10.1.0.0/16"], "10.1.2.3", True),
        (["10.1.0.0/16"], "10.2.0.1", False),
        (["10.1.0.0/16"], "::ffff:10.1.2.3", True),
        (["fd12::/16"], "fd12::1", True),
        (["127.0.0.0/8"], "::1", False),
        (["169.254.0.0/16"], "169.254.169.254", False),
        (["169.254.169.254/32"], "169.254.169.254", True),
        (["fd00::/8"], "fd00:ec2::254", False),
        (["100.64.0.0/10"], "100.100.100.200", False),
        (["0.0.0.0/0"], "168.63.129.16", False),
    ],
)
def test_a_listed_network_opens_its_addresses(networks: list[str], address: str, *, passes: bool) -> None:
    """And no others; a metadata address opens only when it is listed by itself."""
    guard = AddressGuard([ip_network(network) for network in networks], resolve=resolver([address]))
    if passes:
        assert addresses(guard) == [str(ip_address(address))]
    else:
        assert refusal(guard) is Reason.REFUSED_ADDRESS


def test_a_listed_literal_opens_that_host_and_no_name_that_resolves_to_it() -> None:
    """A demo's `http://127.0.0.1:8000` is no way in for a name that an attacker owns."""
    listed = ["http://127.0.0.1:8000/fhir", "https://[fd12::1]/fhir", "https://ehr.example.org/fhir", "nonsense"]
    guard = AddressGuard(listed_urls=listed, resolve=resolver(["127.0.0.1"]))
    assert addresses(guard, "127.0.0.1") == ["127.0.0.1"]
    assert addresses(guard, "fd12::1") == ["fd12::1"]
    assert [refusal(guard, host) for host in ("localhost", HOST, "127.0.0.2")] == [Reason.REFUSED_ADDRESS] * 3


def test_a_listed_localhost_is_loopback() -> None:
    """And nothing else, whatever a resolver makes of it."""
    listed = ["http://localhost:8000/fhir"]
    assert addresses(AddressGuard(listed_urls=listed, resolve=resolver(["::1", "127.0.0.1"])), "localhost") == [
        "127.0.0.1",
        "::1",
    ]
    assert refusal(AddressGuard(listed_urls=listed, resolve=resolver(["10.0.0.1"])), "localhost") is (
        Reason.REFUSED_ADDRESS
    )


def test_a_name_is_looked_up_once_for_all_who_wait_for_it() -> None:
    """Also when the first of them gives up: a dead name server holds one thread, not one for each call."""
    asked = 0
    answer = asyncio.Event()

    async def resolve(_host: str) -> Sequence[str]:
        nonlocal asked
        asked += 1
        await answer.wait()
        return [PUBLIC]

    async def run() -> list[str]:
        guard = AddressGuard(resolve=resolve)
        waiting = [asyncio.create_task(guard.addresses(HOST)) for _ in range(5)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.wait(waiting[:1])
        answer.set()
        return [str(address) for one in waiting[1:] for address in await one]

    assert asyncio.run(run()) == [PUBLIC] * 4
    assert asked == 1


def test_a_failed_look_up_that_nobody_waits_for_is_no_ones_error() -> None:
    """And the next call looks again."""

    async def run() -> list[str]:
        guard = AddressGuard(resolve=resolver(OSError("no such name"), [PUBLIC]))
        waiting = asyncio.create_task(guard.addresses(HOST))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        await asyncio.sleep(0)
        return [str(address) for address in await guard.addresses(HOST)]

    assert asyncio.run(run()) == [PUBLIC]


def test_a_name_server_that_hangs_is_left_when_the_time_is_over() -> None:
    """The look-up is part of the time that a question has."""

    async def never(_host: str) -> Sequence[str]:
        return await asyncio.Future()

    async def run() -> Reason:
        client = OutboundClient(AddressGuard(resolve=never))
        with pytest.raises(OutboundError) as raised:
            await client.get_json(URL, timeout=0.05, limit=100)
        await client.aclose()
        return raised.value.reason

    assert asyncio.run(run()) is Reason.TIMEOUT


class Wire(httpcore.AsyncMockBackend):
    """A network that keeps what it is asked to connect to, and answers each connection alike."""

    def __init__(self, response: bytes, refusing: Iterable[str] = ()) -> None:
        super().__init__([response])
        self._refusing = frozenset(refusing)
        self.connected: list[tuple[str, int]] = []

    async def connect_tcp(self, host: str, port: int, *rest: Any) -> httpcore.AsyncNetworkStream:  # noqa: ANN401 - httpcore's own arguments, passed on
        """Connect, or refuse to."""
        self.connected.append((host, port))
        if host in self._refusing:
            raise httpcore.ConnectError("refused")
        return await super().connect_tcp(host, port, *rest)


def response(body: bytes = b"{}", status: str = "200 OK", *headers: bytes) -> bytes:
    """An HTTP response as it goes over the wire."""
    lines = [b"HTTP/1.1 " + status.encode(), b"Content-Length: " + str(len(body)).encode(), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def asked(wire: Wire, *answers: Sequence[str], times: int = 1) -> list[object]:
    """Ask a server over a wire, its name resolved like this."""

    async def run() -> list[object]:
        client = OutboundClient(AddressGuard(resolve=resolver(*answers)), network=wire)
        try:
            return [await client.get_json(URL, timeout=UNHURRIED, limit=1000) for _ in range(times)]
        finally:
            await client.aclose()

    return asyncio.run(run())


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    """A resolver that gives a public address first and loopback next has no second chance (DNS rebinding)."""
    wire = Wire(response(b'{"a": 1}'))
    assert asked(wire, [PUBLIC], ["127.0.0.1"]) == [{"a": 1}]
    assert wire.connected == [(PUBLIC, 443)]


def test_a_second_connection_is_checked_again() -> None:
    """The name may have moved since."""
    wire = Wire(response(b"{}", "200 OK", b"Connection: close"))
    with pytest.raises(OutboundError, match="refused-address"):
        asked(wire, [PUBLIC], ["127.0.0.1"], times=2)
    assert wire.connected == [(PUBLIC, 443)]


def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    """Each of them has passed."""
    wire = Wire(response(), refusing=[PUBLIC])
    assert asked(wire, [PUBLIC_6, PUBLIC]) == [{}]
    assert wire.connected == [(PUBLIC, 443), (PUBLIC_6, 443)]
    with pytest.raises(OutboundError, match="unreachable"):
        asked(Wire(response(), refusing=[PUBLIC, PUBLIC_6]), [PUBLIC_6, PUBLIC])


def test_nothing_is_connected_to_when_an_address_is_refused() -> None:
    """Not even to the good one among them."""
    wire = Wire(response())
    with pytest.raises(OutboundError, match="refused-address"):
        asked(wire, [PUBLIC, "10.0.0.1"])
    assert wire.connected == []


def failure(url: str = URL, *, limit: int = 1000, headers: dict[str, str] | None = None) -> OutboundError:
    """What asking for a URL fails with, beside a server of respx's."""

    async def run() -> None:
        client = OutboundClient(AddressGuard())
        try:
            await client.get_json(url, headers=headers or SECRET, timeout=UNHURRIED, limit=limit)
        finally:
            await client.aclose()

    with pytest.raises(OutboundError) as raised:
        asyncio.run(run())
    return raised.value


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (201, Reason.STATUS),
        (204, Reason.STATUS),
        (206, Reason.STATUS),
        (301, Reason.REDIRECT),
        (302, Reason.REDIRECT),
        (307, Reason.REDIRECT),
        (304, Reason.REDIRECT),
        (400, Reason.STATUS),
        (401, Reason.STATUS_401),
        (403, Reason.STATUS_403),
        (404, Reason.STATUS_404),
        (429, Reason.STATUS),
        (500, Reason.STATUS),
    ],
)
def test_every_status_but_200_is_an_error(status: int, reason: Reason) -> None:
    """A redirect is not followed, and no body is read."""
    with respx.mock() as server:
        server.get(url=URL).respond(status, json={"a": 1}, headers={"Location": "https://evil.example/"})
        error = failure()
        assert len(server.calls) == 1
    assert (error.reason, error.status) == (reason, status)


@pytest.mark.parametrize("body", [b"", b"{", b'{"a": NaN}', b"{'a': 1}", b"<html>", b"\xff\xfe", b"[" * 2000])
def test_what_is_not_strictly_json_is_an_error(body: bytes) -> None:
    """Truncated, lax, too deep, or something else."""
    with respx.mock() as server:
        server.get(url=URL).respond(200, content=body)
        assert failure(limit=10_000).reason is Reason.NOT_JSON


class Endless(httpx.AsyncByteStream):
    """A body without end, and how much of it was given."""

    def __init__(self) -> None:
        self.given = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give a hundred bytes more."""
        while True:
            self.given += 100
            yield b" " * 100


def test_a_body_that_is_too_long_is_an_error_as_soon_as_it_is() -> None:
    """It is counted while it streams; the end is never asked for."""
    endless = Endless()
    with respx.mock() as server:
        server.get(url=URL).respond(200, stream=endless)
        assert failure(limit=1000).reason is Reason.TOO_LARGE
    assert endless.given == 1100


@pytest.mark.parametrize("encoding", [b"gzip", b"br", b"deflate", b"identity, gzip", b"x"])
def test_a_compressed_body_is_refused_unread(encoding: bytes) -> None:
    """None was asked for, and a small one may hold a large one."""
    bomb = gzip.compress(b" " * 1_000_000)
    with pytest.raises(OutboundError, match="encoded"):
        asked(Wire(response(bomb, "200 OK", b"Content-Encoding: " + encoding)), [PUBLIC])


def test_a_request_asks_for_plain_json_and_carries_only_what_it_was_given() -> None:
    """No cookie that an earlier response set, and no credentials from the environment."""

    async def run() -> list[dict[str, str]]:
        client = OutboundClient(AddressGuard())
        with respx.mock() as server:
            server.get(url=URL).respond(200, json={}, headers={"Set-Cookie": "a=b"})
            await client.get_json(URL, headers=SECRET, timeout=UNHURRIED, limit=100)
            await client.get_json(URL, timeout=UNHURRIED, limit=100)
            await client.aclose()
            return [dict(one.request.headers) for one in server.calls]

    ours = {"accept": "application/json", "accept-encoding": "identity", "host": HOST, "user-agent": "cds-service"}
    assert asyncio.run(run()) == [{**ours, "authorization": SECRET["Authorization"]}, ours]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (httpcore.ConnectTimeout, Reason.TIMEOUT),
        (httpcore.ReadTimeout, Reason.TIMEOUT),
        (httpcore.ConnectError, Reason.UNREACHABLE),
        (httpcore.ReadError, Reason.UNREACHABLE),
        (httpcore.RemoteProtocolError, Reason.UNREACHABLE),
        (httpcore.ConnectError(ssl.SSLError("marked-detail")), Reason.TLS),
    ],
)
def test_a_broken_exchange_has_a_reason(error: Exception | type[Exception], reason: Reason) -> None:
    """One that an operator can act on."""
    with respx.mock() as server:
        server.get(url=URL).mock(side_effect=error)
        assert failure().reason is reason


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"http://{HOST}/fhir", Reason.NOT_HTTPS),
        ("file:///etc/passwd", Reason.NOT_SENDABLE),
        ("ftp://ehr.example.org/", Reason.NOT_SENDABLE),
        ("//ehr.example.org/", Reason.NOT_SENDABLE),
        ("https:///fhir", Reason.NOT_SENDABLE),
        ("", Reason.NOT_SENDABLE),
        (f"https://marked-user@{HOST}/", Reason.NOT_SENDABLE),
        (f"https://{HOST}:99999/", Reason.NOT_SENDABLE),
        (f"https://{HOST}:0/", Reason.NOT_SENDABLE),
        (f"https://{HOST}/a b", Reason.NOT_SENDABLE),
        (f"https://{HOST}/a\r\nX: y", Reason.NOT_SENDABLE),
        (f"https://{HOST}\\@evil.example/", Reason.NOT_SENDABLE),
        ("https://ehr.exämple.org/", Reason.NOT_SENDABLE),
        ("https://[fe80::1%25eth0]/", Reason.NOT_SENDABLE),
        ("https://[::1/", Reason.NOT_SENDABLE),
        ("https://[1:2:3:4:5:6:7:8:9]/", Reason.NOT_SENDABLE),
    ],
)
def test_a_url_that_is_not_plainly_https_is_not_asked(url: str, reason: Reason) -> None:
    """Nothing leaves."""
    with respx.mock(assert_all_called=False) as server:
        server.route().respond(200, json={})
        assert failure(url).reason is reason
        assert len(server.calls) == 0


@pytest.mark.parametrize("value", ["marked-token\r\nHost: evil.example", "marked-token\x00", "marked-tökén"])
def test_a_header_that_would_break_its_line_is_not_sent(value: str) -> None:
    """And its value is not in the error."""
    error = failure(headers={"Authorization": value})
    assert (error.reason, "marked" in str(error)) == (Reason.NOT_SENDABLE, False)


class Lines(logging.Handler):
    """What reaches the root logger, as it would be written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.written.append(f"{record.name} {record.getMessage()}")


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """The lines that an operator gets who turns every logger up.

    pytest's own `caplog` also listens to loggers that do not propagate, which no operator's handler does.
    """
    lines = Lines()
    loggers = [logging.getLogger(name) for name in ("", "httpcore", "httpcore.connection", "httpcore.http11", "httpx")]
    levels = [logger.level for logger in loggers]
    logging.root.addHandler(lines)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    yield lines.written
    logging.root.removeHandler(lines)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def test_no_error_and_no_log_line_holds_path_query_token_or_body(logged: list[str]) -> None:
    """With every logger turned up, and every way of failing."""
    errors = []
    for answer in (response(b"marked-body"), response(b"", "401 Marked-Reason"), b"marked-junk\r\n\r\n", b""):
        with pytest.raises(OutboundError) as raised:
            asked(Wire(answer), [PUBLIC])
        errors += ["".join(traceback.format_exception(raised.value)).rpartition("OutboundError")[2], repr(raised.value)]
    assert errors[0] == f": {HOST}: not-json\n"
    assert "marked" not in "".join([*logged, *errors]).lower()
    assert [line for line in logged if line.startswith("http")] == []


def test_the_clients_below_cannot_write_to_our_logs() -> None:
    """Their records hold addresses and headers, and end where they begin."""
    for name in ("httpx", "httpcore"):
        logger = logging.getLogger(name)
        assert not logger.propagate
        assert any(isinstance(handler, logging.NullHandler) for handler in logger.handlers)


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def local_server(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A real server on loopback; gives its port."""
    server = await asyncio.start_server(handler, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


def test_a_real_server_that_hangs_is_left_when_the_time_is_over() -> None:
    """And the connection to it is closed."""

    async def run() -> Reason:
        left = asyncio.Event()

        async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()  # ends when the client lets go of the connection
            writer.close()
            await writer.wait_closed()
            left.set()

        async with local_server(hang) as port:
            url = f"http://127.0.0.1:{port}/fhir"
            client = OutboundClient(AddressGuard(listed_urls=[url]), allow_http=True)
            with pytest.raises(OutboundError) as raised:
                await client.get_json(url, timeout=0.05, limit=1000)
            await left.wait()
            await client.aclose()
        return raised.value.reason

    assert asyncio.run(run()) is Reason.TIMEOUT


def certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate for a name, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / f"{name}.pem"
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


def over_tls(folder: Path, *names: str, times: int = 1) -> tuple[list[object], list[str | None]]:
    """Ask a real TLS server, reached by a resolver of our own, under some names; what came, and the names it saw."""
    file = certificate(folder, HOST)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    seen: list[str | None] = []
    tls.sni_callback = lambda _socket, name, _context: seen.append(name)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                host = head.lower().partition(b"host: ")[2].partition(b"\r\n")[0]
                writer.write(response(b'"' + host + b'"'))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            writer.close()

    async def run() -> list[object]:
        came: list[object] = []
        async with local_server(answer, tls) as port:
            guard = AddressGuard([ip_network("127.0.0.1/32")], resolve=resolver(["127.0.0.1"]))
            client = OutboundClient(guard, ssl_context=ssl.create_default_context(cafile=str(file)))
            for name in names * times:
                try:
                    came.append(await client.get_json(f"https://{name}:{port}/", timeout=UNHURRIED, limit=100))
                except OutboundError as error:
                    came.append(error.reason)
            await client.aclose()
        return [str(one).removesuffix(f":{port}") for one in came]

    return asyncio.run(run()), seen


def test_a_checked_connection_keeps_the_servers_name(tmp_path: Path) -> None:
    """In the TLS greeting, in the certificate's check and in `Host`; and it is used again."""
    assert over_tls(tmp_path, HOST, times=2) == ([HOST, HOST], [HOST])


def test_a_connection_made_for_one_name_is_not_used_for_another(tmp_path: Path) -> None:
    """Although the address is the same: the certificate does not hold for the other name."""
    came, seen = over_tls(tmp_path, HOST, "other.example.org")
    assert (came, seen) == ([HOST, "tls"], [HOST, "other.example.org"])
