"""A card's detail in GitHub-flavoured Markdown: what to do first, then red flags, then why, then where it comes from."""

from collections.abc import Iterable
from datetime import date
from typing import TypeVar

from cds_service.cards.escape import escaped, one_line
from cds_service.cards.order import OrderForCard
from cds_service.cards.speaker import Speaker
from cds_service.cards.words import (
    EVIDENCE_WORDS,
    FCP_WORDS,
    KNOWN_BY_WORDS,
    ONCOLOGY_WORDS,
    SETTING_WORDS,
    age_words,
)
from cds_service.directory.model import Destination
from cds_service.pathway.decision import FACTS_READ
from cds_service.pathway.facts import KnownBy
from cds_service.pathway.model import CardText, OrderWords
from cds_service.pathway.outcomes import Caution, KeepScan, RuleId

_T = TypeVar("_T")

LEADING = (Caution.UNLESS_RED_FLAGS, Caution.SPINE_AND_CANCER)
"""Cautions that come before everything else."""

MOST_REASONS = 6
"""Reasons named for one order; more would bury the advice."""


def card_detail(
    orders: list[OrderForCard],
    text: CardText,
    destinations: list[Destination],
    words: OrderWords,
    speaker: Speaker,
    today: date,
) -> str:
    """The detail of one card.

    Args:
        orders: the orders that the card is about.
        text: the card's text.
        destinations: where the patient can be sent, with telephone numbers.
        words: how the text speaks of the orders.
        speaker: the pathway that speaks.
        today: the date in Europe/London.
    """
    cautions = _in_order(caution for order in orders for caution in order.decision.cautions)
    net = words.fill(text.safety_net) if text.safety_net else None
    leads = [speaker.texts.cautions[caution] for caution in cautions if caution in LEADING]
    net_leads = net is not None and Caution.UNLESS_RED_FLAGS in cautions
    parts = [*leads, *([f"**Red flags:** {net}"] if net_leads else [])]
    parts.append("\n".join(["**What to do**", "", *(f"- {words.fill(step)}" for step in text.do)]))
    parts += [_destination(destination) for destination in destinations]
    parts += [speaker.texts.cautions[caution] for caution in cautions if caution not in LEADING]
    parts += [
        speaker.texts.also_coded[outcome] for outcome in _in_order(o for d in orders for o in d.decision.also_coded)
    ]
    if net is not None and not net_leads:
        parts.append(f"**Red flags:** {net}")
    kept = _kept(orders, speaker)
    if kept:
        parts.append(kept)
    parts.append(_why(orders))
    parts.append(speaker.provenance(orders[0].decision, today))
    return "\n\n".join(parts)


def _in_order(items: Iterable[_T]) -> list[_T]:
    return list(dict.fromkeys(items))


def _destination(destination: Destination) -> str:
    line = f"**Refer to:** {destination.name}"
    if destination.phone is not None:
        line += f" — telephone **{destination.phone}**"
    if destination.wait is not None:
        line += f" (stated wait: {destination.wait})"
    return line


def _kept(orders: list[OrderForCard], speaker: Speaker) -> str | None:
    """Why an order stays although its card may remove scans; None when there is nothing to explain."""
    lines = []
    for order in orders:
        reasons = [reason for reason in order.decision.keep if reason not in {KeepScan.OUTCOME, KeepScan.NATIONAL}]
        if reasons and order.decision.proposes_referral:
            named = "; ".join(speaker.texts.kept[reason] for reason in reasons)
            lines.append(f"**{escaped(order.label)} stays:** {named}.")
    return "\n\n".join(lines) or None


def _why(orders: list[OrderForCard]) -> str:
    first = orders[0]
    lines = ["**Why this card**", ""]
    lines += [f"- Order: {_order_line(order)}" for order in orders]
    lines += [f"- {reason}" for reason in _in_order(reason for order in orders for reason in order.decision.reasons)]
    read = {name for order in orders for name in FACTS_READ[order.decision.rule]}
    facts = first.facts
    if "setting" in read:
        place = f" ({first.place})" if first.place is not None else ""
        evidence = EVIDENCE_WORDS.get(facts.evidence.get("setting", ""), "")
        lines.append(f"- Setting: {SETTING_WORDS[facts.setting]}{place}{f'; from the {evidence}' if place else ''}")
    if "oncology" in read:
        lines.append(f"- Cancer history: {ONCOLOGY_WORDS[facts.oncology]}")
    if "age" in read:
        lines.append(f"- Age: {age_words(facts.age)}")
    if "fcp_listing" in read and first.decision.rule is RuleId.REDIRECT and first.decision.speaker == "nel":
        lines.append(f"- Requester: {FCP_WORDS[facts.fcp_listing]}")
    return "\n".join(lines)


def _order_line(order: OrderForCard) -> str:
    known = f" (recognised {KNOWN_BY_WORDS[order.facts.known_by]})" if order.facts.known_by is KnownBy.TEXT else ""
    reasons = [words for reason in order.reasons if (words := _reason_words(reason))]
    named = ", ".join(escaped(words) for words in reasons[:MOST_REASONS]) or "no coded reason"
    return f"{escaped(order.label)}{known}; reason: {named}"


def _reason_words(concept: dict[str, object]) -> str | None:
    """A reason in the call's words: the display of its code, else nothing; free text is not repeated."""
    codings = concept.get("coding")
    for coding in codings if isinstance(codings, list) else ():
        display = coding.get("display") if isinstance(coding, dict) else None
        if isinstance(display, str) and one_line(display):
            return display
    text = concept.get("text")
    return text if isinstance(text, str) and codings else None
