from collections.abc import Callable
from html.parser import HTMLParser

import httpx
import pytest
from fastapi import FastAPI
from starlette.exceptions import HTTPException

from cds_service.hooks.pathway_pages import TEMPLATES, pathway_pages
from cds_service.hooks.responses import on_http_error
from cds_service.pages.render import Pages
from cds_service.pages.style_sheet import style_sheet_address
from cds_service.pathway.facts import RegionId
from cds_service.pathway.loading import load_pathways
from fhir_fixtures import hook_call
from tests.conftest import BASE_URL, InProcess

Ask = Callable[..., httpx.Response]


class Page(HTMLParser):
    """The text of a page, its elements and their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note words."""
        self.words.append(data)


def page(service: InProcess, pathway: str) -> Page:
    """A pathway's page as a browser reads it."""
    return Page(service.send("GET", f"/pathways/{pathway}").text)


@pytest.mark.parametrize("pathway", ["nwl", "nel", "national"])
def test_each_pathway_has_a_page(service: InProcess, pathway: str) -> None:
    """HTML, with its rules and what the cards say first."""
    response = service.send("GET", f"/pathways/{pathway}")

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "cauda equina" in response.text


@pytest.mark.parametrize("pathway", ["nwl", "nel", "national"])
def test_a_page_loads_nothing_and_runs_nothing(service: InProcess, pathway: str) -> None:
    """By its headers and by what it holds."""
    response = service.send("GET", f"/pathways/{pathway}")

    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert response.headers["cross-origin-opener-policy"] == "same-origin"
    assert response.headers["cross-origin-resource-policy"] == "same-origin"
    assert "geolocation=()" in response.headers["permissions-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "same-origin"
    assert not {"script", "img", "style", "iframe"} & {tag for tag, _ in Page(response.text).elements}


@pytest.mark.parametrize("pathway", ["nwl", "nel", "national"])
def test_a_page_is_styled_by_our_own_sheet_alone(service: InProcess, pathway: str) -> None:
    """It is there, the policy lets it in, and no element has a style of its own."""
    response = service.send("GET", f"/pathways/{pathway}")
    elements = Page(response.text).elements

    assert [attributes for tag, attributes in elements if tag == "link"] == [
        {"rel": "icon", "href": "data:,"},
        {"rel": "stylesheet", "href": style_sheet_address()},
    ]
    assert "style-src 'self';" in response.headers["content-security-policy"]
    assert service.send("GET", style_sheet_address()).status_code == 200
    assert not any("style" in attributes for _, attributes in elements)


@pytest.mark.parametrize("pathway", ["nwl", "nel", "national"])
def test_a_page_can_be_read_by_everybody(service: InProcess, pathway: str) -> None:
    """A language, a title, one main heading, captions, and scopes on table heads."""
    read = page(service, pathway)
    tags = [tag for tag, _ in read.elements]

    assert ("html", {"lang": "en-GB"}) in read.elements
    assert tags.count("h1") == 1
    assert tags.count("main") == 1
    assert tags.count("table") == tags.count("caption") > 0
    assert all(attributes.get("scope") in {"col", "row"} for tag, attributes in read.elements if tag == "th")


def test_metadata_stands_as_printed(service: InProcess) -> None:
    """Also the odd approval date, flagged."""
    words = "\n".join(page(service, "nwl").words)

    assert "NWL Musculoskeletal MRI & USS Imaging Pathway v1.2" in words
    assert "01/01/2027 (printed twice) (implausible:" in words
    assert "1 January 2027" in words


def test_each_rule_names_its_source(service: InProcess) -> None:
    """A sentence of the document, or national guidance."""
    words = page(service, "nel").words

    assert "document, E9: suspected cauda equina syndrome goes by the national pathway" in words
    assert "national guidance" in words


def test_the_national_page_says_when_it_speaks(service: InProcess) -> None:
    """It has no effective date."""
    assert "always, where no region's pathway applies" in page(service, "national").words


def test_what_a_region_writes_is_escaped(ask: Ask) -> None:
    """A pathway file is trusted with words, not with markup."""
    nwl = load_pathways()[RegionId("nwl")]
    bold = nwl.model_copy(update={"title": "<script>alert(1)</script>", "version": '"><img src=x>'})
    app = FastAPI()
    app.include_router(pathway_pages(lambda: {RegionId("nwl"): bold}, Pages(TEMPLATES)))

    html = ask(app, "GET", "/pathways/nwl").text

    assert "<script>" not in html
    assert "<img" not in html
    assert "<script>alert(1)</script> v" in "".join(Page(html).words)


def test_the_page_is_that_of_the_version_of_today(ask: Ask) -> None:
    """From midnight on, as the cards are, though nobody has read the folder again."""
    nwl = RegionId("nwl")
    today = load_pathways()[nwl]
    in_force = {nwl: today}
    app = FastAPI()
    app.include_router(pathway_pages(lambda: in_force, Pages(TEMPLATES)))

    before = ask(app, "GET", "/pathways/nwl").text
    in_force[nwl] = today.model_copy(update={"version": "9.9"})
    after = ask(app, "GET", "/pathways/nwl").text

    assert ["v9.9" in html for html in (before, after)] == [False, True]


@pytest.mark.parametrize("pathway", ["xyz", "NWL%00", "..%2fnwl", "nwl/"])
def test_an_unknown_pathway_is_not_found(service: InProcess, pathway: str) -> None:
    """With an OperationOutcome, as everywhere."""
    response = service.send("GET", f"/pathways/{pathway}")

    assert response.status_code in {404, 307}
    assert response.status_code == 307 or response.json()["resourceType"] == "OperationOutcome"


def test_a_card_points_to_the_page_of_its_pathway(service: InProcess) -> None:
    """Where the document has no address of its own, the service shows what it applies."""
    (card,) = service.cards(hook_call("nwl-gp-knee-mri-pain--redirect.json"))

    assert card["source"]["url"] == f"{BASE_URL}/pathways/nwl"
    assert service.send("GET", card["source"]["url"]).status_code == 200


def test_a_page_of_its_own_app_is_not_found_in_words(ask: Ask) -> None:
    """The handler of the application turns the missing page into an outcome."""
    app = FastAPI(exception_handlers={HTTPException: on_http_error})
    app.include_router(pathway_pages(load_pathways, Pages(TEMPLATES)))

    response = ask(app, "GET", "/pathways/xyz")

    assert (response.status_code, response.json()["issue"][0]["code"]) == (404, "not-found")
