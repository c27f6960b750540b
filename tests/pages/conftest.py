"""What the tests of the pages share: components drawn from a template, and a page as a browser reads it."""

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from cds_service.pages.render import Pages

Draw = Callable[..., "Elements"]


class Elements(HTMLParser):
    """The elements of some HTML with their attributes, and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note words."""
        if data.strip():
            self.text.append(data.strip())

    @property
    def words(self) -> str:
        """All words, in order."""
        return " ".join(self.text)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of each element of a kind."""
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="session")
def draw() -> Draw:
    """Draw a line of template in which the components are at hand as `ui`."""
    pages = Pages(prefix="/msk")

    def drawn(source: str, **values: Any) -> Elements:  # noqa: ANN401 - a template's own
        template = pages._environment.from_string('{% import "pages/components.html" as ui %}' + source)
        return Elements(template.render(**values))

    return drawn
