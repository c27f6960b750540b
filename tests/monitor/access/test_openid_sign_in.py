from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from pydantic import SecretStr
from starlette.applications import Starlette

from cds_service.monitor.access.access_file import load_access
from cds_service.monitor.access.access_log import AccessLog
from cds_service.settings import Settings
from cds_service.wiring.monitor import Monitor
from tests.monitor.access.conftest import PAGES, REGIONS, Browser, Clock, hidden_fields
from tests.monitor.access.provider import CLIENT_ID, CLIENT_SECRET, LocalProvider

ENTRA = {
    "provider": {"client_id": CLIENT_ID, "roles_claim": "roles", "algorithms": ["RS256", "ES256"]},
    "grants": [
        {"value": "Monitor.Analyst.NWL", "role": "analyst", "footprints": ["nwl"]},
        {"value": "Monitor.Safety", "role": "clinical_safety", "footprints": ["nwl", "nel"]},
    ],
}
KEYCLOAK = {
    "provider": {"client_id": CLIENT_ID, "roles_claim": "realm_access.roles"},
    "grants": [{"value": "monitor-viewer", "role": "viewer", "footprints": ["nel"]}],
}
CIS2 = {
    "provider": {
        "client_id": CLIENT_ID,
        "scopes": ["openid", "nationalrbacaccess", "selectedrole"],
        "client_authentication": "client_secret_post",
        "claims_from": "userinfo",
        "roles_claim": "nhsid_nrbac_roles",
        "selected_role": {"claim": "selected_roleid", "member": "person_roleid"},
    },
    "grants": [
        {"value": {"role_code": "S0010:G0020:R8015", "org_code": "Z99ICB"}, "role": "auditor", "footprints": ["nwl"]}
    ],
}


Serve = Callable[..., Browser]


@pytest.fixture
def serve(demo_settings: Settings, provider: LocalProvider, clock: Clock, tmp_path: Path) -> Iterator[Serve]:
    """Serves a deployment with a file, to a browser; several share one database."""
    started: list[tuple[Monitor, Browser]] = []

    def served(file: dict[str, Any] = ENTRA) -> Browser:
        stated = {**file, "provider": {"issuer": provider.issuer, **file["provider"]}}
        (tmp_path / "monitor-access.yaml").write_text(yaml.safe_dump(stated), "utf-8")
        settings = demo_settings.model_copy(update={"demo": False, "monitor_client_secret": SecretStr(CLIENT_SECRET)})
        monitor = Monitor(settings, lambda: REGIONS, clock, lambda _engine: PAGES)
        routes = monitor.routes(load_access(tmp_path / "monitor-access.yaml", frozenset(REGIONS)))
        started.append((monitor, Browser(Starlette(routes=routes), settings.public_url)))
        return started[-1][1]

    yield served
    for monitor, browser in started:
        browser.close()
        monitor.close()


@pytest.fixture
def log(clock: Clock, monitor: Monitor) -> Callable[[], list[tuple[str, str, str]]]:
    """What the access log says, the latest first."""
    assert monitor.engine is not None
    access_log = AccessLog(monitor.engine, clock)
    return lambda: [(one.what.value, one.subject, one.reason) for one in access_log.latest(REGIONS, 99)]


def sent_back(browser: Browser, to: str = "/monitor") -> str:
    """Begin to sign in, and have the provider send the browser back; the address that it brings."""
    away = browser.get("/monitor/sign-in", params={"return": to})
    assert away.status_code == 303
    return httpx.get(away.headers["location"], timeout=10).headers["location"]


def cookies_of(browser: Browser) -> str:
    """What a browser would send."""
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)


def signed_in(browser: Browser, to: str = "/monitor") -> httpx.Response:
    """Sign in; the answer at the end."""
    return browser.get(sent_back(browser, to))


def test_signing_in_gives_the_roles_of_the_claims(serve: Serve, log: Callable[[], list[tuple[str, str, str]]]) -> None:
    """Entra ID's app roles: the page asked for opens, another footprint does not."""
    browser = serve()

    answer = signed_in(browser, "/monitor/test/export-figures?region=nwl")

    assert (answer.status_code, answer.headers["location"]) == (303, "/monitor/test/export-figures?region=nwl")
    assert browser.get("/monitor/test/see-charts").text == "nwl"
    assert browser.get("/monitor/test/see-charts?region=nel").status_code == 403
    assert browser.get("/monitor/test/see-red-flag-cards").status_code == 403
    assert ("signed-in", "staff-1", "") in log()


def test_realm_roles_of_keycloak_are_found(serve: Serve, provider: LocalProvider) -> None:
    """In a claim within a claim; signed by another kind of key where that is listed."""
    provider.claims = {"realm_access": {"roles": ["offline_access", "monitor-viewer"]}}
    browser = serve(KEYCLOAK)

    assert signed_in(browser).status_code == 303
    assert browser.get("/monitor/test/see-charts").text == "nel"


def test_of_cis2_only_the_chosen_role_counts(serve: Serve, provider: LocalProvider) -> None:
    """Userinfo lists every role that somebody has; at sign-in they chose one."""
    roles = [
        {"person_roleid": "1", "role_code": "S0010:G0020:R8015", "org_code": "Z99ICB"},
        {"person_roleid": "2", "role_code": "S0010:G0020:R8015", "org_code": "Z99OTHER"},
    ]
    provider.userinfo = {"nhsid_nrbac_roles": roles, "selected_roleid": "1"}
    browser = serve(CIS2)
    assert signed_in(browser).status_code == 303
    assert browser.get("/monitor/test/read-access-log").text == "nwl"

    provider.userinfo = {"nhsid_nrbac_roles": roles, "selected_roleid": "2"}
    assert signed_in(serve(CIS2)).status_code == 403


def test_a_key_of_another_kind_signs_where_its_algorithm_is_listed(serve: Serve, provider: LocalProvider) -> None:
    """ES256 is on this deployment's list."""
    provider.sign = provider.signed_by_ec

    assert signed_in(serve()).status_code == 303


def test_who_has_no_role_is_told_so(
    serve: Serve, provider: LocalProvider, log: Callable[[], list[tuple[str, str, str]]]
) -> None:
    """The refusal is recorded with who it was."""
    provider.claims = {"roles": ["Something.Else"]}
    browser = serve()

    assert signed_in(browser).status_code == 403
    assert browser.get("/monitor/test/see-charts").status_code == 303
    assert log() == [("sign-in-refused", "staff-1", "no role")]


def spoil(**claims: object) -> Callable[[LocalProvider], None]:
    """Has the ID token say something else; None takes a claim away."""

    def change(found: dict[str, Any]) -> None:
        found.update({name: value for name, value in claims.items() if value is not None})
        for name in [name for name, value in claims.items() if value is None]:
            del found[name]

    return lambda provider: setattr(provider, "spoil", change)


ATTACKS: dict[str, Callable[[LocalProvider], None]] = {
    "another audience": spoil(aud="another-client"),
    "several audiences, presented by another": spoil(aud=[CLIENT_ID, "another"], azp="another"),
    "another issuer": spoil(iss="https://elsewhere.example"),
    "an old nonce": spoil(nonce="of-another-sign-in"),
    "no nonce": spoil(nonce=None),
    "expired": spoil(exp=1_700_000_000),
    "without an end": spoil(exp=None),
    "issued tomorrow": spoil(iat=4_000_000_000),
    "no subject": spoil(sub=None),
    "a subject that is no text": spoil(sub=7),
    "alg none": lambda provider: setattr(provider, "sign", provider.unsigned),
    "signed by a stranger": lambda provider: setattr(provider, "sign", LocalProvider().signed),
    "userinfo instead of a token": lambda provider: setattr(provider, "sign", lambda _claims: "{}"),
    "another access token's hash": spoil(at_hash="bm90IHRoZSBoYXNo"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_on_the_id_token_signs_nobody_in(serve: Serve, provider: LocalProvider, attack: str) -> None:
    """Each is refused with the same words."""
    ATTACKS[attack](provider)
    browser = serve()

    answer = signed_in(browser)

    assert answer.status_code == 403
    assert "The sign-in did not work" in answer.text
    assert browser.get("/monitor/test/see-charts").status_code == 303


def test_an_algorithm_that_is_not_listed_is_refused(serve: Serve, provider: LocalProvider) -> None:
    """Though the provider has such a key."""
    provider.claims = {"realm_access": {"roles": ["monitor-viewer"]}}
    provider.sign = provider.signed_by_ec

    assert signed_in(serve(KEYCLOAK)).status_code == 403


def test_userinfo_about_somebody_else_is_refused(serve: Serve, provider: LocalProvider) -> None:
    """Its subject must be the ID token's."""
    provider.userinfo = {"sub": "staff-2", "nhsid_nrbac_roles": [], "selected_roleid": "1"}

    assert signed_in(serve(CIS2)).status_code == 403


def test_a_wrong_state_signs_nobody_in(serve: Serve) -> None:
    """Nor none, nor one that was tampered with."""
    browser = serve()
    back = httpx.URL(sent_back(browser))

    for state in ("", "x" * 43):
        assert browser.get(str(back.copy_set_param("state", state))).status_code == 400


def test_an_answer_counts_in_the_browser_that_asked(serve: Serve) -> None:
    """Somebody else cannot be signed in as the attacker (login CSRF)."""
    mine, theirs = serve(), serve()
    sent_back(theirs)

    assert theirs.get(sent_back(mine)).status_code == 400


def test_an_answer_counts_once(serve: Serve) -> None:
    """A code that is brought again, as from the browser's history, is refused."""
    browser = serve()
    back = sent_back(browser)
    kept = {"cookie": cookies_of(browser)}

    assert browser.get(back).status_code == 303
    assert browser.get(back, headers=kept).status_code == 400


def test_a_code_of_another_sign_in_is_refused(serve: Serve) -> None:
    """It was asked for with another challenge (PKCE)."""
    mine, theirs = serve(), serve()
    stolen = httpx.URL(sent_back(theirs)).params["code"]
    back = httpx.URL(sent_back(mine)).copy_set_param("code", stolen)

    assert mine.get(str(back)).status_code == 403


def test_an_answer_of_another_issuer_is_refused(serve: Serve) -> None:
    """A mix-up of providers (RFC 9207)."""
    browser = serve()
    back = httpx.URL(sent_back(browser)).copy_set_param("iss", "https://elsewhere.example")

    assert browser.get(str(back)).status_code == 403


def test_a_sign_in_takes_ten_minutes_at_most(serve: Serve, clock: Clock) -> None:
    """Somebody who comes back later begins again."""
    browser = serve()
    back = sent_back(browser)
    clock.move(minutes=10)

    assert browser.get(back).status_code == 400


def test_a_refusal_of_the_provider_is_told(serve: Serve) -> None:
    """Without a word of what it sent."""
    browser = serve()
    state = httpx.URL(sent_back(browser)).params["state"]

    answer = browser.get(
        "/monitor/callback", params={"state": state, "error": "access_denied", "error_description": "Ann Smith"}
    )

    assert answer.status_code == 403
    assert "Ann" not in answer.text


@pytest.mark.parametrize("to", ["https://elsewhere.example/", "//elsewhere.example", "/monitor/../cds-services"])
def test_signing_in_leads_to_the_monitor_alone(serve: Serve, to: str) -> None:
    """An address elsewhere becomes the overview's (open redirect)."""
    assert signed_in(serve(), to).headers["location"] == "/monitor"


def test_the_discovery_document_must_be_the_issuer_s_own(serve: Serve, provider: LocalProvider) -> None:
    """And lead to safe addresses; else nobody is sent anywhere."""
    for wrong in ({"issuer": "https://elsewhere.example"}, {"token_endpoint": "http://elsewhere.example/token"}):
        provider.discovery = wrong
        assert serve().get("/monitor/sign-in").status_code == 503


def test_a_change_of_the_file_ends_sessions(serve: Serve) -> None:
    """A role that was taken away is gone with the change."""
    browser = serve()
    signed_in(browser)
    kept = {"cookie": cookies_of(browser)}
    assert serve().get("/monitor/test/see-charts", headers=kept).status_code == 200

    changed = {**ENTRA, "session": {"idle_minutes": 10}}
    assert serve(changed).get("/monitor/test/see-charts", headers=kept).status_code == 303


def test_signing_out_shows_the_way_to_sign_out_at_the_provider(serve: Serve, provider: LocalProvider) -> None:
    """The page's link leads there; the session here has ended anyway."""
    browser = serve()
    signed_in(browser)
    form = hidden_fields(browser.get("/monitor/test/see-red-flag-cards"))

    answer = browser.post("/monitor/sign-out", data=form)

    assert f'href="{provider.issuer}/sign-out?client_id={CLIENT_ID}"' in answer.text
    assert browser.get("/monitor/test/see-charts").status_code == 303


def signed_out(browser: Browser, worker: Browser) -> httpx.Response:
    """Sign a browser out at another worker, which has its session from the database."""
    form = hidden_fields(browser.get("/monitor/test/see-red-flag-cards"))
    return worker.post("/monitor/sign-out", data=form, headers={"cookie": cookies_of(browser)})


def test_a_worker_that_signed_nobody_in_shows_that_way_too(serve: Serve, provider: LocalProvider) -> None:
    """It asks the provider where the way is."""
    browser, worker = serve(), serve()
    signed_in(browser)

    assert f'href="{provider.issuer}/sign-out?client_id={CLIENT_ID}"' in signed_out(browser, worker).text


def test_signing_out_does_not_depend_on_the_provider(serve: Serve, provider: LocalProvider) -> None:
    """Where it gives no usable answer, no way to it is shown."""
    browser, worker = serve(), serve()
    signed_in(browser)
    provider.discovery = {"issuer": "https://elsewhere.example"}

    answer = signed_out(browser, worker)

    assert (answer.status_code, "You are signed out" in answer.text) == (200, True)
    assert browser.get("/monitor/test/see-charts").status_code == 303


def test_serve_has_no_demo_sign_in(serve: Serve) -> None:
    """Its form is met by no route that would sign anybody in."""
    answer = serve().post("/monitor/sign-in", data={"role": "admin", "footprint": "nwl"})

    assert answer.status_code in {404, 405}
    assert "set-cookie" not in answer.headers
