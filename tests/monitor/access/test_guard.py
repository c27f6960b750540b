from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette

from cds_service.monitor.access.access_log import AccessLog
from cds_service.monitor.access.guard import GuardedPage
from cds_service.monitor.access.permissions import ROLES, Permission
from cds_service.settings import Settings
from cds_service.wiring.monitor import Monitor
from tests.monitor.access.conftest import PAGES, REGIONS, Browser, Clock, SignIn, hidden_fields, show_regions

MATRIX = {
    "viewer": {"see-charts"},
    "analyst": {"see-charts", "export-figures"},
    "pathway_owner": {"see-charts"},
    "clinical_safety": {"see-charts", "see-red-flag-cards"},
    "auditor": {"read-access-log"},
    "admin": {"manage-access"},
}
"""Who may do what, written down a second time on purpose."""


def test_the_matrix_is_that_of_the_roles() -> None:
    """A role that is given more is given it in two places."""
    assert {name: {*role.permissions} for name, role in ROLES.items()} == MATRIX


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", ROLES)
def test_a_page_opens_for_the_roles_that_have_its_permission(
    browser: Browser, sign_in: SignIn, role: str, permission: Permission
) -> None:
    """Each page and each role: own regions, another's, and both at once."""
    sign_in(role, "nwl")
    path = f"/monitor/test/{permission}"
    allowed = 200 if permission in MATRIX[role] else 403

    assert browser.get(path).status_code == allowed
    assert browser.get(path, params={"region": "nwl"}).status_code == allowed
    assert browser.get(path, params={"region": "nel"}).status_code == 403
    assert browser.get(path, params={"region": ["nwl", "nel"]}).status_code == 403


@pytest.mark.parametrize("permission", Permission)
def test_nobody_sees_a_page_without_signing_in(browser: Browser, permission: Permission) -> None:
    """They are sent to the sign-in, which knows where they wanted to go."""
    answer = browser.get(f"/monitor/test/{permission}?region=nwl")

    assert answer.status_code == 303
    assert answer.headers["location"] == f"/monitor/sign-in?return=%2Fmonitor%2Ftest%2F{permission}%3Fregion%3Dnwl"


def test_a_page_is_about_the_regions_of_its_viewer(browser: Browser, sign_in: SignIn) -> None:
    """Without a filter it is about all that are held, with one about those named, however they are spelt."""
    sign_in("viewer", *REGIONS)

    assert browser.get("/monitor/test/see-charts").text == "nel nwl"
    assert browser.get("/monitor/test/see-charts?region=NWL&region=").text == "nwl"


def test_a_header_that_is_no_token_of_ours_takes_no_session_away(browser: Browser, sign_in: SignIn) -> None:
    """A browser sends what a proxy asked it for (Basic) with every request, exports too."""
    sign_in("analyst", "nwl")
    basic = {"authorization": "Basic Y2xpbmljOnNlY3JldA=="}

    assert browser.get("/monitor/test/export-figures", headers=basic).text == "nwl"


def test_a_region_that_there_is_not_is_refused_like_another_s(browser: Browser, sign_in: SignIn) -> None:
    """What there is beside their own regions is not told."""
    sign_in("viewer", "nwl")

    def answer(region: str) -> httpx.Response:
        return browser.get("/monitor/test/see-charts", params={"region": region})

    assert answer("nowhere").status_code == 403
    assert answer("nowhere").text == answer("nel").text


def test_rows_of_no_footprint_need_a_grant_of_their_own(browser: Browser, sign_in: SignIn) -> None:
    """`other` and `unresolved` are regions as any."""
    sign_in("viewer", "nwl", "unresolved")

    assert browser.get("/monitor/test/see-charts").text == "nwl unresolved"
    assert browser.get("/monitor/test/see-charts?region=other").status_code == 403


@pytest.mark.parametrize(
    ("role", "first"), [("auditor", "/monitor/access-log"), ("admin", "/monitor/access"), ("viewer", None)]
)
def test_the_front_door_leads_whoever_sees_no_figures_to_their_own_first_page(
    demo_settings: Settings, clock: Clock, role: str, first: str | None
) -> None:
    """Every sign-in leads there, and so does the product's name: refusals of what nobody asked for hide the real."""
    front = GuardedPage("/monitor", Permission.SEE_CHARTS, show_regions)
    monitor = Monitor(demo_settings, lambda: REGIONS, clock, lambda _engine: (front,))
    assert monitor.engine is not None
    browser = Browser(Starlette(routes=monitor.routes(None)), demo_settings.public_url)
    form = hidden_fields(browser.get("/monitor/sign-in"))
    browser.post("/monitor/sign-in", data={**form, "role": role, "footprint": ["nwl"]})

    answer = browser.get("/monitor")
    refused = [entry.page for entry in AccessLog(monitor.engine, clock).latest(REGIONS, 10) if entry.what == "refused"]
    with_figures = browser.get("/monitor?region=nwl").status_code
    browser.close()
    monitor.close()

    assert (answer.status_code, answer.headers.get("location")) == ((200, None) if first is None else (302, first))
    assert refused == []
    assert with_figures == (200 if first is None else 403)


@pytest.fixture
def regions() -> list[str]:
    """The regions that have a pathway; a test takes one away, as a folder does that is read again."""
    return [*REGIONS]


@pytest.fixture
def analyst(demo_settings: Settings, clock: Clock, regions: list[str]) -> Iterator[Browser]:
    """A browser signed in for every region, while there were all of them."""
    monitor = Monitor(demo_settings, lambda: regions, clock, lambda _engine: PAGES)
    browser = Browser(Starlette(routes=monitor.routes(None)), demo_settings.public_url)
    form = hidden_fields(browser.get("/monitor/sign-in"))
    browser.post("/monitor/sign-in", data={**form, "role": "analyst", "footprint": [*REGIONS]})
    yield browser
    browser.close()
    monitor.close()


def test_a_region_that_is_no_more_is_refused_like_one_that_never_was(analyst: Browser, regions: list[str]) -> None:
    """A role that was held for it gives nothing there, and a page about all regions leaves it out."""
    path = "/monitor/test/see-charts"
    assert analyst.get(path, params={"region": "nel"}).text == "nel"
    regions.remove("nel")

    gone, nowhere = (analyst.get(path, params={"region": region}) for region in ("nel", "nowhere"))

    assert (gone.status_code, gone.text) == (403, nowhere.text)
    assert analyst.get(path).text == "nwl"
    form = analyst.get("/monitor/sign-in").text
    assert ('value="nwl"' in form, 'value="nel"' in form) == (True, False)


def test_a_role_for_no_region_that_there_is_opens_nothing(analyst: Browser, regions: list[str]) -> None:
    """Until the region is there again."""
    regions.clear()
    assert analyst.get("/monitor/test/see-charts").status_code == 403
    regions.append("nwl")
    assert analyst.get("/monitor/test/see-charts").text == "nwl"
