"""Red-flag cards one by one: the one list that disclosure control leaves as it is, for the clinical safety role."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from cds_service.cardlog.report_rows import RedFlagCard
from cds_service.cardlog.reports import MOST_RED_FLAGS
from cds_service.monitor.access.guard import Visit
from cds_service.monitor.access.permissions import Permission
from cds_service.monitor.asked import Asked
from cds_service.monitor.definitions import DEFINITIONS
from cds_service.monitor.drawn import definition_address
from cds_service.monitor.figure_pages import RED_FLAG_CARDS, not_applied, regions_and_period
from cds_service.monitor.findings_in_words import being_worked_out, for_choice, looked_at, not_looked_at
from cds_service.monitor.form import form_fields
from cds_service.monitor.known_clients import KnownClients
from cds_service.monitor.selection import SelectionError
from cds_service.monitor.surroundings import MadePage, Surroundings
from cds_service.monitor.view import NOT_BY_PLACE
from cds_service.monitor.words import known, outcome_words
from cds_service.pages.frame import Link
from cds_service.pages.words import day_in_words
from cds_service.pathway.outcomes import RED_FLAGS

_HEADING: Final = "Red-flag cards, one by one"
_RED_FLAG_PAGE: Final = "/monitor/red-flags"
_DEFINITIONS: Final = ("red-flag-cards", "not-answered")
_ANSWERS: Final = {"accepted": "Accepted", "overridden": "Overridden", "": "Not answered"}


class RedFlagCards:
    """Makes the list.

    Args:
        surroundings: what it has around it.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings
        self._clients = KnownClients(surroundings.sources.engine)

    def made(self) -> list[MadePage]:
        """The page, with what it needs."""
        return [MadePage(RED_FLAG_CARDS, Permission.SEE_RED_FLAG_CARDS, self._show)]

    def _show(self, request: Request, visit: Visit) -> Response:
        try:
            stated, asked = self._around.asked(request, visit, [*NOT_BY_PLACE])
        except SelectionError as error:
            return self._around.page(
                "refused.html",
                _HEADING,
                visit,
                here=_RED_FLAG_PAGE,
                status=400,
                problems=error.problems,
                back=RED_FLAG_CARDS,
            )
        not_worked_out = being_worked_out(asked)  # asked before the cards
        cards = asked.red_flag_cards
        return self._around.page(
            "red_flag_cards.html",
            _HEADING,
            visit,
            here=_RED_FLAG_PAGE,
            query=stated.query(),
            finding=_finding(cards, asked),
            scope=regions_and_period(asked),
            not_worked_out=not_worked_out,
            notices=not_applied(NOT_BY_PLACE, stated),
            address=RED_FLAG_CARDS,
            fields=form_fields(
                stated.stated(),
                NOT_BY_PLACE,
                [(region, asked.sources.region_name(region)) for region in asked.all_regions],
                self._clients.of(asked.all_regions, self._around.sources.now()),
                outcomes=RED_FLAGS,
            ),
            cards=[_row(card, asked) for card in cards],
            definitions=[Link(DEFINITIONS[name].title, definition_address(name)) for name in _DEFINITIONS],
            back=Link("Back to red flags", f"{_RED_FLAG_PAGE}{stated.query()}"),
        )


def _finding(cards: list[RedFlagCard], asked: Asked) -> str:
    """How many there are, and how many of them nobody answered; where there are more, that these are the latest."""
    if not looked_at(asked, RED_FLAGS):
        return f"{not_looked_at('Red-flag cards')}."
    if not cards:
        return f"No red-flag card was shown{for_choice(asked)}."
    shown = "1 red-flag card" if len(cards) == 1 else f"{len(cards):,} red-flag cards"
    latest = ", the latest: choose a shorter period or an outcome to see others" if len(cards) == MOST_RED_FLAGS else ""
    return f"{shown}{latest}. Not answered: {sum(not card.answer for card in cards):,}."


def _row(card: RedFlagCard, asked: Asked) -> list[str]:
    return [
        day_in_words(card.week),
        asked.sources.region_name(card.region),
        known(card.borough),
        card.client_id,
        outcome_words(card.outcome),
        _ANSWERS.get(card.answer, card.answer),
    ]
