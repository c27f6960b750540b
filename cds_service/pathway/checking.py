"""Lints of a pathway: nothing that stops the start, but what its owner should look at."""

import re
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from cds_service.pathway.model import Pathway

REVIEW_NOTICE_DAYS = (30, 90)
"""A review this many days away, or fewer, is told of: the nearest that fits."""


class Level(StrEnum):
    """How grave a finding is: a `problem` should be mended before real use, a `note` should be known."""

    NOTE = "note"
    PROBLEM = "problem"


class Finding(NamedTuple):
    """One thing to look at.

    Attributes:
        level: how grave it is.
        field: the part of the pathway file that it is about.
        text: what is wrong, and how to mend it.
    """

    level: Level
    field: str
    text: str


def check_pathway(pathway: Pathway, today: date) -> list[Finding]:
    """Everything that the lints say of one version of a pathway.

    Args:
        pathway: the pathway, which the strict model has accepted (so that no text is over its length).
        today: the date in Europe/London.
    """
    return [
        *_of_review(pathway, today),
        *_of_approval(pathway),
        *_of_sentences(pathway),
        *_of_links(pathway),
        *_of_people(pathway),
    ]


def _of_review(pathway: Pathway, today: date) -> Iterator[Finding]:
    days = (pathway.review - today).days
    if days < 0:
        text = f"{pathway.review} was {-days} day(s) ago: every card says so. Review the pathway, or withdraw it"
        yield Finding(Level.PROBLEM, "review", text)
        return
    near = next((limit for limit in REVIEW_NOTICE_DAYS if days <= limit), None)
    if near is not None:
        yield Finding(Level.NOTE, "review", f"{pathway.review} is {days} day(s) away, within {near}: plan the review")


def _of_approval(pathway: Pathway) -> Iterator[Finding]:
    """An approval later than the day from which the document applies cannot be right (NWL's, as printed: N14)."""
    approval = pathway.document.approval
    if approval is None:
        yield Finding(Level.NOTE, "document.approval", "the document prints no approval date: ask its owner for one")
        return
    odd = approval.date > pathway.effective or approval.date >= pathway.review
    if odd and approval.status == "plausible":
        text = (
            f"{approval.date} is marked plausible, but lies after effective {pathway.effective} or not before review "
            f"{pathway.review}: correct the date, or say status: implausible"
        )
        yield Finding(Level.PROBLEM, "document.approval", text)
    elif odd or approval.status == "implausible":
        text = f"{approval.as_printed} is implausible as printed: ask the document's owner"
        yield Finding(Level.NOTE, "document.approval", text)


def _of_sentences(pathway: Pathway) -> Iterator[Finding]:
    """Whoever signs reads what a rule answers beside what the document says."""
    if not pathway.document.sentences and pathway.sentences_named():
        text = "not stated, so the matrix has numbers alone: say what each says, for example 'N1: it is about MSK MRI'"
        yield Finding(Level.PROBLEM, "document.sentences", text)


def _of_links(pathway: Pathway) -> Iterator[Finding]:
    """A link that the document has and we have lost is mandatory: a card that should offer it does not."""
    for link in pathway.links:
        if link.url is None:
            text = (
                f"'{link.label}' ({link.sentence or 'no sentence'}) has no url: the cards that should offer it do not"
            )
            yield Finding(Level.PROBLEM, "links", text)


_TITLED_NAME = re.compile(r"\b(?:Dr|Mr|Mrs|Ms|Miss|Prof|Professor|Sister|Sir|Dame)\.? [A-Z][a-z]+")
_PERSON = re.compile(r"^(?:(?:Dr|Mr|Mrs|Ms|Miss|Prof|Professor)\.? )?([A-Z][\w'-]+(?: [A-Z][\w'-]+)+)$")


def _of_people(pathway: Pathway) -> Iterator[Finding]:
    """People leave; a card that names one sends a patient to somebody who is not there."""
    document = pathway.document
    listed = [
        person.split(",")[0].strip() for person in (document.author or "", *document.approved_by) if "," in person
    ]
    known = {found[1] for person in listed if (found := _PERSON.match(person))}
    for field, text in texts_of(pathway):
        named = {*_TITLED_NAME.findall(text), *(name for name in known if name in text)}
        if named:
            said = f"names {', '.join(sorted(named))}: name a role or a service instead"
            yield Finding(Level.PROBLEM, field, said)


def texts_of(pathway: Pathway) -> Iterator[tuple[str, str]]:
    """Every text that a card of the pathway may show, with the field it stands in."""
    for key, card in pathway.texts.cards.items():
        suggestions = (card.suggestion, card.suggestion_removing_some, card.suggestion_keeping_scan)
        yield f"texts.cards.{key}.summary", card.summary
        for part in (*card.do, card.drafting, card.removing, card.destination, card.safety_net, *suggestions):
            if part is not None:
                yield f"texts.cards.{key}", part
    for field in ("cautions", "also_coded", "kept"):
        for key, line in getattr(pathway.texts, field).items():
            yield f"texts.{field}.{key}", line
    for link in pathway.links:
        yield "links", link.label
    for reason in pathway.override_reasons:
        yield f"override_reasons.{reason.code}", reason.display
