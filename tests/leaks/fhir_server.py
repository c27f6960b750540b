"""A FHIR server over TLS that fails each read in another way, and repeats all that it was sent."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.leaks.marked import MARK


class _Echo(BaseHTTPRequestHandler):
    """A FHIR server that fails each read in another way and repeats all that it was sent."""

    statuses = iter([500, 401, 404, 302, 200] * 100)

    def do_GET(self) -> None:
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
