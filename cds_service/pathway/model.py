"""A pathway file as frozen, strict models: what a region's document says, with the sentence each rule rests on.

A file states a region's choices; the order of the rules is code (`decide.py`) and the same everywhere, so that no
file can put an exemption above a red flag.
"""

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    StringConstraints,
    field_validator,
    model_validator,
)

from cds_service.pathway.facts import OUTSIDE, UNRESOLVED, Modality, RegionId, Setting
from cds_service.pathway.outcomes import Caution, KeepScan, Outcome, RuleId, TextKey

SentenceId = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{1,2}$")]
"""A sentence of a source document, numbered in reading order: N1 to N14 (NWL), E1 to E14 (NEL)."""

Line = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]

SUMMARY_LIMIT = 139
"""Longest summary in characters: CDS Hooks asks for fewer than 140."""

MODALITY_WORDS = {Modality.MRI: "MRI", Modality.USS: "ultrasound", Modality.OTHER: "scan"}
"""What a card calls one order; `OTHER` stands for orders of different kinds."""

UNLESS_RED_FLAGS = " unless red flags"
"""The end of a redirect's summary when reason or oncology status is missing (fact 2)."""

LOCKED_RULES = frozenset(
    {
        RuleId.CES,
        RuleId.SUSPECTED_CANCER,
        RuleId.SUSPECTED_SARCOMA,
        RuleId.ONCOLOGY,
        RuleId.LUMP,
        RuleId.REDIRECT,
        RuleId.REDIRECT_UNKNOWN_SETTING,
        RuleId.SECONDARY_CARE,
        RuleId.COMMUNITY_MSK,
        RuleId.OUT_OF_POLICY,
    }
)
"""Rules that no region can switch off: the documents' own red flags and the pathway itself."""

SPELLED_OUT = {
    TextKey.CES: ("cauda equina", "immediately"),
    TextKey.MSCC: ("spinal cord compression", "immediately"),
    TextKey.SUSPECTED_SARCOMA: ("sarcoma",),
    TextKey.SUSPECTED_SARCOMA_CHILD: ("sarcoma", "48 hours"),
    TextKey.SUSPECTED_CANCER: ("suspected cancer",),
    TextKey.SUSPECTED_CANCER_CHILD: ("suspected cancer", "48 hours"),
    TextKey.ONCOLOGY_SUSPICIOUS: ("oncology",),
    TextKey.ONCOLOGY_NEW_PRIMARY: ("oncology",),
    TextKey.ONCOLOGY_TWO_BRANCHES: ("oncology",),
    TextKey.LUMP: ("lump",),
    TextKey.REDIRECT: ("MSK",),
    TextKey.REDIRECT_UNKNOWN_SETTING: ("MSK",),
    TextKey.PAEDIATRIC: ("MSK",),
}
"""Words a summary must hold, whoever rewrites it: the red-flag words cannot be edited away."""


RESERVED_IDS = frozenset({OUTSIDE, UNRESOLVED, "national"})
"""Words that stand for no region; a pathway cannot take one as its id."""

SAFETY_NET = frozenset({TextKey.CES, TextKey.MSCC, TextKey.REDIRECT, TextKey.REDIRECT_UNKNOWN_SETTING})
"""Card texts that always carry red-flag lines (`design.md`, fact 2)."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _only_https(url: HttpUrl | None) -> HttpUrl | None:
    if url is not None and url.scheme != "https":
        msg = "an address on a card starts with https://"
        raise ValueError(msg)
    return url


HttpsUrl = Annotated[HttpUrl, AfterValidator(_only_https)]


class Basis(StrEnum):
    """Where a rule comes from: the region's own document, or national guidance."""

    DOCUMENT = "document"
    NATIONAL = "national"


class OrderWords(NamedTuple):
    """How a card text speaks of the orders that it is about."""

    modality: Modality
    orders: int = 1

    def fill(self, text: str) -> str:
        """A card text with `{this}` and `{the}` filled in."""
        scan = MODALITY_WORDS[self.modality] if self.orders == 1 else "scans"
        these = "this" if self.orders == 1 else "these"
        return text.replace("{this}", f"{these} {scan}").replace("{the}", f"the {scan}")


class Rule(_Frozen):
    """One rule: the outcome it gives, its source, and in one line why it applies."""

    outcome: Outcome | None
    basis: Basis
    sentences: tuple[SentenceId, ...] = ()
    because: Line
    enabled: bool = True

    @model_validator(mode="after")
    def _document_rules_name_a_sentence(self) -> Self:
        if self.basis is Basis.DOCUMENT and not self.sentences:
            msg = "a rule with basis 'document' names at least one sentence, for example [N8]; or say basis 'national'"
            raise ValueError(msg)
        return self


class ApprovalDate(_Frozen):
    """The approval date as printed; never used to decide."""

    as_printed: Line
    date: date
    status: Literal["plausible", "implausible"]
    note: Line | None = None


class Document(_Frozen):
    """The source document's own metadata, as printed."""

    title: Line
    reviewed: Line | None = None
    publisher: Line
    author: Line | None = None
    approved_by: tuple[Line, ...] = ()
    effective_as_printed: Line
    review_as_printed: Line
    approval: ApprovalDate | None = None
    contact: Line | None = None
    url: HttpsUrl | None = None


class Footprint(_Frozen):
    """The area that commissions the pathway; sub-ICB locations first, legacy ICB codes as fallback (fact 4)."""

    name: Line
    sub_icb: tuple[str, ...] = Field(min_length=1)
    legacy_icb: tuple[str, ...] = ()
    boroughs: tuple[Line, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _never_a_merged_icb(self) -> Self:
        if "Z9B2Z" in {code.upper() for code in (*self.sub_icb, *self.legacy_icb)}:
            msg = "Z9B2Z is a merged ICB that is wider than any pathway: name the sub-ICB location, for example W2U3Z"
            raise ValueError(msg)
        return self


class Settings(_Frozen):
    """Which settings the pathway redirects and which it exempts; each of the four stands in exactly one."""

    redirect: tuple[Setting, ...]
    exempt: tuple[Setting, ...]

    @model_validator(mode="after")
    def _each_setting_once(self) -> Self:
        listed = sorted((*self.redirect, *self.exempt))
        if listed != sorted(set(Setting) - {Setting.UNKNOWN}):
            msg = "list general-practice, urgent-care, community-msk and secondary-care once each, redirect or exempt"
            raise ValueError(msg)
        if Setting.SECONDARY_CARE not in self.exempt:
            msg = "secondary-care is always exempt: it is where the emergency scan is done"
            raise ValueError(msg)
        return self


class FcpExemption(_Frozen):
    """The exemption of assured First Contact Practitioners (NEL E5, E6)."""

    modalities: tuple[Modality, ...] = Field(min_length=1)
    spine_requires_expertise: bool = False


class Link(_Frozen):
    """A page that a card offers for the texts named; `url` is None where the document's own link was lost."""

    label: Line
    url: HttpsUrl | None
    sentence: SentenceId | None = None
    spine_only: bool = False
    shown_on: tuple[TextKey, ...] = Field(min_length=1)


class CardText(_Frozen):
    """What one kind of card says, in Markdown.

    `{this}` becomes "this MRI", "this ultrasound" or "these scans"; `{the}` likewise.
    """

    summary: Line
    do: tuple[Line, ...] = Field(min_length=1)
    safety_net: Line | None = None
    suggestion: Line | None = None
    suggestion_removing_some: Line | None = None
    suggestion_keeping_scan: Line | None = None

    def summary_for(self, orders: OrderWords, *, unless_red_flags: bool) -> str:
        """The summary of a card about these orders."""
        summary = orders.fill(self.summary)
        return summary + UNLESS_RED_FLAGS if unless_red_flags else summary


class OverrideReason(_Frozen):
    """A coded reason to go ahead all the same, mapped to HL7's code where one fits."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{2,60}$")]
    display: Line
    hl7: str | None = None


class Texts(_Frozen):
    """Everything a card may say. A region's file holds only what differs from the national texts."""

    cards: dict[TextKey, CardText] = {}
    cautions: dict[Caution, Line] = {}
    also_coded: dict[Outcome, Line] = {}
    kept: dict[KeepScan, Line] = {}


class Pathway(_Frozen):
    """A region's pathway: metadata, scope, rules, links and card texts, complete with the national texts."""

    id: Annotated[RegionId, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{1,30}$", to_lower=True)]
    title: Line
    version: Line
    effective: date
    review: date
    after_review: Literal["warn"] = "warn"
    document: Document
    footprint: Footprint
    modalities: tuple[Modality, ...] = Field(min_length=1)
    settings: Settings
    fcp_exemption: FcpExemption | None = None
    adult_from: Annotated[int, Field(ge=16, le=18)] = 16
    rules: dict[RuleId, Rule]
    links: tuple[Link, ...] = ()
    override_reasons: tuple[OverrideReason, ...] = Field(min_length=1, max_length=12)
    texts: Texts

    @field_validator("modalities")
    @classmethod
    def _scans_once_each(cls, modalities: tuple[Modality, ...]) -> tuple[Modality, ...]:
        if Modality.OTHER in modalities or len(set(modalities)) != len(modalities):
            msg = "list mri, uss or both, once each"
            raise ValueError(msg)
        return modalities

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.id in RESERVED_IDS:
            msg = f"id '{self.id}' means that no region applies; choose another"
            raise ValueError(msg)
        if self.review < self.effective:
            msg = f"review {self.review} is before effective {self.effective}: check the two dates"
            raise ValueError(msg)
        _check_rules(self)
        _check_texts(self.texts)
        codes = [reason.code for reason in self.override_reasons]
        if len(set(codes)) != len(codes):
            msg = "override_reasons: each code may stand once"
            raise ValueError(msg)
        return self

    def enabled(self, rule: RuleId) -> bool:
        """Whether the region has the rule and has not switched it off."""
        stated = self.rules.get(rule)
        return stated is not None and stated.enabled

    def is_effective(self, today: date) -> bool:
        """Whether the pathway is in force on a date in Europe/London."""
        return self.effective <= today

    def is_past_review(self, today: date) -> bool:
        """Whether the review date has gone by; the review date itself has not."""
        return today > self.review


class NationalFallback(_Frozen):
    """What speaks where no region's pathway applies: always in force, with no suggestion."""

    id: Annotated[RegionId, StringConstraints(pattern=r"^national$")]
    title: Line
    version: Line
    rules: dict[RuleId, Rule]
    links: tuple[Link, ...]
    override_reasons: tuple[OverrideReason, ...] = Field(min_length=1, max_length=12)
    texts: Texts

    @model_validator(mode="after")
    def _texts_are_whole(self) -> Self:
        unstated = NATIONAL_RULES - set(self.rules)
        if unstated:
            msg = f"rules: {', '.join(sorted(unstated))} not stated"
            raise ValueError(msg)
        missing = set(TextKey) - set(self.texts.cards)
        if missing:
            msg = f"texts.cards: no text for {', '.join(sorted(missing))}"
            raise ValueError(msg)
        _check_texts(self.texts)
        return self


def _check_rules(pathway: Pathway) -> None:
    optional = {RuleId.FCP_EXEMPT} if pathway.fcp_exemption is None else set()
    regional = set(RuleId) - NATIONAL_ONLY - optional
    missing = regional - set(pathway.rules)
    if missing:
        msg = (
            f"rules: {', '.join(sorted(missing))} not stated; say each rule, or 'enabled: false' where that is allowed"
        )
        raise ValueError(msg)
    unknown = set(pathway.rules) - regional
    if unknown:
        msg = f"rules: {', '.join(sorted(unknown))} cannot be stated by this region; remove"
        raise ValueError(msg)
    for rule_id, rule in pathway.rules.items():
        if not rule.enabled and rule_id in LOCKED_RULES:
            msg = f"rules.{rule_id}.enabled: this rule cannot be switched off; remove 'enabled: false'"
            raise ValueError(msg)
        if rule.outcome != OUTCOME_OF[rule_id]:
            msg = f"rules.{rule_id}.outcome: is {rule.outcome}, must be {OUTCOME_OF[rule_id]}"
            raise ValueError(msg)


_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_ALL_ORDER_WORDS = [OrderWords(modality, orders) for modality in Modality for orders in (1, 2)]


def _check_texts(texts: Texts) -> None:
    for key, text in texts.cards.items():
        longest = max(len(text.summary_for(words, unless_red_flags=True)) for words in _ALL_ORDER_WORDS)
        if longest > SUMMARY_LIMIT:
            msg = f"texts.cards.{key}.summary: {longest} characters at its longest, at most {SUMMARY_LIMIT}; shorten it"
            raise ValueError(msg)
        lines = (text.summary, *text.do, text.safety_net, text.suggestion, text.suggestion_keeping_scan)
        unknown = {found for line in lines for found in _PLACEHOLDER.findall(line or "")} - {"{this}", "{the}"}
        if unknown:
            msg = f"texts.cards.{key}: {', '.join(sorted(unknown))} is no placeholder; use {{this}} or {{the}}"
            raise ValueError(msg)
        if key in SAFETY_NET and text.safety_net is None:
            msg = f"texts.cards.{key}.safety_net: must be there; leave it out to keep the national one"
            raise ValueError(msg)
        for words in SPELLED_OUT.get(key, ()):
            if words.lower() not in text.summary.lower():
                msg = f"texts.cards.{key}.summary: must spell out '{words}'"
                raise ValueError(msg)


NATIONAL_ONLY = frozenset(
    {
        RuleId.NOT_AN_MSK_SCAN,
        RuleId.OUTSIDE_FOOTPRINT,
        RuleId.NOT_EFFECTIVE,
        RuleId.COULD_NOT_EVALUATE,
    }
)
"""Rules that hold before any region is known; they stand in the national file alone."""

NATIONAL_RULES = NATIONAL_ONLY | {
    RuleId.SECONDARY_CARE,
    RuleId.CES,
    RuleId.MSCC,
    RuleId.SUSPECTED_SARCOMA,
    RuleId.SUSPECTED_CANCER,
    RuleId.URGENT_MSK,
}
"""Every rule that may answer where no region's pathway applies."""

OUTCOME_OF: dict[RuleId, Outcome | None] = {
    RuleId.SECONDARY_CARE: Outcome.SPECIALIST_EXEMPT,
    RuleId.COMMUNITY_MSK: Outcome.SPECIALIST_EXEMPT,
    RuleId.NOT_AN_MSK_SCAN: Outcome.NOT_APPLICABLE,
    RuleId.SYMPTOMS: None,
    **{RuleId(outcome.value): outcome for outcome in Outcome if outcome.value in set(RuleId)},
}
"""The outcome that each rule gives."""
