import gzip
import json
import socket
import ssl
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from cds_service.commands.clients import _KEY_SERVER_MENDS, clients
from cds_service.security.client_token import read_token
from cds_service.security.clients import Client
from cds_service.security.clients_file import load_clients
from cds_service.security.jwks import KeySet
from cds_service.security.minting import SigningKey
from cds_service.security.outbound import Reason
from tests.security.conftest import check

ISSUER = "https://ehr.example.nhs.uk"
AUDIENCE = "https://cds.example.nhs.uk/cds-services/msk-imaging-pathway"
REGIONS = frozenset({"nwl", "nel"})
PUBLIC = SigningKey.made("ES384").public_jwk
KID = PUBLIC["kid"]
TOO_MUCH = 256 * 1024 + 1


class Answer(NamedTuple):
    """What a key server answers at a path."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = {}


def keys(*entries: object) -> Answer:
    """A key set."""
    return Answer(json.dumps({"keys": entries}).encode())


class KeyServer(ThreadingHTTPServer):
    """A real key server on this machine.

    Args:
        tls: the TLS side of its connections; plain http when None.
    """

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.address = f"{'http' if tls is None else 'https'}://127.0.0.1:{self.server_port}"
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)

    def handle_error(self, *_request: object) -> None:
        """A client that hangs up is part of some tests."""


class Handler(BaseHTTPRequestHandler):
    """Answers as its server is told."""

    def do_GET(self) -> None:
        """Answer one request."""
        assert isinstance(self.server, KeyServer)
        self.server.asked.append(self.path)
        answer = self.server.answers.get(self.path, Answer(b"nothing here", 404))
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_message: object) -> None:
        """Keep the tests' output clean."""


Start = Callable[..., KeyServer]


@pytest.fixture
def start_server() -> Iterator[Start]:
    """Start key servers; they end with the test."""
    with ExitStack() as running:

        def start(tls: ssl.SSLContext | None = None) -> KeyServer:
            server = KeyServer(tls)
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            running.callback(server.server_close)
            running.callback(thread.join)
            running.callback(server.shutdown)
            return server

        yield start


@pytest.fixture
def server(start_server: Start) -> KeyServer:
    """A key server over plain http."""
    return start_server()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for this machine with its key, which nobody trusts yet."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "key server of a test")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(signed.public_bytes(Encoding.PEM) + private)
    return path


@pytest.fixture
def secure_server(start_server: Start, certificate: Path) -> KeyServer:
    """A key server over https."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return start_server(context)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration folder."""
    folder = tmp_path / "config"
    folder.mkdir()
    return folder


def run(*arguments: object, **environment: str) -> Result:
    """Run a command as an operator does; whatever is no message for an operator is raised."""
    result = CliRunner().invoke(clients, [str(argument) for argument in arguments], env=environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def checked(config: Path, text: str, *options: str) -> Result:
    """Check a file with this text."""
    (config / "clients.yaml").write_text(text, "utf-8")
    return run("check", "--config", config, *options)


def one_client(*lines: str) -> str:
    """A file with one client, which has an issuer and a footprint."""
    return "\n".join(["clients:", "  - id: ehr", f"    issuer: {ISSUER}", *(f"    {line}" for line in lines)]) + "\n"


BOUND = "footprints: [nwl]"


def test_a_good_file_is_said_to_be_good(config: Path) -> None:
    """With each key's kid and algorithm."""
    result = checked(config, one_client(f"jwks: {json.dumps({'keys': [PUBLIC]})}", BOUND))

    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        ["ehr", f"  ok       {KID} (ES384), in the file", "1 client(s), 0 problem(s)"],
    )


def test_the_folder_may_come_from_the_environment(config: Path) -> None:
    """As it does for `serve`."""
    (config / "clients.yaml").write_text(one_client(f"jwks: {json.dumps({'keys': [PUBLIC]})}", BOUND))

    assert run("check", CDS_SERVICE_CONFIG=str(config)).exit_code == 0


@pytest.mark.parametrize("key", ["jwks_url: {}", "jkus: [{}]"])
def test_the_keys_of_a_key_server_are_fetched(config: Path, server: KeyServer, key: str) -> None:
    """Over plain http on this machine."""
    server.answers["/jwks"] = keys(PUBLIC, {**PUBLIC, "use": "enc"}, {"kty": "oct", "kid": "x"})

    result = checked(config, one_client(key.format(f"{server.address}/jwks"), BOUND))

    assert f"  ok       {KID} (ES384), from {server.address}/jwks\n" in result.stdout
    assert (result.exit_code, server.asked) == (0, ["/jwks"])


def test_the_keys_are_fetched_over_https(
    config: Path, secure_server: KeyServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a server whose authority the machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    secure_server.answers["/jwks"] = keys(PUBLIC)

    result = checked(config, one_client(f"jwks_url: {secure_server.address}/jwks", BOUND))

    assert f"  ok       {KID} (ES384), from {secure_server.address}/jwks\n" in result.stdout
    assert result.exit_code == 0


def test_a_key_server_that_cannot_prove_itself_is_a_problem(config: Path, secure_server: KeyServer) -> None:
    """Its authority is not among the machine's."""
    result = checked(config, one_client(f"jwks_url: {secure_server.address}/jwks", BOUND))

    mend = "it needs TLS, and a certificate for this host that this machine trusts"
    assert f"  problem  {secure_server.address}/jwks: 127.0.0.1: tls; {mend}\n" in result.stdout
    assert (result.exit_code, secure_server.asked) == (1, [])


def test_a_key_server_that_is_down_is_a_problem(config: Path) -> None:
    """Nobody listens there."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/jwks"
        result = checked(config, one_client(f"jwks_url: {url}", BOUND))

    assert result.stdout.splitlines() == [
        "ehr",
        f"  problem  {url}: 127.0.0.1: unreachable; check the address, and that this machine may reach it",
        "1 client(s), 1 problem(s)",
    ]
    assert result.exit_code == 1


@pytest.mark.parametrize("secret", [{"d": "marked"}, {"kty": "oct", "k": "marked"}])
def test_a_key_server_that_shows_a_secret_is_a_problem(config: Path, server: KeyServer, secret: dict[str, str]) -> None:
    """Whoever fetched it may sign with it; the good keys beside it are good for all that the service knows."""
    server.answers["/jwks"] = keys(PUBLIC, {**PUBLIC, **secret})

    result = checked(config, one_client(f"jwks_url: {server.address}/jwks", BOUND))

    assert result.stdout.splitlines()[1:3] == [
        f"  ok       {KID} (ES384), from {server.address}/jwks",
        f"  problem  {server.address}/jwks: shows a private or symmetric key; its owner must replace it",
    ]
    assert result.exit_code == 1
    assert "marked" not in result.output


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(b"", 404), "127.0.0.1: status-404; check the path"),
        (Answer(b"", 401), "127.0.0.1: status-401; it must show public keys to all"),
        (Answer(b"", 500), "127.0.0.1: status; its owner must mend it"),
        (Answer(b"", 302, {"Location": "/elsewhere"}), "127.0.0.1: redirect; give the address to which it leads"),
        (
            Answer(b"<html>marked-body</html>"),
            "127.0.0.1: not-json; it must answer with a key set in JSON; check the path",
        ),
        (
            Answer(gzip.compress(b"{}"), 200, {"Content-Encoding": "gzip"}),
            "127.0.0.1: encoded; it must answer without compression",
        ),
        (Answer(b" " * TOO_MUCH), "127.0.0.1: too-large; it must answer with 256 KiB at most"),
        (Answer(b'{"marked-body": 1}'), "is not a key set; write an object with a list 'keys'"),
        (keys(), "no key for ES384, RS384; it has no usable key"),
        (keys({**PUBLIC, "use": "enc"}), "no key for ES384, RS384; it has no usable key"),
        (keys(1, None, {"kty": "EC", "kid": "a", "use": []}), "no key for ES384, RS384; it has no usable key"),
        (keys({**SigningKey.made("ES256").public_jwk, "kid": "k"}), "no key for ES384, RS384; it has k (ES256)"),
    ],
)
def test_what_is_wrong_with_a_key_server_is_told(config: Path, server: KeyServer, answer: Answer, said: str) -> None:
    """And nothing of what it sent."""
    server.answers["/jwks"] = answer

    result = checked(config, one_client(f"jwks_url: {server.address}/jwks", BOUND))

    assert f"  problem  {server.address}/jwks: {said}\n" in result.stdout
    assert (result.exit_code, server.asked) == (1, ["/jwks"])
    assert "marked-body" not in result.output


def test_everything_that_keeps_keys_from_coming_has_its_mend() -> None:
    """Whatever reason comes from outside."""
    assert set(_KEY_SERVER_MENDS) == {reason.value for reason in Reason}


def test_a_kid_writes_no_lines_of_its_own(config: Path, server: KeyServer) -> None:
    """A key server's words are shown in the operator's terminal."""
    server.answers["/jwks"] = keys({**PUBLIC, "kid": "k\n  ok       all is well\x1b[2J"})

    result = checked(config, one_client(f"jwks_url: {server.address}/jwks", BOUND))

    assert len(result.stdout.splitlines()) == 3


def test_without_fetching_nobody_is_asked(config: Path, server: KeyServer) -> None:
    """As in a build that has no network."""
    result = checked(config, one_client(f"jwks_url: {server.address}/jwks", BOUND), "--no-fetch")

    assert "  note     its keys were not fetched (--no-fetch)\n" in result.stdout
    assert (result.exit_code, server.asked) == (0, [])


def test_each_key_server_is_asked_once(config: Path, server: KeyServer) -> None:
    """One that is named twice, too."""
    server.answers["/jwks"] = server.answers["/other"] = keys(PUBLIC)
    url = f"{server.address}/jwks"

    result = checked(config, one_client(f"jwks_url: {url}", f"jkus: [{url}, {server.address}/other]", BOUND))

    assert (result.exit_code, server.asked) == (0, ["/jwks", "/other"])


def test_one_client_does_not_hide_another(config: Path, server: KeyServer) -> None:
    """Every problem is told before the command ends."""
    server.answers["/good"] = keys(PUBLIC)
    entries = [
        f"  - {{id: {name}, issuer: {name}, jwks_url: '{server.address}/{name}', footprints: [nwl]}}"
        for name in ("bad", "good", "worse")
    ]

    result = checked(config, "\n".join(["clients:", *entries]))

    assert [line.split()[0] for line in result.stdout.splitlines()] == [
        *("bad", "problem", "good", "ok", "worse", "problem"),
        "3",
    ]
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (1, "3 client(s), 2 problem(s)")


@pytest.mark.parametrize(
    "entry", ["{id: ehr}", "{id: ehr, issuer: i}", "{id: ehr, jwks_url: 'https://127.0.0.1:1/jwks'}"]
)
def test_a_client_whose_tokens_cannot_be_checked_is_a_problem(config: Path, entry: str) -> None:
    """It needs an issuer and keys."""
    result = checked(config, f"clients:\n  - {entry}\n", "--no-fetch")

    said = "needs issuer, and jwks, jwks_url or jkus: none of its tokens can be checked"
    assert f"  problem  {said}\n" in result.stdout
    assert result.exit_code == 1


UNBOUND = "  note     bound to no footprint: it may act in every region\n"


@pytest.mark.parametrize(
    ("lines", "noted"),
    [
        ([], True),
        (["footprints: [nwl]"], False),
        (["tenants: {north: {footprints: [nwl]}}"], False),
        (["tenants: {north: {footprints: [nwl]}, south: {}}"], True),
    ],
)
def test_a_client_that_may_act_everywhere_is_noted(config: Path, lines: list[str], noted: bool) -> None:
    """Also when only one of its tenants may: it is no problem, but should be meant."""
    result = checked(config, one_client(f"jwks: {json.dumps({'keys': [PUBLIC]})}", *lines))

    assert (UNBOUND in result.stdout, result.exit_code) == (noted, 0)


def test_what_the_service_reads_from_a_client_is_noted(config: Path) -> None:
    """Servers and private networks are ways out of the hospital's network."""
    result = checked(
        config,
        one_client(
            f"jwks: {json.dumps({'keys': [PUBLIC]})}",
            BOUND,
            "fhir_servers: [https://ehr.example.nhs.uk/r4, https://ehr.example.nhs.uk/stu3]",
            "private_networks: [10.20.30.0/24]",
        ),
    )

    assert result.stdout.splitlines()[1:3] == [
        "  note     its FHIR servers are read: https://ehr.example.nhs.uk/r4, https://ehr.example.nhs.uk/stu3",
        "  note     may be reached at private addresses: 10.20.30.0/24",
    ]


def test_a_wrong_file_is_told_with_its_line(config: Path) -> None:
    """As `serve` tells it."""
    result = checked(config, one_client("colour: blue"))

    told = "client ehr: colour: is not a key of a client; see docs/configuration.md for those that are"
    assert (result.exit_code, result.stderr) == (1, f"Error: clients.yaml:4: {told}\n")


def test_the_public_sandbox_is_no_client_of_a_deployment(config: Path) -> None:
    """Its private key is published."""
    result = checked(config, "clients: [{id: a, issuer: 'https://sandbox.cds-hooks.org'}]")

    assert result.exit_code == 1
    assert "anyone has its private key; take this client out" in result.stderr


@pytest.mark.parametrize("text", [None, "", "clients: []\n"])
def test_a_folder_without_clients_is_told_how_to_get_one(config: Path, text: str | None) -> None:
    """With authentication nobody could call."""
    if text is not None:
        (config / "clients.yaml").write_text(text)

    result = run("check", "--config", config)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {config / 'clients.yaml'}: ")
    assert result.stderr.endswith("cds-service clients new writes an entry\n")


def test_a_broken_pathway_is_told_and_not_raised(config: Path) -> None:
    """Regions come from the pathways, so that they are read first."""
    (config / "pathways").mkdir()
    (config / "pathways" / "nwl.yaml").write_text("id: nwl\n")

    result = checked(config, one_client(BOUND))

    assert result.exit_code == 1
    assert "nwl.yaml" in result.stderr


NEW = ["new", "--id", "ehr", "--issuer", ISSUER]


def test_an_entry_is_printed() -> None:
    """To be put below `clients:`."""
    result = run(*NEW, "--jwks-url", f"{ISSUER}/jwks", "--footprint", "nwl", "--footprint", "nel")

    assert result.exit_code == 0
    assert result.stdout.startswith('  - id: "ehr"  # ')
    assert "    footprints: [" in result.stdout
    assert result.stderr == ""


def test_an_entry_makes_a_file_and_is_added_to_it(config: Path) -> None:
    """Which loads each time."""
    first = run(*NEW, "--jwks-url", f"{ISSUER}/jwks", "--footprint", "nwl", "--config", config)
    second = run("new", "--id", "other", "--issuer", "o", "--jwks-url", f"{ISSUER}/jwks", "--config", config)

    path = config / "clients.yaml"
    assert first.stdout == (f"{path}: client ehr added. Check it: cds-service clients check --config {config}\n")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert [(one.id, one.footprints) for one in load_clients(path, REGIONS)] == [("ehr", ("nwl",)), ("other", ())]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--id", "ehr", "--issuer", "another"], "clients.yaml:20: id ehr stands more than once"),
        (["--id", "another", "--issuer", ISSUER], "issuer https://ehr.example.nhs.uk stands more than once"),
        (["--id", "another", "--issuer", "another", "--footprint", "zzz"], "no pathway for zzz"),
        (["--id", "another", "--issuer", "https://sandbox.cds-hooks.org"], "take this client out"),
    ],
)
def test_an_entry_with_which_the_service_could_not_start_is_refused(
    config: Path, arguments: list[str], told: str
) -> None:
    """Every file stays as it was: a service that runs would refuse the whole folder from then on."""
    run(*NEW, "--jwks-url", f"{ISSUER}/jwks", "--config", config)
    before = (config / "clients.yaml").read_bytes()

    result = run("new", *arguments, "--jwks-url", f"{ISSUER}/jwks", "--config", config)

    assert result.exit_code == 1
    assert told in result.stderr
    assert "Nothing was changed" in result.stderr
    assert (config / "clients.yaml").read_bytes() == before
    assert [path.name for path in config.iterdir()] == ["clients.yaml"]


def test_an_entry_holds_the_keys_of_a_file(tmp_path: Path, config: Path) -> None:
    """As the EHR's people sent them."""
    sent = tmp_path / "keys.json"
    sent.write_text(json.dumps({"keys": [PUBLIC]}, indent=2))

    result = run(*NEW, "--jwks", sent, "--config", config)

    assert result.exit_code == 0
    assert load_clients(config / "clients.yaml", REGIONS)[0].jwks == {"keys": [PUBLIC]}


@pytest.mark.parametrize("options", [[], ["--jwks-url", f"{ISSUER}/jwks", "--jwks", "/dev/null"]])
def test_keys_come_from_one_place(options: list[str]) -> None:
    """An address or a file, one of them."""
    result = run(*NEW, *options)

    assert result.exit_code == 2
    assert "Say where its keys are: --jwks-url or --jwks, one of them." in result.stderr


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "not JSON, line 1, column 1; give the file with the EHR's public key set"),
        (b"<html>", "not JSON, line 1, column 1; give the file with the EHR's public key set"),
        (b'{"keys":\n [', "not JSON, line 2, column 3; give the file with the EHR's public key set"),
        (b"[" * 100_000, "not JSON; give the file with the EHR's public key set"),
        (b"\xff\xfe", "not UTF-8 text; save it as UTF-8"),
        ('{"keys": []}'.encode("utf-16"), "not UTF-8 text; save it as UTF-8"),
    ],
    ids=["empty", "page", "cut", "deep", "bytes", "utf-16"],
)
def test_a_key_file_that_is_not_json_is_told(tmp_path: Path, content: bytes, fault: str) -> None:
    """With the place, and what belongs there."""
    sent = tmp_path / "keys.json"
    sent.write_bytes(content)

    result = run(*NEW, "--jwks", sent)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"Error: {sent}: {fault}\n"


def test_a_byte_order_mark_before_a_key_set_is_passed_over(tmp_path: Path) -> None:
    """Windows writes one."""
    sent = tmp_path / "keys.json"
    sent.write_text(json.dumps({"keys": [PUBLIC]}), "utf-8-sig")

    assert run(*NEW, "--jwks", sent).exit_code == 0


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--id", "two words", "'two words' has a form that it may not have"),
        ("--issuer", "", "'' is empty; write something\n"),
        ("--issuer", "i" * 1025, "is longer than 1024 characters"),
        ("--issuer", "\udcff", "is not UTF-8 text"),
        ("--jwks-url", "ehr.example.nhs.uk/jwks", "'ehr.example.nhs.uk/jwks' is not an absolute URL"),
        ("--jwks-url", "http://ehr.example.nhs.uk/jwks", "is plain http, which is for this machine alone; use https"),
        ("--jwks-url", "https://me:marked-word@ehr.example.nhs.uk", "holds a user name, a query or a fragment"),
        ("--footprint", "", "'' is empty; write something\n"),
    ],
)
@pytest.mark.parametrize("kept", [True, False])
def test_a_value_that_no_entry_may_have_is_a_usage_error(
    config: Path, option: str, value: str, told: str, *, kept: bool
) -> None:
    """Also where the entry is printed: the file into which it is put would be refused."""
    stated = {"--id": "ehr", "--issuer": ISSUER, "--jwks-url": f"{ISSUER}/jwks", option: value}
    where = ["--config", config] if kept else []

    result = run("new", *(part for pair in stated.items() for part in pair), *where)

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"Invalid value for '{option}': " in result.stderr
    assert told in result.stderr
    assert "marked-word" not in result.stderr
    assert list(config.iterdir()) == []


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ("clents:\n  - id: a\n", "clients.yaml:1: clents: is not a key"),
        ("clients:\n\t- id: a\n", "clients.yaml:2: not YAML; mend the indentation or the quotes there"),
        ("words", "clients.yaml: starts with 'clients:' and a list of entries below it"),
    ],
)
def test_a_file_that_is_wrong_in_itself_is_told_of_that(config: Path, before: str, told: str) -> None:
    """And not that it has a style of its own, into which an entry could be put by hand."""
    path = config / "clients.yaml"
    path.write_text(before)

    result = run(*NEW, "--jwks-url", f"{ISSUER}/jwks", "--config", config)

    assert (result.exit_code, path.read_text()) == (1, before)
    assert result.stderr.startswith(f"Error: {told}")


def test_a_folder_to_check_that_is_none_is_told(tmp_path: Path, config: Path) -> None:
    """It was said to lack an entry."""
    (config / "clients.yaml").mkdir()
    none = tmp_path / "none"

    for folder, told in (
        (Path("c" * 300), f"{'c' * 300}: File name too long"),
        (none, f"--config {none}: no such folder; name the configuration folder"),
        (config, f"{config / 'clients.yaml'}: not a file; put the file clients.yaml in its place"),
    ):
        result = run("check", "--config", folder)
        assert (result.exit_code, result.stderr) == (1, f"Error: {told}\n")


@pytest.mark.parametrize(
    "content",
    [
        {"keys": [{"kty": "EC", "kid": "a", "crv": "P-384", "d": "marked-secret"}]},
        {"keys": [{"kty": "oct", "kid": "a", "k": "marked-secret"}]},
        {"kty": "EC", "kid": "a", "d": "marked-secret"},
        [1],
        {},
        None,
    ],
)
def test_a_key_file_that_could_not_be_used_is_refused(tmp_path: Path, config: Path, content: object) -> None:
    """A private key must not get into the folder, which is kept in git, nor onto the screen."""
    sent = tmp_path / "keys.json"
    sent.write_text(json.dumps(content))

    for options in ([], ["--config", config]):
        result = run(*NEW, "--jwks", sent, *options)

        assert (result.exit_code, "marked-secret" in result.output) == (1, False)
    assert not (config / "clients.yaml").exists()


def test_a_folder_in_place_of_a_key_file_is_told(tmp_path: Path) -> None:
    """Not raised."""
    result = run(*NEW, "--jwks", tmp_path)

    assert result.exit_code in {1, 2}
    assert str(tmp_path) in result.stderr


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """It is not made in passing."""
    result = run(*NEW, "--jwks-url", f"{ISSUER}/jwks", "--config", tmp_path / "none")

    assert result.exit_code == 1
    assert result.stderr.endswith("clients.yaml: No such file or directory; name a folder that can be written\n")


@pytest.mark.parametrize("before", ["clients: [{id: a}]\n", "clients:\n- id: a\n"])
def test_a_file_in_another_style_stays_as_it_was(config: Path, before: str) -> None:
    """With what to do instead."""
    path = config / "clients.yaml"
    path.write_text(before)

    result = run(*NEW, "--jwks-url", f"{ISSUER}/jwks", "--config", config)

    assert (result.exit_code, path.read_text()) == (1, before)
    assert "print the entry (without --config) and put it in by hand" in result.stderr


def test_a_file_in_another_encoding_is_told_and_stays_as_it_was(config: Path) -> None:
    """Not raised."""
    path = config / "clients.yaml"
    before = "clients:\n  - id: a\n    issuer: Lärche\n".encode("latin-1")
    path.write_bytes(before)

    result = run(*NEW, "--jwks-url", f"{ISSUER}/jwks", "--config", config)

    assert (result.exit_code, path.read_bytes()) == (1, before)
    assert str(path) in result.stderr


def minted(*options: object) -> Result:
    """Mint a token."""
    return run("token", "--issuer", ISSUER, "--audience", AUDIENCE, *options)


def public_set(result: Result) -> dict[str, Any]:
    """The key set that a command told."""
    told: dict[str, Any] = json.loads(result.stderr.splitlines()[-1])
    return told


@pytest.mark.parametrize("algorithm", [None, "ES256", "ES384", "EdDSA"])
def test_a_token_is_minted_from_a_key_that_is_made(tmp_path: Path, algorithm: str | None) -> None:
    """The token alone goes to standard output; it passes where the public half is registered."""
    key = tmp_path / "key.pem"

    result = minted("--key", key, *(["--algorithm", algorithm] if algorithm else []))

    token = read_token(result.stdout.removesuffix("\n"))
    registered = Client.model_validate(
        {"id": "a", "issuer": ISSUER, "jwks": public_set(result), "algorithms": [algorithm or "ES384"]}
    )
    matching = KeySet.pinned(registered.jwks, registered.algorithms).matching(token.kid, token.algorithm)
    check(token, registered, matching, [AUDIENCE])
    assert result.exit_code == 0
    assert result.stderr.splitlines()[:2] == [
        f"New key in {key}: keep it to yourself, and use it for tests alone.",
        "Register the public half (clients.yaml, jwks):",
    ]
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_the_private_key_is_never_printed(tmp_path: Path) -> None:
    """Neither as PEM nor as a member of the key set."""
    result = minted("--key", tmp_path / "key.pem")

    assert "PRIVATE" not in result.output
    assert set(public_set(result)["keys"][0]) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


def test_a_key_that_is_there_is_used_again(tmp_path: Path) -> None:
    """So that it is registered once."""
    first, second = (minted("--key", tmp_path / "key.pem") for _ in range(2))

    assert public_set(first) == public_set(second)
    assert "New key" not in second.stderr
    assert read_token(first.stdout.strip()).claims["jti"] != read_token(second.stdout.strip()).claims["jti"]


def test_the_key_file_has_a_name_of_its_own_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where none is given."""
    monkeypatch.chdir(tmp_path)

    assert minted().exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["test-client-key.pem"]


def test_life_and_tenant_are_as_asked(tmp_path: Path) -> None:
    """For trying what a service refuses."""
    claims = read_token(minted("--key", tmp_path / "k", "--life", 3600, "--tenant", "north").stdout.strip()).claims

    assert (claims["exp"] - claims["iat"], claims["tenant"]) == (3600, "north")


@pytest.mark.parametrize(
    "options", [["--life", "0"], ["--life", "3601"], ["--algorithm", "HS256"], ["--algorithm", "none"]]
)
def test_what_no_token_may_have_is_a_usage_error(tmp_path: Path, options: list[str]) -> None:
    """No key is made for it."""
    assert minted("--key", tmp_path / "k", *options).exit_code == 2
    assert not (tmp_path / "k").exists()


def test_a_key_of_another_algorithm_is_told(tmp_path: Path) -> None:
    """And nothing is printed that could be taken for a token."""
    key = tmp_path / "key.pem"
    SigningKey.made("ES384").save(key)

    result = minted("--key", key, "--algorithm", "RS384")

    assert (result.exit_code, result.stdout) == (1, "")
    told = "a key that cannot sign RS384; state --algorithm ES384, or name another file"
    assert result.stderr == f"Error: {key}: {told}\n"


@pytest.mark.parametrize(
    ("audience", "told"),
    [
        ("x", "'x' is not an absolute http or https URL"),
        ("", "'' is not an absolute http or https URL"),
        ("cds.example.nhs.uk/cds-services/a", "'cds.example.nhs.uk/cds-services/a' is not an absolute"),
        ("localhost:8000", "'localhost:8000' is not an absolute"),
        ("ftp://cds.example.nhs.uk", "'ftp://cds.example.nhs.uk' is not an absolute"),
        ("https://", "'https://' is not an absolute"),
        ("https://cds.example.nhs.uk:99999/a", "is not an absolute"),
        ("https://cds.example.nhs.uk/ a", "is not an absolute"),
        (f"{AUDIENCE}?a=b", f"'{AUDIENCE}?a=b' has a query or a fragment"),
        (f"{AUDIENCE}#a", f"'{AUDIENCE}#a' has a query or a fragment"),
        ("https://me:marked-word@cds.example.nhs.uk/a", "holds a user name, which no endpoint's URL has"),
    ],
)
def test_an_audience_that_no_endpoint_has_is_a_usage_error(tmp_path: Path, audience: str, told: str) -> None:
    """A token for it could never be accepted. No key is made for it."""
    key = tmp_path / "key.pem"

    result = run("token", "--issuer", ISSUER, "--audience", audience, "--key", key)

    assert (result.exit_code, result.stdout, key.exists()) == (2, "", False)
    assert "Invalid value for '--audience': " in result.stderr
    assert told in result.stderr
    assert "give the public URL of the endpoint, such as https://" in result.stderr
    assert "marked-word" not in result.stderr


@pytest.mark.parametrize("issuer", ["", "i" * 1025])
def test_an_issuer_that_no_client_may_have_is_a_usage_error(tmp_path: Path, issuer: str) -> None:
    """It could not be registered."""
    result = run("token", "--issuer", issuer, "--audience", AUDIENCE, "--key", tmp_path / "key.pem")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "Invalid value for '--issuer': " in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_key_path_that_the_system_does_not_take_is_told() -> None:
    """Not raised."""
    result = run("token", "--issuer", ISSUER, "--audience", AUDIENCE, "--key", "k" * 300)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"Error: --key {'k' * 300}: File name too long; name another file\n"


@pytest.mark.parametrize("content", ["words", None])
def test_a_key_file_that_cannot_be_used_is_told(tmp_path: Path, content: str | None) -> None:
    """One with something else in it, or in a folder that is not there."""
    key = tmp_path / "key.pem" if content is not None else tmp_path / "none" / "key.pem"
    if content is not None:
        key.write_text(content)

    result = minted("--key", key)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {key}: ")


def test_a_vendors_first_day(tmp_path: Path, config: Path) -> None:
    """A token, its key registered, the file checked: each command understands the one before."""
    token = minted("--key", tmp_path / "key.pem")
    (tmp_path / "keys.json").write_text(json.dumps(public_set(token)))
    added = run(*NEW, "--jwks", tmp_path / "keys.json", "--footprint", "nwl", "--config", config)

    result = run("check", "--config", config)

    assert (token.exit_code, added.exit_code, result.exit_code) == (0, 0, 0)
    assert f"  ok       {read_token(token.stdout.strip()).kid} (ES384), in the file\n" in result.stdout
