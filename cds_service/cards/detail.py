"""A card's detail in GitHub-flavoured Markdown: what to do, then red flags, then why, then the source.

Another red flag that is coded too comes before what to do: it may be the more urgent act. On the card of an emergency,
and nowhere else, nothing stands before that.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import TypeVar

from cds_service.cards.escape import escaped
from cds_service.cards.naming import priority_reason_words, reason_words, shown_name
from cds_service.cards.order import OrderForCard
from cds_service.cards.speaker import FilledText, Speaker
from cds_service.cards.suggestion import Offer
from cds_service.cards.words import (
    EVIDENCE_WORDS,
    FCP_WORDS,
    KNOWN_BY_WORDS,
    ONCOLOGY_WORDS,
    PRIORITY_WORDS,
    SETTING_WORDS,
    age_words,
)
from cds_service.directory.model import Destination
from cds_service.pathway.decision import FACTS_READ
from cds_service.pathway.facts import Indication, KnownBy, Setting
from cds_service.pathway.outcomes import Caution, Indicator, KeepScan, RuleId
from cds_service.pathway.texts import SERVICE

_T = TypeVar("_T")

LEADING = frozenset(
    {
        Caution.UNLESS_RED_FLAGS,
        Caution.HIGH_PRIORITY,
        Caution.SPINE_AND_CANCER,
        Caution.STRONG_SIGN,
        Caution.EMERGENCY_PROBLEM,
    }
)
"""Cautions that come before everything else, unless the card itself is an emergency."""

_REFER_TO = f"**Refer to:** {SERVICE}"
"""How a service is named that the first step sends to."""

MOST_REASONS = 6
"""Reasons named for one order; more would bury the advice."""


def card_detail(
    orders: Sequence[OrderForCard],
    text: FilledText,
    destinations: Sequence[Destination],
    offer: Offer,
    speaker: Speaker,
    today: date,
) -> str:
    """The detail of one card.

    Args:
        orders: the orders that the card is about.
        text: the card's text.
        destinations: where the patient can be sent, with telephone numbers.
        offer: what the card offers to do.
        speaker: the pathway that speaks.
        today: the date in Europe/London.
    """
    cautions = _in_order(caution for order in orders for caution in order.decision.cautions)
    also_coded = _in_order(outcome for order in orders for outcome in order.decision.also_coded)
    net = [text.safety_net] if text.safety_net is not None else []
    net_leads = any(order.decision.conditional for order in orders)
    emergency = orders[0].decision.indicator is Indicator.CRITICAL
    leading = frozenset() if emergency else LEADING
    other_red_flags = [speaker.texts.also_coded[outcome] for outcome in also_coded]
    services = [(text.destination or _REFER_TO).replace(SERVICE, _service(found)) for found in destinations]
    said = {caution: _caution(caution, orders, speaker) for caution in cautions}
    parts = [
        *_whose(orders),
        *(said[caution] for caution in cautions if caution in leading),
        *(net if net_leads else ()),
        *(() if emergency else other_red_flags),
        *(services if text.destination is None else ()),
        "\n".join([text.what_to_do, *_of_the_draft(text, offer)]),
        *(services if text.destination is not None else ()),
        *(said[caution] for caution in cautions if caution not in leading),
        *(other_red_flags if emergency else ()),
        *(() if net_leads else net),
        *_kept(orders, speaker),
        _why(orders, speaker),
        speaker.provenance(orders[0].decision, today),
    ]
    return "\n\n".join(parts)


def _whose(orders: Sequence[OrderForCard]) -> list[str]:
    """First of all that a card speaks of somebody else than the patient on the screen, or that nobody can tell."""
    if all(order.patient_untold for order in orders):
        says = "the order does not say" if len(orders) == 1 else "the orders do not say"
        return [f"**Check whose order this is:** {says} in a known form whom the scan is for."]
    if all(order.other_patient is not None and not order.patient_untold for order in orders):
        return ["**For another patient** than the one of this call."]
    return []


def _in_order(items: Iterable[_T]) -> list[_T]:
    return list(dict.fromkeys(items))


def _caution(caution: Caution, orders: Sequence[OrderForCard], speaker: Speaker) -> str:
    """A caution's words; one that belongs to some of the card's orders names them."""
    belongs_to = [order for order in orders if caution in order.decision.cautions]
    words = speaker.texts.cautions[caution]
    if len(belongs_to) == len(orders):
        return words
    return f"{', '.join(shown_name(order) for order in belongs_to)}: {words}"


def _of_the_draft(text: FilledText, offer: Offer) -> list[str]:
    """The last step, about the draft that the card offers, or that is there; none where there is none."""
    if offer.is_drafted:
        there = "- A draft referral is already among the orders: complete and send it"
        by_hand = ", ".join(shown_name(order) for order in offer.by_hand)
        return [f"{there}. Once it is sent, remove by hand: {by_hand}." if by_hand else f"{there}."]
    if offer.suggestion is None:
        return []
    step = text.removing if offer.removes else text.drafting
    return [step] if step is not None else []


def _service(destination: Destination) -> str:
    line = destination.name
    if destination.phone is not None:
        line += f" — telephone **{destination.phone}**"
    if destination.wait is not None:
        stated_on = destination.as_of  # a wait of last year must not look like today's
        dated = f", as of {stated_on.day} {stated_on:%B %Y}" if stated_on is not None else ""
        line += f" (stated wait: {destination.wait}{dated})"
    return line


def _kept(orders: Sequence[OrderForCard], speaker: Speaker) -> list[str]:
    """Why an order stays although its card may remove scans; nothing where there is nothing to explain."""
    lines = []
    for order in orders:
        if not order.decision.keep or not order.decision.proposes_referral:
            continue
        reasons = [speaker.texts.kept[reason] for reason in order.decision.keep if reason not in _NEEDS_NO_WORDS]
        if reasons:
            lines.append(f"**{shown_name(order)} stays:** {'; '.join(reasons)}.")
    return lines


_NEEDS_NO_WORDS = frozenset({KeepScan.OUTCOME, KeepScan.NATIONAL})


def _why(orders: Sequence[OrderForCard], speaker: Speaker) -> str:
    first = orders[0]
    lines = ["**Why this card**", ""]
    lines += [f"- Order: {_order_line(order)}" for order in orders]
    lines += [f"- {reason}" for reason in _in_order(reason for order in orders for reason in order.decision.reasons)]
    read = {name for order in orders for name in FACTS_READ[order.decision.rule]}
    if "setting" in read:
        lines.append(f"- Setting: {_of_each(orders, _setting)}")
    if "oncology" in read:
        lines.append(f"- Cancer history: {_of_each(orders, lambda order: ONCOLOGY_WORDS[order.facts.oncology])}")
    if "age" in read:
        lines.append(f"- Age: {_of_each(orders, lambda order: age_words(order.facts.age))}")
    if speaker.exempts_practitioners and first.decision.rule is RuleId.REDIRECT:
        lines.append(f"- Requester: {_of_each(orders, lambda order: FCP_WORDS[order.facts.fcp_listing])}")
    return "\n".join(lines)


def _of_each(orders: Sequence[OrderForCard], words_of: Callable[[OrderForCard], str]) -> str:
    """A fact in words, once where it is the same for all the card's orders, else order by order."""
    words = [words_of(order) for order in orders]
    if len(set(words)) == 1:
        return words[0]
    return "; ".join(f"{shown_name(order)}: {its}" for order, its in zip(orders, words, strict=True))


def _setting(order: OrderForCard) -> str:
    evidence = EVIDENCE_WORDS.get(order.facts.evidence.get("setting", ""), "")
    words = SETTING_WORDS[order.facts.setting]
    if order.facts.setting is not Setting.UNKNOWN and order.place is not None:
        words += f" ({order.place})"
    return f"{words}; {evidence}" if evidence else words


def _order_line(order: OrderForCard) -> str:
    known = f" (recognised {KNOWN_BY_WORDS[order.facts.known_by]})" if order.facts.known_by is KnownBy.TEXT else ""
    reasons = _named(reason_words(order, reason) for reason in order.reasons) or _no_reason(order)
    whose = "" if order.other_patient is None else " (for another patient than the one of this call)"
    if order.patient_untold:
        whose = " (it does not say in a known form whose it is)"
    return f"{shown_name(order)}{known}{whose}; reason: {reasons}{_priority(order)}"


def _named(reasons: Iterable[str | None]) -> str:
    """The first of the reasons that have words, and how many more there are."""
    words = [escaped(reason) for reason in reasons if reason is not None]
    more = [f"and {len(words) - MOST_REASONS} more"] if len(words) > MOST_REASONS else []
    return ", ".join([*words[:MOST_REASONS], *more])


def _priority(order: OrderForCard) -> str:
    """The requester's own priority where it is not routine, and the reasons that came with it."""
    because = _named(priority_reason_words(order, reason) for reason in order.priority_reasons)
    if order.priority == "routine" and not because:
        return ""
    code = "not readable" if order.priority is None else PRIORITY_WORDS.get(order.priority, escaped(order.priority))
    return f"; priority: {code}{f', because of {because}' if because else ''}"


def _no_reason(order: OrderForCard) -> str:
    """Why no reason is named: none was coded, or one was sent that nobody could follow or read."""
    was_sent = Indication.UNRECOGNISED in order.facts.indications
    return "one was sent that could not be read" if was_sent else "no coded reason"
