import re
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import Engine

from cds_service.monitor.access.access_log import AccessLog
from cds_service.monitor.access.api_tokens import ApiToken, ApiTokens
from cds_service.monitor.access.permissions import ROLES
from cds_service.monitor.access.sessions import Sessions
from cds_service.monitor.access.viewer import Grant, Viewer
from tests.monitor.access.conftest import Browser, Clock, SignIn

EXPORT = "/monitor/test/export-figures"
MANAGE = "/monitor/access"


@pytest.fixture
def tokens(engine: Engine, clock: Clock) -> ApiTokens:
    """The deployment's."""
    return ApiTokens(engine, clock)


@pytest.fixture
def entries(engine: Engine, clock: Clock) -> Callable[[str], list[tuple[str, str, tuple[str, ...], str]]]:
    """What an auditor of a region reads of what the admin did, the latest first."""
    log = AccessLog(engine, clock)

    def read(region: str) -> list[tuple[str, str, tuple[str, ...], str]]:
        found = [one for one in log.latest([region], 99) if one.what != "signed-in"]
        return [(one.what.value, one.subject, one.footprints, one.reason) for one in found]

    return read


def form(page: httpx.Response, button: str) -> dict[str, str]:
    """The fields of the form that has this on its button."""
    (found,) = [one for one in re.findall(r"<form.*?</form>", page.text, re.DOTALL) if button in one]
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', found))


def made(tokens: ApiTokens, *footprints: str) -> tuple[ApiToken, str]:
    """A token for some regions, and its secret."""
    return tokens.make("nightly export", "analyst", footprints, timedelta(days=7))


def test_an_admin_revokes_a_token(
    browser: Browser,
    sign_in: SignIn,
    tokens: ApiTokens,
    entries: Callable[[str], list[tuple[str, str, tuple[str, ...], str]]],
) -> None:
    """It counts no longer; the auditors of all its regions are told. There is nothing to press a second time."""
    token, secret = made(tokens, "nwl", "nel")
    sign_in("admin", "nwl")
    sent = form(browser.get(MANAGE), f"Revoke the API token nightly export ({token.token_id})")

    assert browser.post(MANAGE, data=sent).status_code == 303
    browser.post(MANAGE, data=sent)

    assert browser.get(EXPORT, headers={"authorization": f"Bearer {secret}"}).status_code == 401
    assert "Revoke the API token" not in browser.get(MANAGE).text
    ended = ("token-revoked", "demo-admin", ("nel", "nwl"), token.token_id)
    assert [one for one in entries("nel") if one[0] == "token-revoked"] == [ended]


def test_an_admin_ends_a_session(
    browser: Browser,
    sign_in: SignIn,
    engine: Engine,
    clock: Clock,
    entries: Callable[[str], list[tuple[str, str, tuple[str, ...], str]]],
) -> None:
    """Whoever it was signs in again; it is written down who ended it, and whose it was."""
    sessions = Sessions(engine, "demo", clock=clock)
    secret = sessions.start(Viewer("ann", "demo", (Grant(ROLES["viewer"], frozenset({"nel", "nwl"})),)))
    sign_in("admin", "nwl")

    sent = form(browser.get(MANAGE), "End the session of ann since")
    assert browser.post(MANAGE, data=sent).status_code == 303

    assert sessions.resume(secret) is None
    assert entries("nel") == [("session-ended", "demo-admin", ("nel", "nwl"), "ann")]


def test_an_admin_ends_nothing_of_other_regions(
    browser: Browser, sign_in: SignIn, tokens: ApiTokens, engine: Engine, clock: Clock
) -> None:
    """Nor sees it; a form that was made up does nothing."""
    token, secret = made(tokens, "nel")
    sessions = Sessions(engine, "demo", clock=clock)
    theirs = sessions.start(Viewer("ann", "demo", (Grant(ROLES["viewer"], frozenset({"nel"})),)))
    session = sessions.resume(theirs)
    assert session is not None
    sign_in("admin", "nwl")
    page = browser.get(MANAGE)

    for made_up in ({"token": token.token_id}, {"session": session.key}):
        browser.post(MANAGE, data={**form(page, "Sign out"), **made_up})

    assert (token.token_id in page.text, "ann" in page.text) == (False, False)
    assert sessions.resume(theirs) is not None
    assert browser.get(EXPORT, headers={"authorization": f"Bearer {secret}"}).status_code == 200


@pytest.mark.parametrize("form_token", [{}, {"form_token": "x" * 43}])
def test_another_site_ends_nothing(
    browser: Browser, sign_in: SignIn, tokens: ApiTokens, form_token: dict[str, str]
) -> None:
    """A form without the session's token is refused (CSRF)."""
    token, secret = made(tokens, "nwl")
    sign_in("admin", "nwl")

    assert browser.post(MANAGE, data={**form_token, "token": token.token_id}).status_code == 403
    assert browser.get(EXPORT, headers={"authorization": f"Bearer {secret}"}).status_code == 200
