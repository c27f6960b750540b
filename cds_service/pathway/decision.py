"""What `decide` answers: the outcome, the rule and sentences it rests on, and what the card must and may say."""

from dataclasses import dataclass

from cds_service.pathway.facts import RegionId
from cds_service.pathway.outcomes import Caution, Indicator, KeepScan, Outcome, RuleId, TextKey


@dataclass(frozen=True, slots=True)
class FactUsed:
    """A fact that the rule read: its name, its value and the evidence it came from (None when not stated)."""

    name: str
    value: str
    evidence: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for one order.

    Attributes:
        outcome: the outcome of the first rule that matched.
        rule: that rule.
        speaker: id of the pathway that speaks: a region's, or `national`.
        indicator: the card's indicator; None when there is no card.
        text: the card text that speaks; None when there is no card.
        reasons: why the rule applied, in words.
        facts_used: the facts that the rule and those above it read.
        sources: ids of the document's sentences the rule rests on; empty where its basis is national guidance.
        proposes_referral: whether the card may suggest a draft referral (a destination may also be asked for).
        keep: why the scan is not to be removed; empty when it may be.
        cautions: what the detail must add.
        also_coded: other red flags that the reasons carry; the card names them.
    """

    outcome: Outcome
    rule: RuleId
    speaker: RegionId
    indicator: Indicator | None = None
    text: TextKey | None = None
    reasons: tuple[str, ...] = ()
    facts_used: tuple[FactUsed, ...] = ()
    sources: tuple[str, ...] = ()
    proposes_referral: bool = False
    keep: tuple[KeepScan, ...] = (KeepScan.OUTCOME,)
    cautions: tuple[Caution, ...] = ()
    also_coded: tuple[Outcome, ...] = ()

    @property
    def rule_id(self) -> str:
        """The rule's full name, for example `nwl.redirect`."""
        return f"{self.speaker}.{self.rule}"

    @property
    def may_delete(self) -> bool:
        """Whether the scan may be removed together with creating the referral (fact 6)."""
        return not self.keep
