"""A monitor with one page for each kind of permission, signed in to as anybody."""

import asyncio
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from cds_service.cardlog.migrating import bring_up_to_date
from cds_service.monitor.access.guard import GuardedPage, Visit
from cds_service.monitor.access.permissions import Permission
from cds_service.settings import Settings
from cds_service.wiring.monitor import Monitor
from tests.monitor.access.provider import LocalProvider

REGIONS = ("nel", "nwl")


def show_regions(_request: Request, visit: Visit) -> Response:
    """A page that says what it may be about."""
    return PlainTextResponse(" ".join(visit.regions))


PAGES = tuple(
    GuardedPage(f"/monitor/test/{each}", each, show_regions, is_export=each is Permission.EXPORT_FIGURES)
    for each in Permission
)
"""One page for each permission; that of exports is a file."""


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def move(self, **by: float) -> None:
        """Let time pass: `minutes=31`."""
        self.now += timedelta(**by)


def hidden_fields(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of a page's form."""
    return {
        name: unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
    }


class Browser:
    """Something that keeps cookies and follows nothing by itself.

    Args:
        app: the service.
        address: where it thinks the service is.
    """

    def __init__(self, app: ASGIApp, address: str) -> None:
        self._runner = asyncio.Runner()
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=address)

    def get(self, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own options
        """Open a page."""
        return self._runner.run(self._client.get(path, **options))

    def post(self, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own options
        """Send a form."""
        return self._runner.run(self._client.post(path, **options))

    @property
    def cookies(self) -> httpx.Cookies:
        """What it keeps."""
        return self._client.cookies

    def close(self) -> None:
        """Forget everything."""
        self._runner.run(self._client.aclose())
        self._runner.close()


@pytest.fixture
def clock() -> Clock:
    """The monitor's clock."""
    return Clock()


@pytest.fixture(scope="session")
def empty_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A card log without a row, to be copied."""
    path = tmp_path_factory.mktemp("empty") / "log.sqlite3"
    bring_up_to_date(f"sqlite:///{path}")
    return path


@pytest.fixture
def demo_settings(tmp_path: Path, empty_log: Path) -> Settings:
    """A demo at the usual address."""
    shutil.copy(empty_log, tmp_path / "log.sqlite3")
    return Settings(config=tmp_path, demo=True, auth="off", database_url=f"sqlite:///{tmp_path}/log.sqlite3")


@pytest.fixture
def monitor(demo_settings: Settings, clock: Clock) -> Iterator[Monitor]:
    """The demo's monitor."""
    monitor = Monitor(demo_settings, lambda: REGIONS, clock, lambda _engine: PAGES)
    yield monitor
    monitor.close()


@pytest.fixture
def engine(monitor: Monitor) -> Engine:
    """The way to its database."""
    assert monitor.engine is not None
    return monitor.engine


@pytest.fixture
def browser(monitor: Monitor, demo_settings: Settings) -> Iterator[Browser]:
    """A browser in front of the demo's monitor, signed in as nobody."""
    browser = Browser(Starlette(routes=monitor.routes(None)), demo_settings.public_url)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def running() -> Iterator[LocalProvider]:
    """One provider for all."""
    with LocalProvider() as provider:
        yield provider


@pytest.fixture
def provider(running: LocalProvider) -> LocalProvider:
    """The provider, well-behaved."""
    running.claims = {"roles": ["Monitor.Analyst.NWL"]}
    running.userinfo = {}
    running.discovery = {}
    running.spoil = lambda _claims: None
    running.sign = running.signed
    return running


SignIn = Callable[..., httpx.Response]


@pytest.fixture
def sign_in(browser: Browser) -> SignIn:
    """Signs the browser in at the demo's page."""

    def signed_in(role: str, *footprints: str, to: str = "/monitor") -> httpx.Response:
        form = hidden_fields(browser.get("/monitor/sign-in", params={"return": to}))
        return browser.post("/monitor/sign-in", data={**form, "role": role, "footprint": list(footprints)})

    return signed_in
