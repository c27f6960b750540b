"""A pathway file as frozen, strict models: what a region's document says, with the sentence each rule rests on.

A file states a region's choices; the order of the rules is code (`decide.py`) and the same everywhere, so that no
file can put an exemption above a red flag.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from cds_service.pathway.facts import OUTSIDE, UNRESOLVED, Modality, RegionId, Setting
from cds_service.pathway.outcomes import Outcome, RuleId, TextKey
from cds_service.pathway.texts import Frozen, HttpsUrl, Line, Link, OverrideReason, SentenceId, Texts, check_texts

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

RESERVED_IDS = frozenset({OUTSIDE, UNRESOLVED, "national"})
"""Words that stand for no region; a pathway cannot take one as its id."""


class Basis(StrEnum):
    """Where a rule comes from: the region's own document, or national guidance."""

    DOCUMENT = "document"
    NATIONAL = "national"


class Rule(Frozen):
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


class ApprovalDate(Frozen):
    """The approval date as printed; never used to decide."""

    as_printed: Line
    date: date
    status: Literal["plausible", "implausible"]
    note: Line | None = None


class Document(Frozen):
    """The source document: its own metadata, as printed, and in our words what each of its sentences says."""

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
    sentences: dict[SentenceId, Line] = Field(default_factory=dict)


class Footprint(Frozen):
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


class Settings(Frozen):
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


class FcpExemption(Frozen):
    """The exemption of assured First Contact Practitioners (NEL E5, E6)."""

    modalities: tuple[Modality, ...] = Field(min_length=1)
    spine_requires_expertise: bool = False


class Suspension(Frozen):
    """A pathway put out of force for a time, by somebody and for a reason; CES and MSCC then speak nationally.

    Attributes:
        by: the name of who decided it.
        reason: why.
        since: the first day, in Europe/London.
        until: the last day; None while it lasts.
    """

    by: Line
    reason: Line
    since: date
    until: date | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.until is not None and self.until < self.since:
            msg = f"suspension.until {self.until} is before since {self.since}: check the two dates"
            raise ValueError(msg)
        return self

    def holds(self, today: date) -> bool:
        """Whether the pathway is suspended on a date in Europe/London."""
        return self.since <= today and (self.until is None or today <= self.until)


class Supersedes(Frozen):
    """The version before this one, sealed: its number, and the SHA-256 of its file."""

    version: Line
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Pathway(Frozen):
    """A region's pathway: metadata, scope, rules, links and card texts, complete with the national texts.

    All but `suspension` stands in its file; that comes from `suspensions.yaml`, by the `PathwayRegister`.
    """

    id: Annotated[RegionId, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{1,30}$", to_lower=True)]
    title: Line
    version: Line
    effective: date
    review: date
    until: date | None = None
    after_review: Literal["warn"] = "warn"
    supersedes: Supersedes | None = None
    suspension: Suspension | None = None
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
        if self.until is not None and self.until < self.effective:
            msg = f"until {self.until} is before effective {self.effective}: check the two dates"
            raise ValueError(msg)
        _check_rules(self)
        check_texts(self.texts)
        codes = [reason.code for reason in self.override_reasons]
        if len(set(codes)) != len(codes):
            msg = "override_reasons: each code may stand once"
            raise ValueError(msg)
        unsaid = self.sentences_named() - set(self.document.sentences)
        if unsaid and self.document.sentences:
            msg = f"document.sentences: {', '.join(sorted(unsaid))} not stated, but named by a rule or a link; say it"
            raise ValueError(msg)
        return self

    def sentences_named(self) -> set[SentenceId]:
        """The sentences on which rules and links rest."""
        of_rules = {sentence for rule in self.rules.values() for sentence in rule.sentences}
        return of_rules | {link.sentence for link in self.links if link.sentence is not None}

    def enabled(self, rule: RuleId) -> bool:
        """Whether the region has the rule and has not switched it off."""
        stated = self.rules.get(rule)
        return stated is not None and stated.enabled

    def is_effective(self, today: date) -> bool:
        """Whether the pathway is in force on a date in Europe/London: begun, not ended, not suspended."""
        if today < self.effective or (self.until is not None and today > self.until):
            return False
        return self.suspension is None or not self.suspension.holds(today)

    def is_past_review(self, today: date) -> bool:
        """Whether the review date has gone by; the review date itself has not."""
        return today > self.review


class NationalFallback(Frozen):
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
        check_texts(self.texts)
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
