"""What uvicorn and Starlette would answer by themselves: each answer has an id, and none repeats a header."""

import json
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from cds_service.hooks.last_resort import LastResort
from cds_service.hooks.responses import json_response
from cds_service.limited_http import LimitedHttpProtocol
from cds_service.server import uvicorn_options
from tests.conftest import InProcess


async def never_asked(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that should not be reached; it starts and stops."""
    if scope["type"] == "lifespan":
        for happened in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{happened}.complete"})
        return
    await json_response({})(scope, receive, send)


@pytest.fixture
def full_server() -> Iterator[int]:
    """A server with a deployment's options that takes no connection more; its port."""

    class Full(LimitedHttpProtocol):
        most_connections = 0

    options = {**uvicorn_options(), "http": Full, "log_config": None}
    server = uvicorn.Server(uvicorn.Config(LastResort(never_asked), **options))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join()


def test_a_server_that_is_full_says_so_in_an_outcome(full_server: int) -> None:
    """503 with a correlation id and a time to come back, as every other error."""
    with socket.create_connection(("127.0.0.1", full_server), timeout=20) as connection:
        connection.sendall(b"GET /cds-services HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    head, _, body = received.decode().partition("\r\n\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:])

    assert head.startswith("HTTP/1.1 503 ")
    assert "x-correlation-id" in headers, f"{head}\n\n{body}"
    assert json.loads(body)["id"] == headers["x-correlation-id"]


@pytest.mark.parametrize("path", ["/health/live/", "/health/ready/", "/metrics/", "/pathways/nwl/"])
def test_an_address_with_a_slash_too_many_leads_nowhere(service: InProcess, path: str) -> None:
    """It is not found: a redirect would send the caller, query and all, to whatever host its header named."""
    answer = service.send("GET", f"{path}?patient=9990000018", headers={"Host": "elsewhere.example.org"})

    assert "elsewhere.example.org" not in str(answer.headers)
    assert "9990000018" not in str(answer.headers)
    assert answer.status_code == 404
