"""Walking through the pages as a visitor does: where to begin, and what must hold of each page."""

from collections.abc import Iterator
from typing import NamedTuple

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
    """Open every page in turn: those that anybody may open, and the wrong ones."""
    page = context.new_page()
    for address in (*STARTS, *WRONG):
        response = page.goto(f"{demo}{address}")
        assert response is not None
        yield Seen(address, page, response)
    page.close()


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
        context.on("requestfailed", lambda request: self.heard.append(f"{request.url} failed: {request.failure}"))
        context.on("request", lambda request: self._asked(request.url, demo))

    def _said(self, kind: str, text: str) -> None:
        # A page that says what is wrong is answered 400, and the browser notes that in its console.
        if kind in {"error", "warning"} and "status of 400" not in text:
            self.heard.append(text)

    def _asked(self, url: str, demo: str) -> None:
        if not url.startswith((f"{demo}/", "data:")):
            self.heard.append(f"asked of somebody else: {url}")
