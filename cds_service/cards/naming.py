"""What a card calls an order and its reasons, in our own words or in the call's made safe to show."""

import re
from collections.abc import Iterator

from cds_service.cards.escape import escaped, one_line
from cds_service.cards.order import Json, OrderForCard

_SEMANTIC_TAG = re.compile(r"\s\((?:disorder|finding|situation|procedure|event|body structure)\)\s*$")
"""The end of a SNOMED CT fully specified name, which says nothing to a clinician."""

MOST_SITES = 2
"""Body sites named beside an order; a side or two is what tells orders apart."""

SITES_READ = 6
"""Body sites that are looked at: an order that names more is no longer told apart by them."""

WITHOUT_WORDS = "a code without words"
"""A reason that came as a code which no list knows and which nothing names."""


def plain_name(order: OrderForCard) -> str:
    """An order's label with the side or site that tells it from another, for a FHIR string."""
    return ", ".join(map(one_line, _name(order)))


def shown_name(order: OrderForCard) -> str:
    """The same, for a card's Markdown."""
    return ", ".join(map(escaped, _name(order)))


def _name(order: OrderForCard) -> list[str]:
    named = _words(order.label)
    further = []
    for site in order.body_sites[:SITES_READ]:
        words = one_line(_display(site) or _text(site) or "")
        if not _words(words) <= named:
            further.append(words)
            named |= _words(words)
    return [order.label, *further[:MOST_SITES]]


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def reason_words(order: OrderForCard, concept: Json) -> str | None:
    """What a card calls a reason: the call's display, else our list's, else its text; None for text without a code."""
    sent = _display(concept)
    coded = list(_codings(concept))
    if sent is not None or not coded:
        return sent
    listed = (order.display(*coding) for coding in coded)
    return next(filter(None, listed), None) or _text(concept) or WITHOUT_WORDS


def priority_reason_words(order: OrderForCard, concept: Json) -> str | None:
    """What a card calls the reason of a priority: as a reason of the order, else its text, which nothing reads."""
    return reason_words(order, concept) or _text(concept)


def _codings(concept: Json) -> Iterator[tuple[str, str]]:
    """The codes of a concept, each as (system, code); a system that was not sent is empty."""
    stated = concept.get("coding")
    for coding in stated if isinstance(stated, list) else ():
        code = coding.get("code") if isinstance(coding, dict) else None
        if isinstance(code, str) and one_line(code):
            system = coding.get("system")
            yield system if isinstance(system, str) else "", code


def _display(concept: Json) -> str | None:
    stated = concept.get("coding")
    for coding in stated if isinstance(stated, list) else ():
        display = coding.get("display") if isinstance(coding, dict) else None
        if isinstance(display, str) and one_line(display):
            return _SEMANTIC_TAG.sub("", display)
    return None


def _text(concept: Json) -> str | None:
    text = concept.get("text")
    return text if isinstance(text, str) and one_line(text) else None
