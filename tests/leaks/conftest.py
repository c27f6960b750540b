"""A deployment in a process of its own, every error path driven with marked data, and all that it left behind.

Everything that a client sends and that is about somebody, or secret, holds the mark, is an NHS number of the 999
range, or is kept in a list of secrets (tokens and their parts, uuids).
"""

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from cds_service.security.minting import SigningKey
from fhir_fixtures import hook_call
from tests.conftest import DEMO_CONFIGURATION, SERVICE, JsonObject
from tests.leaks.talkative import DEFECT_PATIENT, FROM_HERE_ON, LAST_PATIENT

FEEDBACK = f"{SERVICE}/feedback"
PUBLIC = "https://cds.example.nhs.uk"
METRICS_TOKEN = "zqx-metrics-token"  # noqa: S105 - of this test's own deployment
LISTED_ORIGIN = "https://ehr.example.nhs.uk"
PATIENCE = 20.0
"""Seconds after which something that should happen has not."""

MARK = "zqx"
NHS_NUMBERS = ("9990000018", "999 000 0018")
BIRTH_DATE = "1937-03-09"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@dataclass
class Marked:
    """What must never be found where the service keeps or tells anything."""

    secrets: set[str] = field(default_factory=set)

    def secret(self, value: str) -> str:
        """Remember a value that holds no mark of its own."""
        self.secrets.add(value)
        return value

    def uuid(self) -> str:
        """A new uuid that a client sends and nobody may repeat."""
        return self.secret(str(uuid4()))

    def found_in(self, text: str) -> set[str]:
        """The marked values that stand in a text."""
        marks = set(re.findall(rf".{{0,30}}{MARK}.{{0,30}}", text, re.IGNORECASE))
        return marks | {value for value in (*self.secrets, *NHS_NUMBERS, BIRTH_DATE) if value in text}


@dataclass(frozen=True, slots=True)
class Told:
    """One answer, and the path that it ends.

    Attributes:
        name: the error path.
        expected: the status that it must have.
        status: the status that it has.
        headers: names in lower case.
        body: as it came.
    """

    name: str
    expected: int
    status: int
    headers: dict[str, str]
    body: str

    @property
    def identifier(self) -> str:
        """The correlation id of the headers."""
        return self.headers.get("x-correlation-id", "no correlation id")


@dataclass
class Left:
    """What a driven deployment told and kept."""

    marked: Marked
    told: list[Told]
    output: str = ""
    output_of_the_end: str = ""
    metrics: str = ""
    files: dict[str, bytes] = field(default_factory=dict)


def marked_call(marked: Marked, patient_id: str = "zqx-patient") -> JsonObject:
    """A knee MRI from a practice in North West London with everything about the patient marked."""
    call = hook_call("nwl-gp-knee-mri-pain--redirect.json")
    call["hookInstance"] = marked.uuid()
    call["context"].update({"patientId": patient_id, "encounterId": "zqx-encounter"})
    patient = call["prefetch"]["patient"]
    patient.update({"id": patient_id, "birthDate": BIRTH_DATE, "name": [{"family": "Zqxfamily", "given": ["Zqxgiven"]}]})
    patient["identifier"] = [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": NHS_NUMBERS[0]}]
    order = call["context"]["draftOrders"]["entry"][0]["resource"]
    order["subject"] = {"reference": f"Patient/{patient_id}", "display": "Zqxgiven Zqxfamily"}
    order["note"] = [{"text": f"zqx-note: {NHS_NUMBERS[1]} born {BIRTH_DATE}"}]
    order["reasonCode"].append({"text": "zqx-reason, lives at zqx-street"})
    return call


def in_another_region(call: JsonObject, file: str) -> JsonObject:
    """The marked call with the requester's side of another."""
    other = hook_call(file)
    order = call["context"]["draftOrders"]["entry"][0]["resource"]
    order["requester"] = other["context"]["draftOrders"]["entry"][0]["resource"]["requester"]
    call["context"]["userId"] = other["context"]["userId"]
    kept = call["prefetch"]["patient"]
    kept.pop("generalPractitioner", None)
    kept.pop("managingOrganization", None)
    call["prefetch"] = {**other["prefetch"], "patient": kept}
    return call


FEEDBACK_BODY: JsonObject = {
    "card": "zqx-card",
    "outcome": "overridden",
    "overrideReason": {"reason": {"code": "zqx patient's code", "system": "zqx"}, "userComment": "zqx comment"},
    "outcomeTimestamp": "2026-11-21T09:30:00Z",
}


class _Echo(BaseHTTPRequestHandler):
    """A FHIR server that fails each read in another way and repeats all that it was sent."""

    statuses = iter([500, 401, 404, 302, 200] * 100)

    def do_GET(self) -> None:  # noqa: N802 - the library's name
        """Repeat address and headers."""
        heard = f"zqx-echo {self.path} {dict(self.headers)}"
        body = json.dumps({"resourceType": "OperationOutcome", "issue": [{"diagnostics": heard}]}).encode()
        self.send_response(next(self.statuses), "zqx-phrase")
        self.send_header("Location", f"http://127.0.0.1:1/{MARK}")
        self.send_header("X-Echo", heard.replace("\n", " "))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def echoing_fhir_server(certificate: Path) -> Iterator[str]:
    """Run it; give its base."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        server.socket = _with_tls(certificate).wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_port}/fhir"
        finally:
            server.shutdown()
            thread.join()


def _with_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def certificate_of_loopback(path: Path) -> Path:
    """Write a key and its certificate for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test FHIR server")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem + certificate.public_bytes(Encoding.PEM))
    return path


@dataclass
class Ehr:
    """A registered client: its issuer, its key, and what it marks."""

    name: str
    marked: Marked
    key: SigningKey

    @property
    def issuer(self) -> str:
        """Known to the service, and yet nothing to repeat."""
        return f"https://zqx-{self.name}.example.nhs.uk"

    def token(self, path: str, **changed: object) -> str:
        """A token of its own, but for the claims given; every part of it is secret."""
        signed = self.key.token(self.issuer, PUBLIC + path)
        claims = jwt.decode(signed, options={"verify_signature": False})
        claims.update({"jti": self.marked.secret(f"zqx-jti-{uuid4()}"), **changed})
        private: Any = self.key._private
        signed = jwt.encode(claims, private, self.key.algorithm, headers={"kid": self.key.public_jwk["kid"]})
        for part in signed.split("."):
            self.marked.secret(part)
        return signed


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Deployment:
    """The process, and the requests sent to it."""

    def __init__(self, folder: Path, marked: Marked, fhir_server: str) -> None:
        self.folder = folder
        self.marked = marked
        self.fhir_server = fhir_server
        self.port = free_port()
        self.told: list[Told] = []
        self.ehrs = {
            name: Ehr(name, marked, SigningKey.made("ES256")) for name in ("main", "limited", "elsewhere", "down")
        }
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=PATIENCE, trust_env=False)
        self._output: list[str] = []
        self._is_up = threading.Event()

    def configure(self) -> None:
        """Write the configuration folder."""
        shutil.copytree(DEMO_CONFIGURATION, self.folder / "configuration")
        more: dict[str, JsonObject] = {
            "main": {"fhir_servers": [self.fhir_server], "cors_origins": [LISTED_ORIGIN]},
            "limited": {"rate": "1/day"},
            "elsewhere": {"footprints": ["nel"]},
            "down": {"jwks_url": f"http://127.0.0.1:{free_port()}/jwks"},
        }
        clients = []
        for name, ehr in self.ehrs.items():
            keys = {} if name == "down" else {"jwks": {"keys": [ehr.key.public_jwk]}}
            clients.append({"id": name, "issuer": ehr.issuer, "algorithms": ["ES256"], **keys, **more[name]})
        written = yaml.safe_dump({"clients": clients})
        (self.folder / "configuration" / "clients.yaml").write_text(written, encoding="utf-8")

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run `serve` until all was driven; keep every line that it writes."""
        environment = {
            **os.environ,
            "CDS_SERVICE_CONFIG": str(self.folder / "configuration"),
            "CDS_SERVICE_DATABASE_URL": f"sqlite:///{self.folder / 'card-log.sqlite3'}",
            "CDS_SERVICE_PORT": str(self.port),
            "CDS_SERVICE_BASE_URL": PUBLIC,
            "CDS_SERVICE_METRICS_TOKEN": METRICS_TOKEN,
            "SSL_CERT_FILE": str(self.folder / "fhir-server.pem"),
            "PYTHONWARNINGS": "default",
        }
        command = [sys.executable, "-m", "tests.leaks.talkative", "serve"]
        root = Path(__file__).parents[2]
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, env=environment, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert process.stdout is not None
        reader = threading.Thread(target=self._read, args=(process.stdout,))
        reader.start()
        try:
            assert self._is_up.wait(PATIENCE * 3)
            assert process.poll() is None, self.output
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)
            reader.join()
            process.stdout.close()
            self.client.close()

    def _read(self, stream: Any) -> None:  # noqa: ANN401 - a text stream
        for line in stream:
            self._output.append(line)
            if "Uvicorn running" in line:
                self._is_up.set()
        self._is_up.set()  # it has ended: nobody need wait any longer

    @property
    def output(self) -> str:
        """Everything written so far."""
        return "".join(self._output)

    def send(self, name: str, expected: int, method: str = "POST", path: str = SERVICE, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        """Send a request with marked headers, and keep what is told."""
        headers = {
            "X-Correlation-ID": self.marked.uuid(),
            "User-Agent": "zqx-agent",
            "X-Forwarded-For": "192.0.2.99, zqx-proxy",
            "Cookie": "session=zqx-cookie",
            **options.pop("headers", {}),
        }
        response = self.client.request(method, path, headers=headers, **options)
        self.told.append(Told(name, expected, response.status_code, dict(response.headers), response.text))
        return response

    def call(self, name: str, expected: int, body: object = None, *, ehr: str = "main", path: str = SERVICE) -> None:
        """Send a hook call, or feedback, with a good token."""
        headers = {"Authorization": f"Bearer {self.ehrs[ehr].token(path)}"}
        sent = marked_call(self.marked) if body is None else body
        self.send(name, expected, path=path, json=sent, headers=headers)

    def talk(self, name: str, expected: int, request: bytes) -> None:
        """Send raw bytes, and keep what is told until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
            connection.sendall(request)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        head, _, body = received.decode().partition("\r\n\r\n")
        status, *lines = head.split("\r\n")
        headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in lines)}
        self.told.append(Told(name, expected, int(status.split()[1]), headers, body))


def bad_callers(service: Deployment) -> None:
    """401, 403, 429 and 503 for who calls."""
    main = service.ehrs["main"]
    call = marked_call(service.marked)

    def bearing(name: str, expected: int, token: str, **headers: str) -> None:
        sent = {"Authorization": f"Bearer {token}", **headers}
        service.send(name, expected, json=call, headers=sent)

    service.send("no token", 401, json=call)
    bearing("no JWT", 401, "zqx-not-a-token")
    bearing("another scheme", 401, "zqx zqx")
    bearing("unknown issuer", 401, main.token(SERVICE, iss="https://zqx-unknown.example.org"))
    bearing("issuer of a wrong type", 401, main.token(SERVICE, tenant={"zqx": 1}, exp="zqx"))
    bearing("another audience", 401, main.token(SERVICE, aud="https://zqx-audience.example.org"))
    bearing("expired", 401, main.token(SERVICE, iat=1_700_000_000, exp=1_700_000_300))
    bearing("too long a life", 401, main.token(SERVICE, exp=4_000_000_000))
    forged = Ehr("main", service.marked, SigningKey.made("ES256"))
    bearing("a key of one's own", 401, forged.token(SERVICE))
    token = main.token(SERVICE)
    bearing("first use", 200, token)
    bearing("replay", 401, token)
    bearing("an origin that is not listed", 403, main.token(SERVICE), Origin="https://zqx-origin.example.org")
    bearing("discovery's token", 401, main.token("/cds-services"))
    service.call("within the rate", 200, ehr="limited")
    service.call("beyond the rate", 429, ehr="limited")
    service.call("keys not reached", 503, ehr="down")
    service.call("another footprint", 403, ehr="elsewhere")
    service.send("discovery with a bad token", 401, "GET", "/cds-services", headers={"Authorization": "Bearer zqx"})
    service.send("metrics without a token", 401, "GET", "/metrics", headers={"Authorization": "Bearer zqx-guess"})


def bad_addresses(service: Deployment) -> None:
    """404 and 405, with words in the address."""
    service.send("unknown service", 404, path="/cds-services/zqx-service?patient=zqx", json={})
    service.send("feedback of an unknown service", 404, path="/cds-services/9990000018/feedback", json={})
    service.send("unknown address", 404, "GET", "/zqx/9990000018?name=zqx")
    service.send("unknown pathway", 404, "GET", "/pathways/zqx")
    service.send("the fixture server, which is not there", 404, "GET", "/fhir/Patient/zqx")
    service.send("another method", 405, "DELETE", f"{SERVICE}?patient=zqx")
    service.send("another method on a page", 405, "PUT", "/health/live?patient=zqx")


def bad_bodies(service: Deployment) -> None:
    """400, 408, 412, 413 and 415 for what came."""
    marked, main = service.marked, service.ehrs["main"]

    def sent(name: str, expected: int, content: bytes, path: str = SERVICE, **headers: str) -> None:
        bearer = {"Authorization": f"Bearer {main.token(path)}", "Content-Type": "application/json"}
        service.send(name, expected, path=path, content=content, headers={**bearer, **headers})

    whole = json.dumps(marked_call(marked))
    sent("cut short", 400, whole[: len(whole) // 2].encode())
    sent("another encoding", 400, whole.encode("utf-16"))
    sent("no object", 400, b'"zqx"')
    sent("too deep", 400, b'{"zqx":' * 80 + b"1" + b"}" * 80)
    sent("a key twice", 400, whole.replace('"patientId":', '"patientId": "zqx", "patientId":').encode())
    sent("a NUL", 400, whole.replace("zqx-note", "zqx-note\\u0000").encode())
    sent("half a surrogate pair", 400, whole.replace("zqx-note", "zqx-note\\ud800").encode())
    sent("of another kind", 415, b"zqx", **{"Content-Type": "text/zqx"})
    sent("compressed", 415, b"zqx", **{"Content-Encoding": "zqx"})
    for name, change in BAD_CALLS.items():
        call = marked_call(marked)
        change(call)
        service.call(name, 413 if name == "too many drafts" else 400, call)
    nowhere = in_another_region(marked_call(marked), "unresolved-region-knee-mri-pain--could-not-evaluate.json")
    service.call("of no region", 412, nowhere)
    service.call("feedback of a wrong shape", 400, {"feedback": [{**FEEDBACK_BODY, "outcome": "zqx"}]}, path=FEEDBACK)
    dated = {**FEEDBACK_BODY, "outcomeTimestamp": "zqx-time", "card": ["zqx"]}
    service.call("feedback with a wrong time", 400, {"feedback": [dated]}, path=FEEDBACK)
    service.call("feedback accepted without a suggestion", 400, {"feedback": [_accepted()]}, path=FEEDBACK)


def _accepted() -> JsonObject:
    return {**FEEDBACK_BODY, "outcome": "accepted"}


def _order(call: JsonObject) -> JsonObject:
    order: JsonObject = call["context"]["draftOrders"]["entry"][0]["resource"]
    return order


BAD_CALLS: dict[str, Any] = {
    "of another hook": lambda call: call.update(hook="zqx-hook"),
    "without an instance": lambda call: call.update(hookInstance="zqx-instance"),
    "with a user of another type": lambda call: call["context"].update(userId=["zqx"]),
    "with a selection that is no draft": lambda call: call["context"].update(selections=["ServiceRequest/zqx"]),
    "with a code as text": lambda call: _order(call).update(code="zqx"),
    "with a reason as text": lambda call: _order(call).update(reasonCode="zqx"),
    "with a broken authorisation": lambda call: call.update(fhirAuthorization={"access_token": ["zqx"]}),
    "with an authorisation alone": lambda call: call.update(
        fhirAuthorization={
            "access_token": "zqx",
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "zqx",
            "subject": "zqx",
        }
    ),
    "too many drafts": lambda call: call["context"]["draftOrders"].update(entry=[{"fullUrl": "zqx"}] * 201),
}


def raw_requests(service: Deployment) -> None:
    """What is refused before it is a request, and what comes too slowly or too large."""
    head = f"POST {SERVICE}?zqx HTTP/1.1\r\nHost: zqx.example.org\r\n"
    bearer = f"Authorization: Bearer {service.ehrs['main'].token(SERVICE)}\r\n"
    service.talk("no HTTP", 400, b"zqx zqx zqx\r\n\r\n")
    service.talk("a wrong header", 400, f"{head}zqx header\r\n\r\n".encode())
    service.talk("a head too large", 431, f"{head}X-Padding: {'zqx' * 20_000}\r\n\r\n".encode())
    announced = f"{head}{bearer}Content-Type: application/json\r\nConnection: close\r\nContent-Length: 5000000\r\n\r\n"
    service.talk("a body too large", 413, announced.encode())
    bearer = f"Authorization: Bearer {service.ehrs['main'].token(SERVICE)}\r\n"
    slow = f"{head}{bearer}Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{{\"zqx\":"
    service.talk("a body too slow", 408, slow.encode())


def reads_that_fail(service: Deployment) -> None:
    """A FHIR server that fails and echoes, and one that is not listed: the order is decided on what came."""
    for name, base in (("a server that echoes", service.fhir_server), ("a server not listed", "https://zqx.example.org/fhir")):
        call = marked_call(service.marked)
        call["fhirServer"] = base
        call["fhirAuthorization"] = {
            "access_token": "zqx-access-token",
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "zqx-scope",
            "subject": "zqx-subject",
            "patient": "zqx-patient",
        }
        call["prefetch"] = {}
        service.call(name, 412, call)


LOG = "card-log.sqlite3"
SEEN = "card-log-seen-tokens.sqlite3"
TABLES = ((LOG, "evaluation"), (LOG, "feedback"), (SEEN, "seen_token"))


def faults_of_our_own(service: Deployment) -> None:
    """The defect, and databases that refuse and quote what they refuse."""
    service.call("a defect", 500, marked_call(service.marked, DEFECT_PATIENT))
    service.call("feedback that is stored", 200, {"feedback": [FEEDBACK_BODY]}, path=FEEDBACK)
    change_tables(
        service,
        f"CREATE TRIGGER refuse_{{0}} BEFORE INSERT ON {{0}} BEGIN SELECT RAISE(ABORT, '{MARK} says the database'); END",
    )
    service.call("feedback that is refused", 503, {"feedback": [FEEDBACK_BODY]}, path=FEEDBACK)
    service.call("a call beside failing databases", 200)


def allow_rows(service: Deployment) -> None:
    """Let the databases take rows again."""
    change_tables(service, "DROP TRIGGER refuse_{0}")


def change_tables(service: Deployment, statement: str) -> None:
    """Run a statement on each table that the process writes."""
    for file, table in TABLES:
        with closing(sqlite3.connect(service.folder / file, timeout=PATIENCE)) as connection, connection:
            connection.execute(statement.format(table))


@pytest.fixture(scope="session")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    """Drive a deployment through every error path, stop it, and hand over all that it left."""
    marked = Marked()
    folder = tmp_path_factory.mktemp("leaks")
    with echoing_fhir_server(certificate_of_loopback(folder / "fhir-server.pem")) as fhir_server:
        service = Deployment(folder, marked, fhir_server)
        service.configure()
        with service.running():
            bad_callers(service)
            bad_addresses(service)
            bad_bodies(service)
            raw_requests(service)
            reads_that_fail(service)
            faults_of_our_own(service)
            access = {"Authorization": f"Bearer {METRICS_TOKEN}"}
            metrics = service.client.get("/metrics", headers=access).text
            allow_rows(service)
            service.call("the last patient", 200, marked_call(marked, LAST_PATIENT))
    files = {file.name: file.read_bytes() for file in sorted(service.folder.glob("*.sqlite3*"))}
    output, _, output_of_the_end = service.output.partition(FROM_HERE_ON)
    return Left(marked, service.told, output, output_of_the_end, metrics, files)
