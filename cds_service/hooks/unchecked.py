"""What of a call was not held against a pathway: it is named on a card, or the call is refused (fact 5)."""

from collections.abc import Sequence
from typing import NamedTuple

from cds_service.cards.build import name_foreign, name_unplaced, name_unread, name_unreadable, not_evaluated_card
from cds_service.cards.order import CardContext, OrderForCard
from cds_service.cards.speaker import Speaker
from cds_service.fhir.shapes import MalformedOrderError
from cds_service.protocol.card import Card
from cds_service.protocol.operation_outcome import Issue, ProtocolError


class Unchecked(NamedTuple):
    """The orders of a call that could not be evaluated, by why.

    Attributes:
        malformed: orders, or drafts that may be orders, of another form than FHIR's.
        unplaced: orders that nothing places in a region.
        unread: orders that refer to a reason that could not be read.
        unread_paths: where each of these stands in the call.
        foreign: orders of another footprint than the client's.
    """

    malformed: Sequence[MalformedOrderError]
    unplaced: list[OrderForCard]
    unread: list[OrderForCard]
    unread_paths: Sequence[str]
    foreign: list[OrderForCard]

    def card(self, speaker: Speaker, context: CardContext) -> tuple[Card, list[OrderForCard]] | None:
        """The info card of a client that asks for one (`on_unresolved: card`), with the orders that it is about.

        Args:
            speaker: the national fallback.
            context: the call.

        Returns:
            None where no order could be told so.
        """
        about = self.unread or self.unplaced
        if not about:
            return None
        card = not_evaluated_card(about, speaker, context)
        self._replace(unread=[], unplaced=self.unplaced if self.unread else []).name_on(card)
        return card, about

    def name_on(self, card: Card) -> None:
        """Say on an answer's first card which orders were not checked."""
        if self.unplaced:
            name_unplaced(card, self.unplaced)
        if self.unread:
            name_unread(card, self.unread)
        if self.foreign:
            name_foreign(card, self.foreign)
        if self.malformed:
            name_unreadable(card, len(self.malformed))

    def refusal(self) -> ProtocolError | None:
        """What the client is told where no card says so; None where everything was checked."""
        if self.malformed:
            return ProtocolError(400, [malformed_issue(error) for error in self.malformed])
        if self.foreign:
            return ProtocolError(403, [ANOTHER_FOOTPRINT])
        issues = [NOT_EVALUATED] if self.unplaced else []
        issues += [Issue("incomplete", REASON_UNREAD, f"{path}.reasonReference") for path in self.unread_paths]
        return ProtocolError(412, issues) if issues else None


NOT_EVALUATED = Issue(
    "incomplete",
    "The MSK imaging pathway could not be evaluated: nothing in the call places the order in a region. Send the "
    "requester's organisation with its ODS code, or the patient's registered practice. No card does not mean that "
    "there are no concerns.",
    "context.draftOrders",
)


ANOTHER_FOOTPRINT = Issue(
    "forbidden",
    "This client may not act in the pathway footprint of the order's requester or patient. Send the order from an EHR "
    "that is registered for it, or ask the operator to add the footprint to this client. No card does not mean that "
    "there are no concerns.",
    "context.draftOrders",
)

REASON_UNREAD = (
    "The MSK imaging pathway could not be evaluated: a reason that the order names in reasonReference could not be "
    "read. Send the Condition with the call (prefetch `conditions` or contained), or a fhirAuthorization that may read "
    "it, or its code as reasonCode. No card does not mean that there are no concerns."
)


def malformed_issue(error: MalformedOrderError) -> Issue:
    """What a client is told of an element of another form than FHIR's."""
    return Issue("structure", f"{error.path} is not {error.expected}. Send it as FHIR R4 says.", error.path)
