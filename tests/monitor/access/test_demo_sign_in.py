import pytest
from starlette.applications import Starlette

from cds_service.settings import Settings
from cds_service.wiring.monitor import Monitor
from tests.monitor.access.conftest import PAGES, REGIONS, Browser, Clock, SignIn, hidden_fields


def test_signing_in_leads_to_where_one_wanted_to_go(browser: Browser, sign_in: SignIn) -> None:
    """With its filters."""
    answer = sign_in("viewer", "nwl", to="/monitor/test/see-charts?region=nwl")

    assert (answer.status_code, answer.headers["location"]) == (303, "/monitor/test/see-charts?region=nwl")
    assert browser.get(answer.headers["location"]).status_code == 200


@pytest.mark.parametrize(
    "wanted",
    [
        "https://elsewhere.example/monitor",
        "//elsewhere.example/monitor",
        "/\\elsewhere.example",
        "/monitor/../cds-services",
        "/monitor/%2e%2e/cds-services",
        "/monitor/%2E%2E/%2e./x?region=nwl",
        "/monitor/.%2e%2fcds-services",
        "/monitor/..%5ccds-services",
        "/monitor/..#/pathways",
        "/monitor\\..\\elsewhere",
        "/monitor/\r\nset-cookie: a=b",
        "/cds-services",
        "javascript:alert(1)",
        "/monitorial",
        "/monitor/sign-out",
        "",
    ],
)
def test_signing_in_leads_nowhere_else(sign_in: SignIn, wanted: str) -> None:
    """Another site's address, or another page's, becomes the overview's (open redirect)."""
    assert sign_in("viewer", "nwl", to=wanted).headers["location"] == "/monitor"


def test_a_role_and_a_region_must_be_chosen(sign_in: SignIn) -> None:
    """What is not offered cannot be chosen."""
    assert sign_in("viewer").status_code == 400
    assert sign_in("superuser", "nwl").status_code == 400
    assert sign_in("viewer", "everywhere").status_code == 400


def test_a_sign_in_form_that_was_not_asked_for_is_refused(browser: Browser) -> None:
    """Another site cannot sign somebody in as it likes."""
    answer = browser.post("/monitor/sign-in", data={"role": "viewer", "footprint": "nwl"})

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_signing_in_gives_a_secret_of_its_own(browser: Browser, sign_in: SignIn) -> None:
    """A secret that was planted before is not the session's afterwards (session fixation)."""
    browser.cookies.set("cds-monitor", "planted", domain="127.0.0.1", path="/")
    sign_in("viewer", "nwl")

    kept = [cookie.value for cookie in browser.cookies.jar if cookie.name == "cds-monitor"]
    assert kept
    assert "planted" not in kept
    assert browser.get("/monitor/test/see-charts").status_code == 200


def test_signing_in_again_ends_the_session_before(browser: Browser, sign_in: SignIn) -> None:
    """Another's on a shared machine, for one: nobody could sign out of it any more."""
    sign_in("analyst", "nwl")
    (secret,) = [cookie.value for cookie in browser.cookies.jar if cookie.name == "cds-monitor"]
    sign_in("viewer", "nwl")

    assert browser.get("/monitor/test/see-charts", headers={"cookie": f"cds-monitor={secret}"}).status_code == 303
    assert browser.get("/monitor/test/see-charts").status_code == 200


def test_signing_out_ends_the_session(browser: Browser, sign_in: SignIn) -> None:
    """Though somebody kept its secret."""
    sign_in("viewer", "nwl")
    (secret,) = [cookie.value for cookie in browser.cookies.jar if cookie.name == "cds-monitor"]
    form = hidden_fields(browser.get("/monitor/test/read-access-log"))

    assert browser.post("/monitor/sign-out", data=form).status_code == 200
    assert browser.get("/monitor/test/see-charts", headers={"cookie": f"cds-monitor={secret}"}).status_code == 303


@pytest.mark.parametrize("sent", [{}, {"form_token": ""}, {"form_token": "x" * 43}])
def test_nobody_is_signed_out_by_another_site(browser: Browser, sign_in: SignIn, sent: dict[str, str]) -> None:
    """A form without its token, or with another, does nothing (CSRF)."""
    sign_in("viewer", "nwl")

    assert browser.post("/monitor/sign-out", data=sent).status_code == 403
    assert browser.get("/monitor/test/see-charts").status_code == 200


def test_the_cookie_is_out_of_reach(sign_in: SignIn) -> None:
    """Of scripts and of other sites' requests; over plain http on loopback it has no prefix and needs no TLS."""
    (cookie,) = [one for one in sign_in("viewer", "nwl").headers.get_list("set-cookie") if "cds-monitor=" in one]

    assert cookie.split("; ")[1:] == ["HttpOnly", "Path=/", "SameSite=lax"]


def test_without_a_card_log_the_monitor_says_so(demo_settings: Settings, clock: Clock) -> None:
    """And names the setting, since no file of the folder would help."""
    monitor = Monitor(demo_settings.model_copy(update={"card_log": "off"}), lambda: REGIONS, clock, lambda _: PAGES)
    browser = Browser(Starlette(routes=monitor.routes(None)), demo_settings.public_url)

    answer = browser.get("/monitor/about")

    browser.close()
    monitor.close()
    assert answer.status_code == 404
    assert "CDS_SERVICE_CARD_LOG=off" in answer.text
    assert "monitor-access.yaml" not in answer.text


@pytest.mark.parametrize("address", ["/monitor", "/monitor/sign-in", "/monitor/test/see-charts"])
def test_serve_without_a_provider_has_no_monitor(demo_settings: Settings, clock: Clock, address: str) -> None:
    """A page says that it is not set up; nobody can sign in, whatever the environment says."""
    settings = demo_settings.model_copy(update={"demo": False})
    monitor = Monitor(settings, lambda: REGIONS, clock, lambda _engine: PAGES)
    browser = Browser(Starlette(routes=monitor.routes(None)), settings.public_url)

    answer = browser.get(address)

    browser.close()
    monitor.close()
    assert answer.status_code == 404
    assert "is not set up" in answer.text
