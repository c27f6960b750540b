"""What a card must add to its text, and which other red flags the reasons carry."""

from datetime import date

from cds_service.pathway.facts import OUTSIDE, UNRESOLVED, Facts, Oncology
from cds_service.pathway.model import Pathway
from cds_service.pathway.outcomes import Caution, Outcome, RuleId
from cds_service.pathway.signs import Signs, has_cancer_history, is_spine, reason_is_missing

_REDIRECTS = frozenset({RuleId.REDIRECT, RuleId.REDIRECT_UNKNOWN_SETTING})


def cautions(rule: RuleId, facts: Facts, pathway: Pathway | None, today: date) -> tuple[Caution, ...]:
    """What the card's detail must add, in the order in which it is said."""
    redirect = rule in _REDIRECTS
    spine = is_spine(facts)
    holds = {
        Caution.UNLESS_RED_FLAGS: redirect and _evidence_is_missing(facts),
        Caution.SPINE_AND_CANCER: spine and has_cancer_history(facts),
        Caution.UNDER_ONCOLOGY: rule is not RuleId.ONCOLOGY and facts.oncology is Oncology.UNDER_CARE,
        Caution.CANCER_HISTORY: redirect and facts.oncology in {Oncology.PAST, Oncology.ACTIVE},
        Caution.SUSPICIOUS_PAIN: redirect and "suspicious_pain" in facts.indications,
        Caution.SPINE_EXPERTISE: redirect and spine,
        Caution.SPECIALIST_REQUEST: redirect and facts.specialist_request,
        Caution.REGION_CONFLICT: pathway is not None and has_region_conflict(facts),
        Caution.PAST_REVIEW: pathway is not None and pathway.is_past_review(today),
    }
    return tuple(caution for caution, is_held in holds.items() if is_held)


def has_region_conflict(facts: Facts) -> bool:
    """Whether the patient is registered in another region than the requester's (A11)."""
    return (
        facts.patient_region is not None
        and facts.region not in {OUTSIDE, UNRESOLVED}
        and facts.patient_region != facts.region
    )


def _evidence_is_missing(facts: Facts) -> bool:
    return reason_is_missing(facts) or facts.oncology is Oncology.UNKNOWN


def also_coded(rule: RuleId, facts: Facts, signs: Signs) -> tuple[Outcome, ...]:
    """Red flags that hold beside the rule that answered, most urgent first (D55, D58)."""
    holds = {
        Outcome.CES: signs.ces,
        Outcome.MSCC: signs.mscc,
        Outcome.SUSPECTED_SARCOMA: signs.sarcoma,
        Outcome.SUSPECTED_CANCER: signs.cancer and rule is not RuleId.ONCOLOGY,
        Outcome.URGENT_MSK: signs.urgent,
        Outcome.LUMP: signs.lump,
    }
    return tuple(outcome for outcome, is_held in holds.items() if is_held and outcome != rule.value)
