"""Take the pictures of the documentation from a real demo: `python -m tests.browser.screenshots`.

Whoever takes them looks at each before it is committed: nothing overlaps, nothing is empty, and the words can be read.
"""

import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.browser.demo_service import chromium, launch, running_demo

IMAGES = Path(__file__).parents[2] / "docs" / "images"

DESKTOP = ViewportSize(width=1100, height=820)
PHONE = ViewportSize(width=390, height=780)


class Picture(NamedTuple):
    """A picture of a page.

    Attributes:
        file: its name in `docs/images`.
        address: from the root of the service.
        size: of the window.
        whole: the one element that it shows; None for the window.
    """

    file: str
    address: str
    size: ViewportSize
    whole: str | None = None


CES = "/checker?body=lumbar-spine&reason=192970008&age=adult&oncology=none"

PICTURES = (
    Picture("checker.png", CES, DESKTOP),
    Picture("checker-phone.png", CES, PHONE),
    Picture("checker-why.png", CES, DESKTOP, "section[aria-labelledby=why]"),
)


def take(browser: Browser, demo: str, picture: Picture) -> None:
    """Take one picture."""
    with browser.new_context(viewport=picture.size, locale="en-GB") as context:
        page: Page = context.new_page()
        page.goto(f"{demo}{picture.address}")
        shown = page if picture.whole is None else page.locator(picture.whole)
        shown.screenshot(path=IMAGES / picture.file)


def main() -> None:
    """Take them all."""
    executable = chromium()
    if executable is None:
        sys.exit("No Chromium is installed; see tests/browser/demo_service.py for the names that are looked for.")
    with tempfile.TemporaryDirectory() as folder, running_demo(Path(folder)) as demo, sync_playwright() as playwright:
        browser = launch(playwright, executable)
        for picture in PICTURES:
            take(browser, demo, picture)
        browser.close()


if __name__ == "__main__":
    main()
