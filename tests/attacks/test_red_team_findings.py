"""What a red team found: each hole as the behaviour that closes it."""

import asyncio
import json
import random
import socket
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uvicorn
from click.testing import CliRunner
from starlette.types import Receive, Scope, Send

from cds_service import cli
from cds_service.directory import load_directory
from cds_service.fhir.requester import RequesterReader
from cds_service.fhir.resources import ResourceIndex
from cds_service.hooks.last_resort import LastResort
from cds_service.hooks.responses import json_response, read_body
from cds_service.limited_http import MOST_CONNECTIONS, LimitedHttpProtocol
from cds_service.pathway.register import PathwayRegister
from cds_service.security.addresses import is_allowed
from cds_service.security.authentication import audiences
from cds_service.security.clients import Client
from cds_service.security.clients_file import ClientsFileError, load_clients
from cds_service.security.jwks import KeySet
from cds_service.security.replay import ReplayGuard
from cds_service.security.replay_store import ReplayStore
from cds_service.server import uvicorn_options
from cds_service.terminology import load_terminology
from cds_service.vendor.address import Address
from cds_service.vendor.check import Check, Level, Rule
from cds_service.vendor.doctor import Report
from cds_service.vendor.report import as_json, as_table
from cds_service.vendor.words import empty_elements
from tests.conftest import DEMO_CONFIGURATION, SERVICE, JsonObject

if TYPE_CHECKING:
    from cds_service.settings import Settings

PATIENCE = 10.0
"""Seconds after which a test that waits for a socket has failed."""

INNER = b"GET /inner HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def named(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the path called and the size of the body; `/deaf` does not read it."""
    if scope["type"] == "lifespan":
        for happened in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{happened}.complete"})
        return
    size = 0 if scope["path"] == "/deaf" else len(await read_body(scope, receive))
    await json_response({"path": scope["path"], "size": size})(scope, receive, send)


@contextmanager
def serving(most: int = MOST_CONNECTIONS) -> Iterator[int]:
    """A server with a deployment's options, but for the number of connections; its port."""

    class Protocol(LimitedHttpProtocol):
        most_connections = most

    config = uvicorn.Config(LastResort(named), **{**uvicorn_options(), "http": Protocol, "log_config": None})
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def connected(port: int) -> socket.socket:
    """A connection that gives up when the server does not move."""
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


@pytest.mark.parametrize("path", ["/deaf", "/read"])
@pytest.mark.parametrize("protocol", ["foo", "h2c", "websocket"])
def test_a_body_behind_an_upgrade_is_never_read_as_another_request(protocol: str, path: str) -> None:
    """Request smuggling: `Content-Length` holds whatever `Upgrade` says, else a proxy counts answers otherwise."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n"
        f"Content-Length: {len(INNER)}\r\n\r\n"
    )
    with serving() as port, connected(port) as connection:
        connection.sendall(head.encode())
        received = connection.recv(65536)
        connection.sendall(INNER)
        connection.shutdown(socket.SHUT_WR)
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except ConnectionResetError:
            pass  # closed on us: as good

    assert b'"path":"/inner"' not in received


def test_idle_connections_do_not_keep_a_call_out() -> None:
    """Whoever holds as many connections as there may be, and calls nothing, locks nobody out."""
    with serving(most=3) as port, ExitStack() as held:
        for _ in range(4):
            idle = held.enter_context(connected(port))
            idle.sendall(INNER)
            idle.recv(65536)
        with connected(port) as good:
            good.sendall(INNER)

            assert good.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_full_server_answers_with_a_correlation_id() -> None:
    """Also what the server refuses for want of room can be asked about."""
    waiting = b"POST /read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"
    with serving(most=2) as port, ExitStack() as held:
        for _ in range(2):
            held.enter_context(connected(port)).sendall(waiting)
        with connected(port) as late:
            late.sendall(INNER)
            answer = late.recv(65536)

    assert answer.startswith(b"HTTP/1.1 503")
    assert b"x-correlation-id: " in answer


class Clock:
    """A clock that is set."""

    now = 1_000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


def test_a_token_that_runs_out_while_it_is_checked_is_not_taken_a_second_time() -> None:
    """The age is checked first and the first use after it: what memory has just forgotten is over, not new."""
    clock = Clock()

    async def uses() -> list[bool]:
        guard = ReplayGuard(None, clock)
        await guard.start()
        first = await guard.first_use("ehr", "jti", 1_010.0)
        clock.now = 1_010.0
        return [first, await guard.first_use("ehr", "jti", 1_010.0), await guard.first_use("ehr", "jti", 1_010.0)]

    assert asyncio.run(uses()) == [True, False, False]


def test_a_claim_that_reaches_the_store_too_late_does_not_win_over_an_earlier_one(tmp_path: Path) -> None:
    """The same between workers: a claim waits for its batch, and the row of the first worker runs out meanwhile."""
    clock = Clock()
    store = ReplayStore(f"sqlite:///{tmp_path / 'seen.sqlite3'}", clock=clock)
    store.create_schema()
    first = store.claim([(b"0123456789abcdef", 1_010)])
    clock.now = 1_010.5
    second = store.claim([(b"0123456789abcdef", 1_010)])
    store.dispose()

    assert (first, second) == (set(), {b"0123456789abcdef"})


def test_serve_is_never_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable left in the environment makes no deployment trust the sandbox, nor open /metrics and /fhir."""
    served: list[Settings] = []
    monkeypatch.setattr(cli, "_run", served.append)
    database = f"sqlite:///{tmp_path / 'card-log.sqlite3'}"

    CliRunner().invoke(
        cli.main,
        ["serve", "--config", str(DEMO_CONFIGURATION), "--database-url", database],
        env={"CDS_SERVICE_DEMO": "true"},
    )

    assert not any(settings.demo for settings in served)


@pytest.mark.parametrize(
    "base_url", ["https://cds-services.example.nhs.uk", "https://gateway.example.nhs.uk/cds-services-msk"]
)
def test_a_service_whose_own_address_says_cds_services_has_an_audience(base_url: str) -> None:
    """Else no token of anybody is ever right there."""
    assert audiences(Client(id="ehr"), base_url, SERVICE) == [base_url + SERVICE]


def test_an_empty_list_of_footprints_is_not_every_region(tmp_path: Path) -> None:
    """Who writes `footprints: []` means none, and would get all."""
    path = tmp_path / "clients.yaml"
    path.write_text("clients:\n  - id: ehr\n    footprints: []\n", encoding="utf-8")

    with pytest.raises(ClientsFileError, match="footprints"):
        load_clients(path, frozenset({"nwl", "nel"}))


def rsa_jwk(bits: int, exponent_bits: int = 17) -> JsonObject:
    """An RSA key of a size, under the one kid; nobody knows its factors."""
    chance = random.Random(bits)

    def number(size: int) -> str:
        value = chance.getrandbits(size) | 1 | (1 << (size - 1))
        return urlsafe_b64encode(value.to_bytes((size + 7) // 8, "big")).rstrip(b"=").decode()

    return {"kty": "RSA", "kid": "one", "n": number(bits), "e": number(exponent_bits)}


def test_a_key_server_cannot_have_one_token_checked_with_many_keys() -> None:
    """Two keys share a kid while they are rotated; 64 large ones would hold up everybody's calls for half a second."""
    keys = KeySet.fetched({"keys": [rsa_jwk(2048 + 8 * more) for more in range(64)]})

    assert len(keys.matching("one", "RS384")) <= 4


@pytest.mark.parametrize(("bits", "exponent_bits"), [(16384, 64), (3072, 3071)])
def test_a_key_that_takes_long_to_check_with_is_not_used(bits: int, exponent_bits: int) -> None:
    """Huge moduli and exponents cost a hundred times what usual ones do."""
    assert len(KeySet.fetched({"keys": [rsa_jwk(bits, exponent_bits)]})) == 0


@pytest.mark.parametrize("address", ["192.0.0.192", "3fff::1"])
def test_special_addresses_are_refused_on_every_release_of_python(address: str) -> None:
    """Oracle's metadata service, and documentation's newer range: `ipaddress` learned of them late."""
    assert not is_allowed(ip_address(address), ())


HOSTILE = "\x1b]0;title\x07\x1b[31m\x9b31m\u202e"
"""Sets a terminal's title and colour, and turns the direction of its text."""


@pytest.mark.parametrize("shown", [as_table, as_json])
def test_a_services_keys_do_not_steer_the_doctors_terminal(shown: Callable[[Report], str]) -> None:
    """What stands in a finding came from a service, also where it is the name of a member."""
    rule = Rule("cards.empty", Level.MUST, "title", "reference", "Mend it.")
    checks: tuple[Check, ...] = (rule.check(f"{place} is empty" for place in empty_elements({HOSTILE: None})),)
    report = Report(Address("https://cds.example.org/cds-services").discovery, None, checks)

    assert not set(shown(report)) & {"\x1b", "\x07", "\x9b", "\u202e"}


class CountedRole(dict[str, object]):
    """A PractitionerRole that counts how often it is read and compared."""

    looks = 0

    def __eq__(self, other: object) -> bool:
        """Count, and compare."""
        CountedRole.looks += 1
        return super().__eq__(other)

    def get(self, *arguments: object) -> object:
        """Count, and read."""
        CountedRole.looks += 1
        return super().get(*arguments)  # type: ignore[call-overload] # as above

    __hash__ = None


def looks_at_roles(size: int, orders: int, based_on: int) -> int:
    """How often roles are looked at for orders of the user, who has as many roles."""
    regions = PathwayRegister.load(DEMO_CONFIGURATION).footprints(date(2026, 11, 21))
    practitioner = {"reference": "Practitioner/p"}
    roles = [
        {"resource": CountedRole(resourceType="PractitionerRole", id=f"r{number}", practitioner=practitioner)}
        for number in range(size)
    ]
    index = ResourceIndex({"userRoles": {"resourceType": "Bundle", "entry": roles}}, {}, None)
    reader = RequesterReader(index, load_directory(DEMO_CONFIGURATION, regions), load_terminology(), date(2026, 11, 21))
    order: JsonObject = {"resourceType": "ServiceRequest", "requester": practitioner}
    CountedRole.looks = 0
    for _ in range(orders):
        reader.read(order, "Practitioner/p", None)
    for _ in range(based_on):
        reader.works_for_a_specialist_service(order)
    return CountedRole.looks


@pytest.mark.parametrize(("orders", "based_on"), [(1, 0), (40, 0), (1, 40)])
def test_roles_are_looked_through_once_and_not_for_each_other(orders: int, based_on: int) -> None:
    """The cost of a call must not be its orders, or their references, times the roles that came with it."""
    roles = 200
    allowed = 60 * roles  # for each role a fixed number of looks, however many orders and references there are

    assert looks_at_roles(roles, orders, based_on) <= allowed


SANDBOX_KEY_X = "dw_JGR8nB2I6XveNxUOl2qk699ZPLM2nYI5STSdiEl9avAkrm3CkfYMbrrjr8laB"
SANDBOX_KEY_Y = "Sm3mLE-n1zYNla_aiE3cb3nZsL51RbC7ysw3q8aJLxGm-hx79RPMYpITDjp7kgzy"


@pytest.mark.parametrize("spelt", [SANDBOX_KEY_X + "=", SANDBOX_KEY_X + "\n", SANDBOX_KEY_X.replace("_", "/")])
def test_the_sandbox_key_is_refused_however_it_is_spelt(tmp_path: Path, spelt: str) -> None:
    """Base64 has several spellings of the same number, and the key's reader takes them all."""
    jwk = {"kty": "EC", "crv": "P-384", "kid": "1", "x": spelt, "y": SANDBOX_KEY_Y}
    entry = {"id": "ehr", "issuer": "https://ehr.example.nhs.uk", "jwks": {"keys": [jwk]}}
    path = tmp_path / "clients.yaml"
    path.write_text(json.dumps({"clients": [entry]}), encoding="utf-8")

    with pytest.raises(ClientsFileError, match="jwks"):
        load_clients(path, frozenset({"nwl", "nel"}))
