"""What `decide` answers: the outcome, the rule and sentences it rests on, and what the card must and may say."""

from typing import NamedTuple

from cds_service.pathway.facts import Facts, RegionId
from cds_service.pathway.outcomes import Caution, Indicator, KeepScan, Outcome, RuleId, TextKey

_SCOPE = ("modality", "body_region", "known_by", "indications")
_PLACE = (*_SCOPE, "setting")
_RED_FLAG = (*_PLACE, "oncology")
_REGIONAL = (*_RED_FLAG, "region")
_ROUTINE = (*_REGIONAL, "age")

FACTS_READ: dict[RuleId, tuple[str, ...]] = {
    RuleId.NOT_AN_MSK_SCAN: (*_SCOPE, "live", "age"),
    RuleId.SECONDARY_CARE: _PLACE,
    RuleId.CES: _PLACE,
    RuleId.MSCC: _RED_FLAG,
    RuleId.OUTSIDE_FOOTPRINT: _REGIONAL,
    RuleId.NOT_EFFECTIVE: _REGIONAL,
    RuleId.COULD_NOT_EVALUATE: _REGIONAL,
    RuleId.SUSPECTED_SARCOMA: (*_REGIONAL, "age"),
    RuleId.SUSPECTED_CANCER: (*_REGIONAL, "age"),
    RuleId.ONCOLOGY: (*_REGIONAL, "age"),
    RuleId.URGENT_MSK: _REGIONAL,
    RuleId.LUMP: (*_REGIONAL, "age"),
    RuleId.OUT_OF_POLICY: _REGIONAL,
    RuleId.COMMUNITY_MSK: _REGIONAL,
    RuleId.FCP_EXEMPT: (*_REGIONAL, "fcp_listing"),
    RuleId.PAEDIATRIC: (*_ROUTINE, "fcp_listing"),
    RuleId.REDIRECT_UNKNOWN_SETTING: (*_ROUTINE, "fcp_listing"),
    RuleId.REDIRECT: (*_ROUTINE, "fcp_listing", "specialist_request"),
}
"""The facts that a rule, and those before it, rest on."""


def fact_value(facts: Facts, name: str) -> str:
    """A fact in a word, for explanations."""
    match name:
        case "indications":
            return ", ".join(sorted(facts.indications)) or "none"
        case "age":
            return "unknown" if facts.age is None else str(facts.age)
        case "specialist_request" | "live":
            return "yes" if getattr(facts, name) else "no"
        case _:
            return str(getattr(facts, name))


class FactUsed(NamedTuple):
    """A fact that the rule read: its name, its value and the evidence it came from (None when not stated)."""

    name: str
    value: str
    evidence: str | None


class Decision(NamedTuple):
    """The answer for one order.

    Attributes:
        outcome: the outcome of the first rule that matched.
        rule: that rule.
        speaker: id of the pathway that speaks: a region's, or `national`.
        indicator: the card's indicator; None when there is no card.
        text: the card text that speaks; None when there is no card.
        reasons: why the rule applied, in words.
        facts: what was decided on; `facts_used` names those that the rule and the ones before it read.
        sources: ids of the document's sentences the rule rests on; empty where its basis is national guidance.
        proposes_referral: whether the card may suggest a draft referral (a destination may also be asked for).
        keep: why the scan is not to be removed; empty when it may be.
        cautions: what the detail must add.
        conditional: whether the summary ends "unless red flags" and the detail leads with the safety net.
        also_coded: other red flags that the reasons carry; the card names them.
    """

    outcome: Outcome
    rule: RuleId
    speaker: RegionId
    facts: Facts
    indicator: Indicator | None = None
    text: TextKey | None = None
    reasons: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    proposes_referral: bool = False
    keep: tuple[KeepScan, ...] = (KeepScan.OUTCOME,)
    cautions: tuple[Caution, ...] = ()
    conditional: bool = False
    also_coded: tuple[Outcome, ...] = ()

    @property
    def rule_id(self) -> str:
        """The rule's full name, for example `nwl.redirect`."""
        return f"{self.speaker}.{self.rule}"

    @property
    def facts_used(self) -> tuple[FactUsed, ...]:
        """The facts behind the rule, in a fixed order."""
        names = FACTS_READ[self.rule]
        return tuple(FactUsed(name, fact_value(self.facts, name), self.facts.evidence.get(name)) for name in names)

    @property
    def may_delete(self) -> bool:
        """Whether the scan may be removed together with creating the referral (fact 6)."""
        return not self.keep
