"""A card's detail in GitHub-flavoured Markdown: what to do, then red flags, then why, then the source."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TypeVar

from cds_service.cards.escape import escaped, one_line
from cds_service.cards.order import OrderForCard
from cds_service.cards.speaker import FilledText, Speaker
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
from cds_service.pathway.facts import KnownBy, Setting
from cds_service.pathway.outcomes import Caution, Indicator, KeepScan, RuleId

_T = TypeVar("_T")

LEADING = frozenset({Caution.UNLESS_RED_FLAGS, Caution.SPINE_AND_CANCER})
"""Cautions that come before everything else, unless the card itself is an emergency."""

_SEMANTIC_TAG = re.compile(r"\s\((?:disorder|finding|situation|procedure|event)\)\s*$")
"""The end of a SNOMED CT fully specified name, which says nothing to a clinician."""

MOST_REASONS = 6
"""Reasons named for one order; more would bury the advice."""


def card_detail(
    orders: Sequence[OrderForCard],
    text: FilledText,
    destinations: Sequence[Destination],
    speaker: Speaker,
    today: date,
) -> str:
    """The detail of one card.

    Args:
        orders: the orders that the card is about.
        text: the card's text.
        destinations: where the patient can be sent, with telephone numbers.
        speaker: the pathway that speaks.
        today: the date in Europe/London.
    """
    cautions = _in_order(caution for order in orders for caution in order.decision.cautions)
    also_coded = _in_order(outcome for order in orders for outcome in order.decision.also_coded)
    net = [text.safety_net] if text.safety_net is not None else []
    net_leads = Caution.UNLESS_RED_FLAGS in cautions
    leading = frozenset() if orders[0].decision.indicator is Indicator.CRITICAL else LEADING
    said = speaker.texts.cautions
    parts = [
        *(said[caution] for caution in cautions if caution in leading),
        *(net if net_leads else ()),
        *(_destination(destination) for destination in destinations),
        text.what_to_do,
        *(said[caution] for caution in cautions if caution not in leading),
        *(speaker.texts.also_coded[outcome] for outcome in also_coded),
        *(() if net_leads else net),
        *_kept(orders, speaker),
        _why(orders, speaker),
        speaker.provenance(orders[0].decision, today),
    ]
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


def _kept(orders: Sequence[OrderForCard], speaker: Speaker) -> list[str]:
    """Why an order stays although its card may remove scans; nothing where there is nothing to explain."""
    lines = []
    for order in orders:
        if not order.decision.keep or not order.decision.proposes_referral:
            continue
        reasons = [speaker.texts.kept[reason] for reason in order.decision.keep if reason not in _NEEDS_NO_WORDS]
        if reasons:
            lines.append(f"**{escaped(order.label)} stays:** {'; '.join(reasons)}.")
    return lines


_NEEDS_NO_WORDS = frozenset({KeepScan.OUTCOME, KeepScan.NATIONAL})


def _why(orders: Sequence[OrderForCard], speaker: Speaker) -> str:
    first = orders[0]
    lines = ["**Why this card**", ""]
    lines += [f"- Order: {_order_line(order)}" for order in orders]
    lines += [f"- {reason}" for reason in _in_order(reason for order in orders for reason in order.decision.reasons)]
    read = {name for order in orders for name in FACTS_READ[order.decision.rule]}
    facts = first.facts
    if "setting" in read:
        lines.append(f"- Setting: {_setting(first)}")
    if "oncology" in read:
        lines.append(f"- Cancer history: {ONCOLOGY_WORDS[facts.oncology]}")
    if "age" in read:
        lines.append(f"- Age: {age_words(facts.age)}")
    if speaker.exempts_practitioners and first.decision.rule is RuleId.REDIRECT:
        lines.append(f"- Requester: {FCP_WORDS[facts.fcp_listing]}")
    return "\n".join(lines)


def _setting(order: OrderForCard) -> str:
    evidence = EVIDENCE_WORDS.get(order.facts.evidence.get("setting", ""), "")
    words = SETTING_WORDS[order.facts.setting]
    if order.facts.setting is not Setting.UNKNOWN and order.place is not None:
        words += f" ({order.place})"
    return f"{words}; {evidence}" if evidence else words


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
            return _SEMANTIC_TAG.sub("", display)
    text = concept.get("text")
    return text if isinstance(text, str) and codings else None
