"""What a card may say: texts, links and override reasons, with the words that nobody can edit away."""

import re
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, StringConstraints

from cds_service.pathway.facts import Modality
from cds_service.pathway.outcomes import Caution, KeepScan, Outcome, TextKey

SentenceId = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{1,2}$")]
"""A sentence of a source document, numbered in reading order: N1 to N14 (NWL), E1 to E14 (NEL)."""

Line = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]

SUMMARY_LIMIT = 139
"""Longest summary in characters: CDS Hooks asks for fewer than 140."""

MODALITY_WORDS = {Modality.MRI: "MRI", Modality.USS: "ultrasound", Modality.OTHER: "scan"}
"""What a card calls one order; `OTHER` stands for orders of different kinds."""

UNLESS_RED_FLAGS = " unless red flags"
"""The end of a redirect's summary when reason or oncology status is missing (fact 2)."""

SPELLED_OUT = {
    TextKey.CES: ("cauda equina", "immediately"),
    TextKey.MSCC: ("spinal cord compression", "immediately"),
    TextKey.SUSPECTED_SARCOMA: ("sarcoma",),
    TextKey.SUSPECTED_SARCOMA_CHILD: ("sarcoma", "48 hours"),
    TextKey.SUSPECTED_CANCER: ("suspected cancer",),
    TextKey.SUSPECTED_CANCER_CHILD: ("suspected cancer", "48 hours"),
    TextKey.ONCOLOGY_SAME_DAY: ("oncology", "immediately"),
    TextKey.ONCOLOGY_EXAMINE_TODAY: ("oncology", "cauda equina", "cord compression", "today"),
    TextKey.ONCOLOGY_URGENT: ("oncology", "urgently"),
    TextKey.ONCOLOGY_RHEUMATOLOGY: ("oncology", "rheumatology", "urgently"),
    TextKey.ONCOLOGY_SUSPICIOUS: ("oncology",),
    TextKey.ONCOLOGY_NEW_PRIMARY: ("oncology",),
    TextKey.ONCOLOGY_TWO_BRANCHES: ("oncology",),
    TextKey.ONCOLOGY_TWO_BRANCHES_CHILD: ("oncology", "paediatric"),
    TextKey.LUMP: ("lump",),
    TextKey.LUMP_CHILD: ("lump", "paediatric", "48 hours"),
    TextKey.REDIRECT: ("MSK",),
    TextKey.REDIRECT_UNKNOWN_SETTING: ("MSK",),
    TextKey.PAEDIATRIC: ("MSK",),
}
"""Words a summary must hold, whoever rewrites it: the red-flag words cannot be edited away."""

SPELLED_OUT_BESIDES = {
    ("cautions", Caution.SPINE_AND_CANCER): ("MSCC", "immediately", "24 hours"),
    ("cautions", Caution.STRONG_SIGN): ("cauda equina", "cord compression", "immediately"),
    ("cautions", Caution.EMERGENCY_PROBLEM): ("cauda equina", "cord compression", "immediately"),
    ("also_coded", Outcome.CES): ("cauda equina", "immediately"),
    ("also_coded", Outcome.MSCC): ("MSCC", "immediately"),
}
"""Words that a line beside a card's text must hold: of an emergency it may be the only word that is said."""

SAFETY_NET = frozenset({TextKey.CES, TextKey.MSCC, TextKey.REDIRECT, TextKey.REDIRECT_UNKNOWN_SETTING})
"""Card texts that always carry red-flag lines (fact 2)."""


class Frozen(BaseModel):
    """What is read from a pathway file: unchangeable, and nothing in it that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _only_https(url: HttpUrl | None) -> HttpUrl | None:
    if url is not None and url.scheme != "https":
        msg = "an address on a card starts with https://"
        raise ValueError(msg)
    return url


HttpsUrl = Annotated[HttpUrl, AfterValidator(_only_https)]


class OrderWords(NamedTuple):
    """How a card text speaks of the orders that it is about."""

    modality: Modality
    orders: int = 1

    def fill(self, text: str) -> str:
        """A card text with `{this}` and `{the}` filled in."""
        scan = MODALITY_WORDS[self.modality] if self.orders == 1 else "scans"
        these = "this" if self.orders == 1 else "these"
        return text.replace("{this}", f"{these} {scan}").replace("{the}", f"the {scan}")


class Link(Frozen):
    """A page that a card offers for the texts named; `url` is None where the document's own link was lost."""

    label: Line
    url: HttpsUrl | None
    sentence: SentenceId | None = None
    spine_only: bool = False
    shown_on: tuple[TextKey, ...] = Field(min_length=1)


class CardText(Frozen):
    """What one kind of card says, in Markdown.

    `{this}` becomes "this MRI", "this ultrasound" or "these scans"; `{the}` likewise.

    Attributes:
        summary: the card's first line.
        do: the steps.
        drafting: a last step, where the card offers a draft referral and removes no scan.
        removing: the same where its draft referral comes with a removal.
        destination: how the card names the configured service, as `{service}`, where that is not whom the first step
            sends to; it then stands after the steps, so that nobody phones it first. None: "Refer to", before them.
        safety_net: the red-flag lines.
        suggestion: the words on the button that removes every scan of the card.
        suggestion_removing_some: the same for one that removes some of them.
        suggestion_keeping_scan: the same for one that removes none.
    """

    summary: Line
    do: tuple[Line, ...] = Field(min_length=1)
    drafting: Line | None = None
    removing: Line | None = None
    destination: Line | None = None
    safety_net: Line | None = None
    suggestion: Line | None = None
    suggestion_removing_some: Line | None = None
    suggestion_keeping_scan: Line | None = None

    def summary_for(self, orders: OrderWords, *, unless_red_flags: bool) -> str:
        """The summary of a card about these orders."""
        summary = orders.fill(self.summary)
        return summary + UNLESS_RED_FLAGS if unless_red_flags else summary


class OverrideReason(Frozen):
    """A coded reason to go ahead all the same, mapped to HL7's code where one fits."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{2,60}$")]
    display: Line
    hl7: str | None = None


class Texts(Frozen):
    """Everything a card may say. A region's file holds only what differs from the national texts."""

    cards: dict[TextKey, CardText] = {}
    cautions: dict[Caution, Line] = {}
    also_coded: dict[Outcome, Line] = {}
    kept: dict[KeepScan, Line] = {}


SERVICE = "{service}"
"""Where a text's `destination` names the service."""

_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_ALL_ORDER_WORDS = [OrderWords(modality, orders) for modality in Modality for orders in (1, 2)]


def check_texts(texts: Texts) -> None:
    """Hold every text to its length, its placeholders and the words that must be there.

    Raises:
        ValueError: one of them breaks a rule; the message names it and the mend.
    """
    for (part, line), required in SPELLED_OUT_BESIDES.items():
        said = getattr(texts, part).get(line, "")
        for words in required:
            if said and words.lower() not in said.lower():
                msg = f"texts.{part}.{line}: must spell out '{words}'"
                raise ValueError(msg)
    for key, text in texts.cards.items():
        _check_placeholders(key, text)
        longest = max(len(text.summary_for(words, unless_red_flags=True)) for words in _ALL_ORDER_WORDS)
        if longest > SUMMARY_LIMIT:
            msg = f"texts.cards.{key}.summary: {longest} characters at its longest, at most {SUMMARY_LIMIT}; shorten it"
            raise ValueError(msg)
        if key in SAFETY_NET and text.safety_net is None:
            msg = f"texts.cards.{key}.safety_net: must be there; leave it out to keep the national one"
            raise ValueError(msg)
        for words in SPELLED_OUT.get(key, ()):
            if words.lower() not in text.summary.lower():
                msg = f"texts.cards.{key}.summary: must spell out '{words}'"
                raise ValueError(msg)


def _check_placeholders(key: TextKey, text: CardText) -> None:
    steps = (*text.do, text.drafting, text.removing)
    lines = (text.summary, *steps, text.safety_net, text.suggestion, text.suggestion_keeping_scan)
    unknown = {found for line in lines for found in _PLACEHOLDER.findall(line or "")} - {"{this}", "{the}"}
    if unknown:
        msg = f"texts.cards.{key}: {', '.join(sorted(unknown))} is no placeholder; use {{this}} or {{the}}"
        raise ValueError(msg)
    if text.destination is not None and _PLACEHOLDER.findall(text.destination) != [SERVICE]:
        msg = f"texts.cards.{key}.destination: must hold {SERVICE} once, and no other placeholder"
        raise ValueError(msg)
