"""Templates to pages: everything is escaped, what is missing is an error, and each answer has the same headers."""

from base64 import b64encode
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse

from cds_service.pages.frame import Frame
from cds_service.pages.headers import PAGE_HEADERS
from cds_service.pages.style_sheet import style_sheet_address
from cds_service.pages.words import day_in_words, number_in_words

if TYPE_CHECKING:
    from jinja2 import Environment


class Pages:
    """Renders the pages of some rooms.

    Args:
        rooms: the package of each room that has a folder `templates/`, by the name that its templates begin with.
        prefix: the path of the service's public address, put before each of its own; empty where it is the root.
    """

    def __init__(self, rooms: Mapping[str, str] | None = None, *, prefix: str = "") -> None:
        self._rooms = {"pages": "cds_service.pages", **(rooms or {})}
        self._prefix = prefix.rstrip("/")

    def at(self, address: str) -> str:
        """An address of the service as a browser must ask for it."""
        return f"{self._prefix}{address}" if address.startswith("/") else address

    def render(self, template: str, frame: Frame, *, here: str = "", **values: Any) -> str:  # noqa: ANN401 - a template's own
        """The HTML of a page.

        Args:
            template: its name, with the room in front: `monitor/overview.html`.
            frame: what stands around it.
            here: the address of the page as the navigation has it, which is then marked as the current one.
            values: what the template shows.

        Raises:
            jinja2.UndefinedError: the template shows a value that was not given.
        """
        return self._environment.get_template(template).render(frame=frame, here=here, **values)

    def respond(
        self,
        template: str,
        frame: Frame,
        *,
        here: str = "",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,  # noqa: ANN401 - a template's own
    ) -> HTMLResponse:
        """A page as an answer; `headers` add to those of every page. The rest is as for `render`."""
        html = self.render(template, frame, here=here, **values)
        return HTMLResponse(html, status, {**PAGE_HEADERS, **(headers or {})})

    @cached_property
    def _environment(self) -> "Environment":
        from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined  # noqa: PLC0415 - hooks need no page

        environment = Environment(
            loader=PrefixLoader({name: PackageLoader(package) for name, package in self._rooms.items()}),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.globals.update(at=self.at, style_sheet=self.at(style_sheet_address()))
        environment.filters.update(day=day_in_words, number=number_in_words, image_data=image_data)
        return environment


def image_data(svg: str) -> str:
    """An SVG as the address of an image, for the `image` of a `chart`."""
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
