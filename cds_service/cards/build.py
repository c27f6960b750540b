"""From decisions to cards: one for each outcome and what is to be done, naming its orders, most urgent first."""

from collections.abc import Mapping, Sequence
from operator import itemgetter

from cds_service.cards.detail import card_detail
from cds_service.cards.escape import one_line
from cds_service.cards.naming import shown_name
from cds_service.cards.order import CardContext, OrderForCard
from cds_service.cards.referral import REFERRAL_KINDS
from cds_service.cards.speaker import Speaker
from cds_service.cards.suggestion import Offer, offer_of
from cds_service.directory.model import Destination
from cds_service.pathway.beside import could_not_read_its_reason
from cds_service.pathway.facts import Modality, RegionId
from cds_service.pathway.outcomes import Indicator, Outcome, TextKey
from cds_service.pathway.signs import is_spine
from cds_service.pathway.texts import SUMMARY_LIMIT, OrderWords
from cds_service.protocol.card import Card, Link
from cds_service.protocol.identifiers import ordered_uuid

DESTINATION_KINDS: dict[TextKey, tuple[str, ...]] = {
    **{text: (kind.destination,) for text, kind in REFERRAL_KINDS.items()},
    TextKey.ONCOLOGY_TWO_BRANCHES: ("oncology", "community-msk"),
    TextKey.ONCOLOGY_NEW_PRIMARY: ("oncology", "cancer"),
    TextKey.ONCOLOGY_EXAMINE_TODAY: ("mscc", "oncology"),
    TextKey.ONCOLOGY_URGENT: ("oncology", "urgent-msk"),
    TextKey.ONCOLOGY_TWO_BRANCHES_CHILD: ("oncology", "paediatric"),
    TextKey.LUMP: ("lump",),
    TextKey.LUMP_CHILD: ("paediatric",),
    TextKey.PAEDIATRIC: ("paediatric",),
    TextKey.REDIRECT_UNKNOWN_SETTING: ("community-msk",),
    TextKey.COULD_NOT_EVALUATE: (),
    TextKey.COULD_NOT_EVALUATE_REASON: (),
}
"""The destinations that a card text names, in the order in which they are to be phoned."""

_LOUDEST_FIRST = tuple(Indicator)
_MOST_URGENT_FIRST = tuple(Outcome)
_TEXTS_IN_ORDER = tuple(TextKey)


def build_cards(
    orders: Sequence[OrderForCard], speakers: Mapping[RegionId, Speaker], context: CardContext
) -> list[tuple[Card, list[OrderForCard]]]:
    """The cards of one answer, each with the orders that it is about.

    One for each outcome, text, patient and place to send them to: what a card says holds for each of its orders.

    Args:
        orders: the decided orders; those without a card are passed over.
        speakers: the loaded pathways and the national fallback, by id.
        context: what the cards share.
    """
    groups: dict[tuple[RegionId, Outcome, TextKey, str | None], list[OrderForCard]] = {}
    for order in orders:
        decision = order.decision
        if decision.text is not None:
            key = (decision.speaker, decision.outcome, decision.text, order.other_patient)
            groups.setdefault(key, []).append(order)
    built = []
    for (speaker, outcome, text, _), group in groups.items():
        for together in _by_destination(text, group, speakers[speaker]):
            card = _card(text, together, speakers[speaker], context)
            built.append((_urgency(card, outcome, text), card, together))
    return [(card, together) for _, card, together in sorted(built, key=itemgetter(0))]


def _by_destination(text: TextKey, orders: list[OrderForCard], speaker: Speaker) -> list[list[OrderForCard]]:
    """Orders with one text apart where their destinations differ: one referral cannot go to two services."""
    if len(orders) == 1 or not speaker.is_regional:
        return [orders]
    kinds = DESTINATION_KINDS[text]
    apart: dict[tuple[Destination | None, ...], list[OrderForCard]] = {}
    for order in orders:
        apart.setdefault(tuple(order.destination(kind) for kind in kinds), []).append(order)
    return list(apart.values())


def _urgency(card: Card, outcome: Outcome, text: TextKey) -> tuple[int, int, int]:
    return (
        _LOUDEST_FIRST.index(Indicator(card["indicator"])),
        _MOST_URGENT_FIRST.index(outcome),
        _TEXTS_IN_ORDER.index(text),
    )


def _card(text_key: TextKey, orders: list[OrderForCard], speaker: Speaker, context: CardContext) -> Card:
    text = speaker.filled(text_key, _order_words(orders))
    kinds = DESTINATION_KINDS[text_key] if speaker.is_regional else ()
    found = {kind: orders[0].destination(kind) for kind in kinds}
    destinations = [destination for destination in found.values() if destination is not None]
    offer = offer_of(text_key, text, orders, _of_the_referral(text_key, found), speaker, context)
    conditional = any(order.decision.conditional for order in orders)
    indicator = min((o.decision.indicator for o in orders if o.decision.indicator), key=_LOUDEST_FIRST.index)
    card: Card = {
        "uuid": ordered_uuid(),
        "summary": _for_whom(text.conditional_summary if conditional else text.summary, orders),
        "indicator": indicator.value,
        "detail": card_detail(orders, text, destinations, offer, speaker, context.today),
        "source": speaker.source,
        "overrideReasons": speaker.override_reasons,
    }
    links = _links(speaker.links_on(text_key, spine=any(is_spine(order.facts) for order in orders)), destinations)
    if links:
        card["links"] = links
    if offer.suggestion is not None:
        card["suggestions"] = [offer.suggestion]
        card["selectionBehavior"] = "at-most-one"
    return card


def _of_the_referral(text_key: TextKey, found: Mapping[str, Destination | None]) -> Destination | None:
    """Where the draft goes: it need not be the service that is to be phoned first."""
    kind = REFERRAL_KINDS.get(text_key)
    return None if kind is None else found.get(kind.destination)


def _for_whom(summary: str, orders: Sequence[OrderForCard]) -> str:
    """The summary, which says if there is room that the card is about another patient than the one on the screen."""
    if any(order.other_patient is None or order.patient_untold for order in orders):
        return summary
    said = f"Another patient: {summary}"
    return said if len(said) <= SUMMARY_LIMIT else summary


def _order_words(orders: Sequence[OrderForCard]) -> OrderWords:
    first = orders[0].facts.modality
    same = all(order.facts.modality is first for order in orders)
    return OrderWords(first if same else Modality.OTHER, min(len(orders), 2))


def _links(offered: Sequence[Link], destinations: Sequence[Destination]) -> list[Link]:
    links: dict[str, Link] = {}
    for destination in destinations:
        if destination.url is not None:
            links.setdefault(
                destination.url, {"label": one_line(destination.name), "url": destination.url, "type": "absolute"}
            )
    for link in offered:
        links.setdefault(link["url"], link)
    return list(links.values())


def not_evaluated_card(orders: Sequence[OrderForCard], speaker: Speaker, context: CardContext) -> Card:
    """The info card for a client that asks to be told on a card (`on_unresolved: card`, fact 5).

    Args:
        orders: the orders that could not be evaluated, all for the same cause; at least one.
        speaker: the national fallback.
        context: the call.
    """
    unread = could_not_read_its_reason(orders[0].decision)
    key = TextKey.COULD_NOT_EVALUATE_REASON if unread else TextKey.COULD_NOT_EVALUATE
    text = speaker.filled(key, _order_words(orders))
    return {
        "uuid": ordered_uuid(),
        "summary": _for_whom(text.summary, orders),
        "indicator": "info",
        "detail": card_detail(orders, text, [], Offer(), speaker, context.today),
        "source": speaker.source,
        "overrideReasons": speaker.override_reasons,
    }


def name_unplaced(card: Card, orders: Sequence[OrderForCard]) -> None:
    """Say on an answer's first card which other orders nothing places in a region (fact 5)."""
    named = ", ".join(shown_name(order) for order in orders)
    card["detail"] += (
        f"\n\n**Not checked:** {named}. Nothing in the call places it in a region's pathway; "
        "this does not mean that there are no concerns."
    )


def name_unread(card: Card, orders: Sequence[OrderForCard]) -> None:
    """Say on an answer's first card which other orders have a reason that could not be read (fact 5)."""
    named = ", ".join(shown_name(order) for order in orders)
    card["detail"] += (
        f"\n\n**Not checked:** {named}. A reason that it refers to could not be read; "
        "this does not mean that there are no concerns."
    )


def name_foreign(card: Card, orders: Sequence[OrderForCard]) -> None:
    """Say on an answer's first card which other orders lie where the calling system may not ask (fact 5)."""
    named = ", ".join(shown_name(order) for order in orders)
    card["detail"] += (
        f"\n\n**Not checked:** {named}. This system is not registered for the area that it was ordered in; "
        "this does not mean that there are no concerns."
    )


def name_unreadable(card: Card, number: int) -> None:
    """Say on an answer's first card how many selected orders could not be read at all (fact 5)."""
    orders = "order" if number == 1 else "orders"
    card["detail"] += (
        f"\n\n**Not checked:** {number} more selected {orders}, which could not be read; "
        "this does not mean that there are no concerns."
    )
