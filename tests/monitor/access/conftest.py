"""A monitor with one page for each kind of permission, signed in to as anybody."""

import asyncio
import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from cds_service.monitor.access.guard import GuardedPage, Visit
from cds_service.monitor.access.permissions import Permission
from cds_service.monitor_wiring import monitor_routes
from cds_service.settings import Settings

REGIONS = ("nel", "nwl")


def show_regions(_request: Request, visit: Visit) -> Response:
    """A page that says what it may be about."""
    return PlainTextResponse(" ".join(visit.regions))


PAGES = tuple(GuardedPage(f"/monitor/{permission.value}", permission, show_regions) for permission in Permission)
"""One page for each permission."""


def hidden_fields(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of a page's form."""
    return {
        name: unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
    }


@pytest.fixture
def demo_settings(tmp_path: Path) -> Settings:
    """A demo at the usual address."""
    return Settings(config=tmp_path, demo=True, auth="off", database_url=f"sqlite:///{tmp_path}/log.sqlite3")


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
def browser(demo_settings: Settings) -> Iterator[Browser]:
    """A browser in front of the demo's monitor, signed in as nobody."""
    app = Starlette(routes=monitor_routes(demo_settings, REGIONS, PAGES))
    browser = Browser(app, demo_settings.public_url)
    yield browser
    browser.close()


SignIn = Callable[..., httpx.Response]


@pytest.fixture
def sign_in(browser: Browser) -> SignIn:
    """Signs the browser in at the demo's page."""

    def signed_in(role: str, *footprints: str, to: str = "/monitor") -> httpx.Response:
        form = hidden_fields(browser.get("/monitor/sign-in", params={"return": to}))
        return browser.post("/monitor/sign-in", data={**form, "role": role, "footprint": list(footprints)})

    return signed_in
