"""What a card offers to do: one referral and, where fact 6 allows, the removal of each order, in one suggestion."""

from typing import NamedTuple

from cds_service.cards.naming import plain_name
from cds_service.cards.order import CardContext, OrderForCard
from cds_service.cards.referral import REFERRAL_KINDS, draft_referral, is_drafted
from cds_service.cards.speaker import FilledText, Speaker
from cds_service.directory.model import Destination
from cds_service.pathway.outcomes import Outcome, TextKey
from cds_service.protocol.card import Action, Suggestion
from cds_service.protocol.identifiers import ordered_uuid

NEEDS_DESTINATION = frozenset({Outcome.REDIRECT, Outcome.URGENT_MSK})
"""Outcomes that propose a referral only to a configured destination (docs/outcomes.md, "What the card suggests")."""


class Offer(NamedTuple):
    """What a card offers, for the words beside it.

    Attributes:
        suggestion: a draft referral, perhaps with removals; None when nothing is offered.
        removes: whether the suggestion removes a scan.
        is_drafted: whether the referral is among the orders already, so that it is not proposed again.
        by_hand: with `is_drafted`, the orders that would have been removed. They are not: a removal travels with the
            creation of the referral, and nobody here knows whether the draft that is there will be sent (fact 6).
    """

    suggestion: Suggestion | None = None
    removes: bool = False
    is_drafted: bool = False
    by_hand: tuple[OrderForCard, ...] = ()


def offer_of(
    text_key: TextKey,
    text: FilledText,
    orders: list[OrderForCard],
    destination: Destination | None,
    speaker: Speaker,
    context: CardContext,
) -> Offer:
    """What a card may offer: the referral with the removals, or the referral alone, or nothing.

    Args:
        text_key: the card text, which decides the kind of referral.
        text: that text, filled in.
        orders: the card's orders, all of one outcome, patient and destination.
        destination: where the referral goes; None when none is configured.
        speaker: the pathway that speaks.
        context: the call.
    """
    decision = orders[0].decision
    if any(order.other_patient is not None for order in orders):
        return Offer()
    if not decision.proposes_referral or (decision.outcome in NEEDS_DESTINATION and destination is None):
        return Offer()
    if is_drafted(text_key, context.drafts, orders):
        return Offer(is_drafted=True, by_hand=tuple(order for order in orders if order.decision.may_delete))
    removable = [order for order in orders if order.decision.may_delete and order.reference is not None]
    label = text.suggestion_keeping_scan
    if removable:
        label = text.suggestion if len(removable) == len(orders) else text.suggestion_removing_some
    kind = REFERRAL_KINDS[text_key].text
    referral = draft_referral(text_key, orders, destination, speaker.note, context)
    actions: list[Action] = [{"type": "create", "description": f"Add a draft: {kind}", "resource": referral}]
    names = {order.reference: plain_name(order) for order in removable if order.reference is not None}
    for reference, name in names.items():
        actions.append({"type": "delete", "description": f"Remove the scan order: {name}", "resourceId": reference})
    return Offer({"label": label or kind, "uuid": ordered_uuid(), "actions": actions}, bool(removable))
