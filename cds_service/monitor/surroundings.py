"""What every page of the monitor has around it: its request read, its navigation, and its answer."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from cds_service.london_time import london_day
from cds_service.monitor.access.guard import Visit
from cds_service.monitor.access.permissions import Permission
from cds_service.monitor.asked import Asked
from cds_service.monitor.contents import FIGURE_PAGES
from cds_service.monitor.selection import Field, Selection, read_selection
from cds_service.monitor.sources import Sources
from cds_service.pages.frame import Frame, Link
from cds_service.pages.render import Pages

PRODUCT: Final = "MSK imaging monitor"
TEMPLATES: Final = {"monitor": "cds_service.monitor"}
"""The room's templates, for whoever makes the `Pages`."""

_INVENTED: Final = "This is a demo: practices, orders and figures are invented."
_WORDS: Final = (
    ("/monitor/pathways", "Pathways", Permission.SEE_CHARTS),
    ("/monitor/downloads", "Downloads", Permission.EXPORT_FIGURES),
    ("/monitor/about", "About these figures", Permission.SEE_CHARTS),
    ("/monitor/definitions", "Definitions", Permission.SEE_CHARTS),
    ("/monitor/access-log", "Access log", Permission.READ_ACCESS_LOG),
    ("/monitor/access", "Sessions and tokens", Permission.MANAGE_ACCESS),
)


Maker = Callable[[Request, Visit], Response]
"""Makes a page; runs in a thread, and may wait for the database."""


class MadePage(NamedTuple):
    """A page or file.

    Attributes:
        path: from the root of the service.
        permission: what it needs.
        make: makes it.
        is_export: whether it is a file that an API token may fetch.
    """

    path: str
    permission: Permission
    make: Maker
    is_export: bool = False


class Surroundings:
    """Reads requests and answers them with pages.

    Args:
        sources: what answers.
        pages: renders; made with `TEMPLATES`.
    """

    def __init__(self, sources: Sources, pages: Pages) -> None:
        self.sources = sources
        self._pages = pages

    def asked(self, request: Request, visit: Visit, not_by: Sequence[Field] = ()) -> tuple[Selection, Asked]:
        """What a request asks, as it stands in its address and as the page can meet it.

        Args:
            request: the request.
            visit: what it may be about.
            not_by: what the page cannot be narrowed by.

        Raises:
            SelectionError: the address cannot be meant.
        """
        today = london_day(self.sources.now())
        stated = read_selection(request.query_params.multi_items(), self.sources.pathways(), today)
        asked = Asked(
            selection=stated.without(not_by),
            regions=visit.regions,
            all_regions=visit.viewer.footprints(visit.permission),
            sources=self.sources,
            today=today,
        )
        return stated, asked

    def page(
        self,
        template: str,
        heading: str,
        visit: Visit,
        *,
        here: str,
        query: str = "",
        status: int = 200,
        **values: Any,  # noqa: ANN401 - a template's own
    ) -> Response:
        """A page of the monitor.

        Args:
            template: its name in this room.
            heading: its title and heading.
            visit: who looks.
            here: its address.
            query: filters, which every link of the navigation keeps.
            status: the HTTP status.
            values: what the template shows.
        """
        return self._pages.respond(
            f"monitor/{template}",
            self._frame(visit, query),
            here=here,
            status=status,
            heading=heading,
            visit=visit,
            is_demo=self.sources.is_demo,
            **values,
        )

    def _frame(self, visit: Visit, query: str) -> Frame:
        figures = [(page.address, page.title, Permission.SEE_CHARTS) for page in FIGURE_PAGES]
        links = tuple(
            Link(title, f"{address}{query}")
            for address, title, permission in (*figures, *_WORDS)
            if visit.viewer.may(permission)
        )
        return Frame(
            PRODUCT,
            "/monitor",
            links,
            notice=_INVENTED if self.sources.is_demo else None,
            footer=(Link("About these figures", "/monitor/about"), Link("Definitions", "/monitor/definitions")),
            closing="Counts of 1 to 7 are not shown, others are rounded to 5. No figure identifies or ranks anybody.",
        )
