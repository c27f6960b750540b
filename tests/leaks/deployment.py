"""A deployment in a process of its own, as `cds-service serve` starts it, and its registered clients."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import yaml

from cds_service.security.minting import SigningKey
from tests.conftest import DEMO_CONFIGURATION, SERVICE, JsonObject
from tests.leaks.marked import (
    LISTED_ORIGIN,
    METRICS_TOKEN,
    PATIENCE,
    PUBLIC,
    Marked,
    Told,
    marked_call,
)


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

    def send(
        self,
        name: str,
        expected: int,
        method: str = "POST",
        path: str = SERVICE,
        **options: Any,  # noqa: ANN401 - httpx's own
    ) -> None:
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
