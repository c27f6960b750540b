"""The monitor's pages and files as guarded pages: each address, what it needs, and what makes it."""

import logging
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from cds_service.cardlog.databases import CardLogStoreError
from cds_service.monitor.access.guard import GuardedPage, Visit
from cds_service.monitor.figure_pages import FigurePages
from cds_service.monitor.other_pages import OtherPages
from cds_service.monitor.red_flag_cards import RedFlagCards
from cds_service.monitor.sources import Sources
from cds_service.monitor.surroundings import Maker, Surroundings
from cds_service.pages.render import Pages

_logger = logging.getLogger(__name__)


def monitor_pages(sources: Sources, pages: Pages) -> list[GuardedPage]:
    """Every page and file of the monitor, each with the permission that it needs.

    Args:
        sources: what answers.
        pages: renders them; made with `TEMPLATES` of `surroundings`.
    """
    surroundings = Surroundings(sources, pages)
    rooms = (FigurePages(surroundings), RedFlagCards(surroundings), OtherPages(surroundings))
    made = [each for room in rooms for each in room.made()]
    return [
        GuardedPage(each.path, each.permission, partial(_or_away, surroundings, each.make), is_export=each.is_export)
        for each in made
    ]


def _or_away(surroundings: Surroundings, make: Maker, request: Request, visit: Visit) -> Response:
    """The page; where the database is away, one that says so, since cards do not need it and figures do."""
    try:
        return make(request, visit)
    except CardLogStoreError as error:
        _logger.warning("the monitor's figures could not be read (%s)", error.kind)
        return surroundings.page("away.html", "The figures cannot be read now", visit, here="", status=503)
