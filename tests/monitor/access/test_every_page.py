"""The matrix over the monitor's own route table: a new page is covered as soon as it is there."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

from cds_service.monitor.access.guard import GuardedPage, GuardedRoute
from cds_service.monitor.access.permissions import Permission
from cds_service.settings import Settings
from cds_service.wiring.folder import FolderInForce, read_folder
from cds_service.wiring.monitor import Monitor, figure_pages
from tests.conftest import DEMO_CONFIGURATION
from tests.monitor.access.conftest import REGIONS, Browser, Clock, hidden_fields, show_regions
from tests.monitor.access.test_guard import MATRIX

OPEN = {"/monitor/sign-in", "/monitor/sign-out", "/monitor", "/monitor/{rest:path}"}
"""Those that somebody may open who is not signed in; the last two say that there is no such page."""


@pytest.fixture
def routes(demo_settings: Settings, clock: Clock) -> Iterator[list[BaseRoute]]:
    """Everything below `/monitor` in the demo, in the order in which it is tried."""
    settings = demo_settings.model_copy(update={"config": DEMO_CONFIGURATION})
    in_force = FolderInForce(read_folder(settings, clock().date()))
    monitor = Monitor(settings, in_force.regions, clock, figure_pages(settings, in_force, clock))
    yield list(monitor.routes(None))
    monitor.close()


@pytest.fixture
def pages(routes: list[BaseRoute]) -> list[GuardedPage]:
    """The guarded pages among them."""
    return [route.page for route in routes if isinstance(route, GuardedRoute)]


def test_every_page_names_its_permission(routes: list[BaseRoute]) -> None:
    """Beside sign-in and sign-out there is nothing at the monitor's addresses that is not guarded."""
    below = [route for route in routes if isinstance(route, Route) and route.path.startswith("/monitor")]
    unguarded = {route.path for route in below if not isinstance(route, GuardedRoute)}

    assert unguarded == OPEN
    assert {below[-1].path, below[-2].path} == {"/monitor", "/monitor/{rest:path}"}
    assert len([route for route in below if isinstance(route, GuardedRoute)]) > 40


def test_a_token_may_ask_for_files_alone(pages: list[GuardedPage]) -> None:
    """For every file that is an export, and for no page, though it leads to exports."""
    files = {page.path for page in pages if page.path.endswith((".csv", ".json", ".png"))}

    assert {page.path for page in pages if page.is_export} == files
    assert {page.permission for page in pages if page.is_export} == {Permission.EXPORT_FIGURES}


@pytest.fixture
def browser_of(demo_settings: Settings, clock: Clock, pages: list[GuardedPage]) -> Iterator[Callable[[str], Browser]]:
    """A browser signed in for nwl with a role, before every page, whose content is only the regions it may be about."""
    bare = [replace(page, endpoint=show_regions) for page in pages if "GET" in page.methods]
    ours = {"/monitor/access-log", "/monitor/access"}
    figures = [page for page in bare if page.path not in ours]
    monitor = Monitor(demo_settings, lambda: REGIONS, clock, lambda _engine: figures)
    browsers: list[Browser] = []

    def signed_in(role: str) -> Browser:
        browser = Browser(Starlette(routes=monitor.routes(None)), demo_settings.public_url)
        browsers.append(browser)
        form = hidden_fields(browser.get("/monitor/sign-in"))
        browser.post("/monitor/sign-in", data={**form, "role": role, "footprint": "nwl"})
        return browser

    yield signed_in
    for browser in browsers:
        browser.close()
    monitor.close()


@pytest.mark.parametrize("role", MATRIX)
def test_the_matrix_holds_for_every_page(
    browser_of: Callable[[str], Browser], pages: list[GuardedPage], role: str
) -> None:
    """Own region as the role says; another footprint never, with whatever role."""
    browser, wrong = browser_of(role), []
    for page in pages:
        if "GET" not in page.methods:
            continue
        path = re.sub(r"\{\w+\}", "nwl", page.path)
        own, other = (browser.get(path, params={"region": region}).status_code for region in ("nwl", "nel"))
        if (own, other) != (200 if page.permission in MATRIX[role] else 403, 403):
            wrong.append((page.path, own, other))

    assert wrong == []
