"""What the cards room is given of each order: the decision, and what a card or referral shows of it."""

from datetime import date
from typing import Any, NamedTuple, Protocol

from cds_service.directory.model import Destination
from cds_service.pathway.decision import Decision
from cds_service.pathway.facts import Facts

Json = dict[str, Any]


class DestinationFinder(Protocol):
    """Finds where a patient is sent for one kind of concern."""

    def __call__(self, kind: str, /) -> Destination | None:
        """The destination, or None when none is configured."""


class CodeDisplay(Protocol):
    """Names a code, for reasons that came without words."""

    def __call__(self, system: str, code: str, /) -> str | None:
        """The plain name that a value set gives the code, or None when none holds it."""


def no_display(_system: str, _code: str) -> str | None:
    """For an order of whose codes nothing is known."""
    return None


class OrderForCard(NamedTuple):
    """One decided order.

    Attributes:
        decision: what the pathway answered.
        facts: the facts it was given.
        label: what the card calls the order; may hold words of the call, so it is escaped before it is shown.
        reference: the draft's relative reference (`ServiceRequest/1`), or None when it has no id to delete by.
        reasons: the coded reasons as sent.
        body_sites: the body sites as sent.
        requester: the requester reference as sent, or None.
        place: where the requester works, in our own words (the directory's name), or None.
        destination: finds where this order's patient is sent.
        other_patient: how the order names another patient than the call's, for whom nothing is suggested; None for the
            call's own.
        patient_untold: whether it names them in a form of which nobody can tell whom it means.
        display: names the code of a reason that came without words.
        priority: the order's priority as sent; None when it could not be read.
        priority_reasons: the concepts of the reasons for it, as sent.
    """

    decision: Decision
    facts: Facts
    label: str
    reference: str | None
    reasons: tuple[Json, ...]
    body_sites: tuple[Json, ...]
    requester: Json | None
    place: str | None
    destination: DestinationFinder
    other_patient: str | None = None
    patient_untold: bool = False
    display: CodeDisplay = no_display
    priority: str | None = "routine"
    priority_reasons: tuple[Json, ...] = ()


class CardContext(NamedTuple):
    """What all the cards of one answer share.

    Attributes:
        patient_id: `context.patientId`.
        user_id: `context.userId`, the requester of a referral when the order names none.
        today: the date in Europe/London.
        drafts: what else is drafted for the patient; a referral that is there already is not proposed again.
    """

    patient_id: str
    user_id: str
    today: date
    drafts: tuple[Json, ...] = ()
