"""Walking through the pages as a visitor does: where to begin, whom to sign in as, and what must hold of each page."""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import BrowserContext, Page, Response

STARTS = (
    "/checker",
    "/checker?body=lumbar-spine&reason=192970008&age=adult&oncology=past",
    "/checker?region=nel&register=current&age=adult",
    "/checker?region=unresolved&setting=unknown",
    "/pathways/nwl",
    "/monitor/sign-in",
)
"""Pages that anybody may open, one for each look that a page can have."""

WRONG = ("/checker?region=nowhere&age=seven&stranger=1",)
"""Pages that say what is wrong: 400."""

ROLES = ("clinical_safety", "analyst", "auditor", "admin")
"""Whom the demo's monitor is walked through as; what one has seen, the next passes over."""


class Seen(NamedTuple):
    """A page that was opened.

    Attributes:
        address: from the root of the service.
        page: the browser's page, still open.
        response: what the service answered.
    """

    address: str
    page: Page
    response: Response


def walk(context: BrowserContext, demo: str) -> Iterator[Seen]:
    """Open every page in turn: those that anybody may open, the wrong ones, and for each role all of the monitor."""
    page = context.new_page()
    for address in (*STARTS, *WRONG):
        yield _opened(page, demo, address)
    seen = {*STARTS}
    for role in ROLES:
        waiting = sign_in(page, demo, role)
        while waiting:
            address = waiting.pop(0)
            if address not in seen:
                seen.add(address)
                yield _opened(page, demo, address)
                waiting += _navigation(page)
        context.clear_cookies()
    page.close()


def sign_in(page: Page, demo: str, role: str) -> list[str]:
    """Sign in by the demo's own form; where the navigation leads to that this role then has."""
    page.goto(f"{demo}/monitor/sign-in")
    page.locator(f"input[name=role][value={role}]").check()
    page.get_by_role("button", name="Sign in").click()
    addresses = _navigation(page)
    assert addresses, f"{role} has no way on from {page.url}"
    return addresses


def _navigation(page: Page) -> list[str]:
    """Where a page's navigation leads, without what a filter adds."""
    addresses = (link.get_attribute("href") or "" for link in page.locator("nav.sections a").all())
    return [urlsplit(urljoin(page.url, address)).path for address in addresses]


def _opened(page: Page, demo: str, address: str) -> Seen:
    response = page.goto(f"{demo}{address}")
    assert response is not None
    return Seen(address, page, response)


def problems_of(seen: Seen, expected_status: int) -> list[str]:
    """What is wrong with how a page stands in the browser.

    It must be answered as expected, have one main heading and a title, fit its window without being moved sideways,
    and show each of its pictures.
    """
    page = seen.page
    headings = page.locator("h1").count()
    widths = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    empty = page.evaluate("[...document.images].filter(image => !image.complete || !image.naturalWidth).length")
    checks = {
        f"answered {seen.response.status}": seen.response.status == expected_status,
        f"has {headings} main headings": headings == 1,
        "has no title": bool(page.title()),
        f"is {widths[0]} wide in a window of {widths[1]}": widths[0] <= widths[1],
        f"has {empty} pictures that do not show": empty == 0,
    }
    return [f"{seen.address} {problem}" for problem, holds in checks.items() if not holds]


class Complaints:
    """What the browser complains of while pages are open: refused by the policy, failed, or asked of anybody else."""

    def __init__(self, context: BrowserContext, demo: str) -> None:
        self.heard: list[str] = []
        context.on("console", lambda message: self._said(message.type, message.text))
        context.on("requestfailed", lambda request: self._failed(request.url, request.failure))
        context.on("request", lambda request: self._asked(request.url, demo))

    def _said(self, kind: str, text: str) -> None:
        # The browser notes it in its console when a page that says what is wrong is answered 400, and when whoever
        # signed in may not see the monitor's first page.
        expected = "status of 400" in text or "status of 403" in text
        if kind in {"error", "warning"} and not expected:
            self.heard.append(text)

    def _failed(self, url: str, failure: str | None) -> None:
        # Who goes on to another page before the pictures have come needs them no more.
        if failure != "net::ERR_ABORTED":
            self.heard.append(f"{url} failed: {failure}")

    def _asked(self, url: str, demo: str) -> None:
        if not url.startswith((f"{demo}/", "data:")):
            self.heard.append(f"asked of somebody else: {url}")
