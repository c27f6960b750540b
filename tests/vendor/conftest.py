"""Real servers on free ports: the demo, and a little service whose parts a test may spoil."""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from cds_service.app import create_app
from cds_service.settings import Settings
from cds_service.vendor.wire import Wire
from tests.conftest import DEMO_CONFIGURATION

sys.path.insert(0, str(Path(__file__).parent))

from little_service import LittleService


class Replaceable:
    """An application that hands on to another, which each test brings along."""

    def __init__(self) -> None:
        self.app: ASGIApp = LittleService()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on."""
        await self.app(scope, receive, send)


class _Announced(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()


@contextmanager
def served(app: ASGIApp, lifespan: str = "off") -> Iterator[str]:
    """Serve an application from a thread of its own; gives its base URL."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, lifespan=lifespan, log_config=None, access_log=False)  # type: ignore[arg-type]  # a literal of its own
        server = _Announced(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        assert server.listens.wait(timeout=30)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=30)


@pytest.fixture(scope="session")
def demo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demo as `make run` starts it."""
    database = tmp_path_factory.mktemp("demo") / "card-log.sqlite3"
    settings = Settings(config=DEMO_CONFIGURATION, database_url=f"sqlite:///{database}", auth="off", demo=True)
    with served(create_app(settings), lifespan="on") as url:
        yield url


@pytest.fixture(scope="session")
def replaceable() -> Iterator[tuple[Replaceable, str]]:
    """A server whose application is replaced, and its base URL."""
    app = Replaceable()
    with served(app) as url:
        yield app, url


@pytest.fixture
def little_url(replaceable: tuple[Replaceable, str]) -> str:
    """Where the little service is served."""
    return replaceable[1]


@pytest.fixture
def little(replaceable: tuple[Replaceable, str]) -> LittleService:
    """A little service that keeps every rule, until the test spoils it."""
    service = LittleService()
    replaceable[0].app = service
    return service


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Requests without credentials that wait long enough for a slow machine."""
    with Wire(timeout=30) as wire:
        yield wire


@pytest.fixture
def closed_url() -> str:
    """A loopback address where nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
    return f"http://127.0.0.1:{port}"
