"""When an order may be removed together with creating the referral: fact 6, in one place."""

from cds_service.pathway.facts import NO_SINGLE_PART, Facts, KnownBy, Oncology, Setting
from cds_service.pathway.model import Pathway
from cds_service.pathway.outcomes import KeepScan, RuleId
from cds_service.pathway.signs import (
    ONCOLOGY_PATIENT,
    UNCODED,
    Signs,
    has_cancer_history,
    is_spine,
    reasons_are_words_alone,
    states_urgency,
)

REMOVING_RULES = frozenset({RuleId.REDIRECT, RuleId.CES})
"""The only rules whose card may remove a scan."""


def reasons_to_keep(rule: RuleId, facts: Facts, signs: Signs, pathway: Pathway | None) -> tuple[KeepScan, ...]:
    """Every reason to leave the scan where it is; empty when it may be removed.

    Args:
        rule: the rule that answered.
        facts: the order's facts.
        signs: what its reasons mean.
        pathway: the region's pathway that speaks; None for national wording, which suggests nothing.
    """
    if rule not in REMOVING_RULES:
        return (KeepScan.OUTCOME,)
    if pathway is None:
        return (KeepScan.NATIONAL,)
    holds = {
        KeepScan.AGE_UNKNOWN: facts.age is None,
        KeepScan.CHILD: facts.age is not None and facts.age < pathway.adult_from,
        KeepScan.SETTING_UNKNOWN: facts.setting is Setting.UNKNOWN,
        KeepScan.BODY_REGION_UNKNOWN: facts.body_region in NO_SINGLE_PART,
        KeepScan.TEXT_ONLY: facts.known_by is KnownBy.TEXT,
        KeepScan.SPINE_AND_CANCER: is_spine(facts) and has_cancer_history(facts),
        KeepScan.CANCER_UNKNOWN: rule is RuleId.CES and facts.oncology is Oncology.UNKNOWN,
        KeepScan.SUSPICIOUS_PAIN: rule is RuleId.REDIRECT and signs.suspicious_pain,
        KeepScan.SPECIALIST_REQUEST: rule is RuleId.REDIRECT and facts.specialist_request,
        KeepScan.STRONG_SIGN: signs.strong_sign,
        KeepScan.REASON_UNKNOWN: rule is RuleId.REDIRECT and _a_reason_may_need_it(facts),
        KeepScan.OTHER_RED_FLAG: _another_red_flag(rule, facts, signs),
        KeepScan.ONCOLOGY_PATIENT: rule is RuleId.CES and facts.oncology in ONCOLOGY_PATIENT and not is_spine(facts),
    }
    return tuple(reason for reason, is_held in holds.items() if is_held)


def _a_reason_may_need_it(facts: Facts) -> bool:
    """Whether a reason stands there that nobody has read.

    An order without a reason, or with words alone, is one whose scan the table removes (D03, D52): its card leads with
    the safety net and no more.
    """
    return not facts.indications.isdisjoint(UNCODED) and not reasons_are_words_alone(facts)


def _another_red_flag(rule: RuleId, facts: Facts, signs: Signs) -> bool:
    """Whether a reason beside the rule's own may still need this very scan.

    Beside suspected CES the table removes a scan whose order also names a suspected cancer (D55); for what it does
    not settle (cord compression, sarcoma, another stated urgent reason, a lump) the scan stays. On a redirect this
    holds only where a region switched off the rule that would have answered.
    """
    if rule is RuleId.CES:
        return signs.mscc or signs.sarcoma or states_urgency(facts) or signs.lump
    return signs.urgent or signs.uncounted_symptom
