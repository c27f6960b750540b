import ast
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from cds_service.hooks.pathway_pages import TEMPLATES
from cds_service.pages import headers
from cds_service.pages.frame import Frame, Link
from cds_service.pages.render import Pages
from tests.pages.conftest import Elements

FRAME = Frame(
    "MSK imaging monitor",
    "/monitor",
    (Link("Overview", "/monitor"), Link("Red flags", "/monitor/red-flags?region=nwl")),
    notice="Invented data",
    footer=(Link("Checker", "/checker"),),
)
EMPTY = {"title": "A title", "metadata": [], "rules": [], "summaries": []}


def page(prefix: str = "", here: str = "", **changes: object) -> Elements:
    """A page in a frame."""
    return Elements(
        Pages(TEMPLATES, prefix=prefix).render("pathways/pathway.html", FRAME, here=here, **{**EMPTY, **changes})
    )


def test_a_page_can_be_read_by_everybody() -> None:
    """A language, a title, a way past the navigation, landmarks, one main heading."""
    read = page()

    assert read.all("html") == [{"lang": "en-GB"}]
    assert "A title: MSK imaging monitor" in read.text
    assert read.all("a")[0] == {"class": "skip", "href": "#main"}
    assert read.all("main")[0]["id"] == "main"
    for landmark in ("header", "nav", "main", "footer", "h1"):
        assert len(read.all(landmark)) == 1


def test_the_current_page_is_marked() -> None:
    """Whatever filters its link carries."""
    marked = [link["href"] for link in page(here="/monitor/red-flags").all("a") if "aria-current" in link]

    assert marked == ["/monitor/red-flags?region=nwl"]


def test_every_address_of_the_frame_stands_behind_the_public_prefix() -> None:
    """Style sheet, navigation, product name and footer."""
    read = page(prefix="/msk/")
    addresses = [one["href"] or "" for one in (*read.all("a"), *read.all("link"))]

    assert [address for address in addresses if not address.startswith(("/msk/", "#", "data:,"))] == []


def test_an_address_elsewhere_stays_as_it_is() -> None:
    """A prefix is for our own."""
    assert Pages(prefix="/msk").at("https://example.org/x") == "https://example.org/x"


def test_a_page_holds_no_script_and_no_style_of_its_own() -> None:
    """Nothing that its own headers would refuse."""
    read = page()

    assert not {"script", "style", "iframe"} & {tag for tag, _ in read.found}
    assert not any(
        "style" in attributes or any(name.startswith("on") for name in attributes) for _, attributes in read.found
    )


def test_what_a_template_is_not_given_is_an_error() -> None:
    """Never an empty place that looks like nothing."""
    with pytest.raises(UndefinedError, match="metadata"):
        Pages(TEMPLATES).render("pathways/pathway.html", FRAME, title="x")


def test_an_answer_has_the_headers_of_every_page_and_its_own() -> None:
    """Its own may add, and replace."""
    response = Pages(TEMPLATES).respond(
        "pathways/pathway.html", FRAME, status=400, headers={"Cache-Control": "max-age=60"}, **EMPTY
    )

    assert response.status_code == 400
    assert response.headers["cache-control"] == "max-age=60"
    assert response.headers["content-security-policy"] == headers.PAGE_HEADERS["Content-Security-Policy"]


def test_the_policy_lets_nothing_run() -> None:
    """Style, pictures and forms of our own alone."""
    directives = dict(
        directive.split(" ", 1) for directive in headers.PAGE_HEADERS["Content-Security-Policy"].split("; ")
    )

    assert directives == {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }


def test_templates_are_loaded_only_where_a_page_is_shown() -> None:
    """A service that answers hooks alone starts without Jinja."""
    package = Path(__file__).parents[2] / "cds_service"
    importing = [
        path.name
        for path in package.rglob("*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom) and "jinja2" in ast.unparse(node)
    ]

    assert importing == []
