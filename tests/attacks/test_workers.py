"""Replay against real worker processes, as `cds-service serve --workers 2` starts them, and across a restart."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from cds_service.settings import Settings
from tests.attacks.conftest import PUBLIC, Deploy, Signer, a_call
from tests.conftest import SERVICE

READY_WITHIN = 60.0
"""Seconds that two workers may take to start on a busy machine."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(settings: Settings, workers: int) -> Iterator[str]:
    """The service as its command starts it; its address."""
    port = free_port()
    command = [sys.executable, "-m", "cds_service", "serve", "--config", str(settings.config), "--port", str(port)]
    process = subprocess.Popen(  # noqa: S603 - our own command line
        [*command, "--workers", str(workers), "--base-url", PUBLIC, "--database-url", settings.database_url],
        env={name: value for name, value in os.environ.items() if not name.startswith("CDS_SERVICE_")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(address, process)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=READY_WITHIN)


def _wait_until_ready(address: str, process: "subprocess.Popen[bytes]") -> None:
    give_up_at = time.monotonic() + READY_WITHIN
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            if httpx.get(f"{address}/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)  # not listening yet
    raise AssertionError("the service did not start")


def post(address: str, token: str) -> int:
    """Send a call on a connection of its own, which any worker may take; the status of its answer."""
    return httpx.post(address + SERVICE, json=a_call(), headers={"Authorization": f"Bearer {token}"}).status_code


def test_one_token_is_taken_once_by_all_workers_and_after_a_restart(
    deploy: Deploy, signers: tuple[Signer, Signer, Signer]
) -> None:
    """Whichever worker is asked, and whoever asks first."""
    ehr = signers[0]
    settings, _ = deploy({"id": "ehr", "issuer": ehr.issuer, "jwks": {"keys": [ehr.jwk]}})
    tokens = [ehr.token() for _ in range(4)]

    with served(settings, workers=2) as address:
        for token in tokens:
            assert Counter(post(address, token) for _ in range(6)) == {200: 1, 401: 5}
    with served(settings, workers=1) as address:
        assert {post(address, token) for token in tokens} == {401}
        assert post(address, ehr.token()) == 200
