"""Every page in a real browser: with and without JavaScript, wide and narrow, by keyboard, and held to axe's rules."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize

from tests.browser.walking import STARTS, WRONG, Complaints, problems_of, sign_in, walk

DESKTOP = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=320, height=700)
"""The width at which nothing may have to be moved sideways (WCAG 2.2, 1.4.10): a 1280 pixels wide window at 400 %."""

SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
@SIZES
def test_every_page_stands_well(browser: Browser, demo: str, size: ViewportSize, *, javascript: bool) -> None:
    """It is answered, fits the window, shows its pictures, and neither breaks its own policy nor asks anybody else."""
    with browser.new_context(viewport=size, java_script_enabled=javascript, locale="en-GB") as context:
        complaints = Complaints(context, demo)
        problems = [
            problem
            for seen in walk(context, demo)
            for problem in problems_of(seen, 400 if seen.address in WRONG else 200)
        ]

    assert problems + complaints.heard == []


@SIZES
def test_axe_finds_no_violation(browser: Browser, demo: str, size: ViewportSize) -> None:
    """On any page, by any of its rules; its script is let past the policy for this alone."""
    axe = Axe()
    violations = []
    with browser.new_context(viewport=size, bypass_csp=True, locale="en-GB") as context:
        for seen in walk(context, demo):
            for violation in axe.run(seen.page).response["violations"]:
                places = [" ".join(node["target"]) for node in violation["nodes"][:3]]
                violations.append(f"{seen.address}: {violation['id']}: {violation['help']}: {places}")

    assert violations == []


FOCUS = """() => {
  const element = document.activeElement, style = getComputedStyle(element), box = element.getBoundingClientRect();
  const words = (element.textContent || '').trim().slice(0, 30);
  return {
    name: element.tagName + (element.id ? '#' + element.id : '') + ' ' + words,
    nowhere: element === document.body,
    folded: element.matches('details:not([open]) > summary'),
    visible: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    shown: box.bottom > 0 && box.top < innerHeight && box.right > 0,
  };
}"""

MOST_STOPS = 400


def stops_of(page: Page) -> list[dict[str, object]]:
    """Everything that the Tab key leads to, in order, until it leaves the page; what is folded is opened on the way."""
    stops: list[dict[str, object]] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUS)
        if stop["nowhere"]:
            return stops
        stops.append(stop)
        if stop["folded"]:
            page.keyboard.press("Enter")
    pytest.fail(f"{page.url}: the Tab key does not leave the page again")


@pytest.mark.parametrize("address", [STARTS[0], STARTS[1], "/pathways/nwl", "/monitor"])
def test_everything_can_be_reached_by_keyboard_and_seen_to_be(browser: Browser, demo: str, address: str) -> None:
    """Each link, field and box once, on the screen, with a ring around it; the way past the navigation comes first."""
    with browser.new_context(viewport=DESKTOP, locale="en-GB") as context:
        page = context.new_page()
        if address.startswith("/monitor"):
            sign_in(page, demo, "viewer")
        page.goto(f"{demo}{address}")
        stops = stops_of(page)
        reachable = page.locator("a[href], button, input:not([type=hidden]), select, textarea, summary").count()

    assert [stop["name"] for stop in stops if not (stop["visible"] and stop["shown"])] == []
    assert str(stops[0]["name"]).endswith("Skip to main content")
    assert len(stops) >= reachable


def test_the_checker_is_used_by_keyboard_alone_without_javascript(browser: Browser, demo: str) -> None:
    """From the way past the navigation to the card."""
    with browser.new_context(viewport=PHONE, java_script_enabled=False, locale="en-GB") as context:
        page = context.new_page()
        page.goto(f"{demo}/checker")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.locator("#body").focus()
        page.keyboard.type("Lumbar")
        page.get_by_label("Cauda equina syndrome", exact=True).focus()
        page.keyboard.press("Space")
        page.get_by_role("button", name="Show the answer").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**reason=192970008**")
        summary = page.locator("article.card h3").inner_text()

    assert "suspected cauda equina syndrome" in summary


def test_what_is_chosen_can_be_copied(browser: Browser, demo: str) -> None:
    """A click into the box and the keys for all of it: the selection is the whole call."""
    with browser.new_context(viewport=DESKTOP, locale="en-GB") as context:
        page = context.new_page()
        page.goto(f"{demo}{STARTS[1]}")
        box = page.get_by_label("The call")
        box.focus()
        page.keyboard.press("ControlOrMeta+a")
        chosen = page.evaluate("getSelection().toString()")
        whole = box.input_value()

    assert chosen == whole
    assert '"hook": "order-select"' in chosen


def test_paper_gets_the_card_and_not_the_form(browser: Browser, demo: str) -> None:
    """What is for the screen alone is left out."""
    with browser.new_context(viewport=DESKTOP, locale="en-GB") as context:
        page = context.new_page()
        page.goto(f"{demo}{STARTS[1]}")
        page.emulate_media(media="print")
        card, form = page.locator("article.card").is_visible(), page.locator("form").is_visible()

    assert (card, form) == (True, False)


def test_colours_of_the_readers_own_are_followed(browser: Browser, demo: str) -> None:
    """With forced colours a tag keeps its border, since its ground is gone."""
    with browser.new_context(viewport=DESKTOP, forced_colors="active", locale="en-GB") as context:
        page = context.new_page()
        page.goto(f"{demo}{STARTS[1]}")
        width = page.locator(".tag").first.evaluate("element => getComputedStyle(element).borderTopWidth")

    assert width == "2px"
