"""What a decision says of itself: the facts it read, what the card must add, and which other red flags are coded."""

from datetime import date

from cds_service.pathway.decision import FactUsed
from cds_service.pathway.facts import OUTSIDE, UNRESOLVED, Facts, Oncology
from cds_service.pathway.model import Pathway
from cds_service.pathway.outcomes import Caution, Outcome, RuleId
from cds_service.pathway.signs import Signs, has_cancer_history, is_spine, reason_is_missing

_SCOPE = ("modality", "body_region", "known_by", "indications")
_PLACE = (*_SCOPE, "setting")
_RED_FLAG = (*_PLACE, "oncology")
_REGIONAL = (*_RED_FLAG, "region")
_ROUTINE = (*_REGIONAL, "age")

FACTS_READ: dict[RuleId, tuple[str, ...]] = {
    RuleId.NOT_AN_MSK_SCAN: _SCOPE,
    RuleId.SECONDARY_CARE: _PLACE,
    RuleId.CES: _PLACE,
    RuleId.MSCC: _RED_FLAG,
    RuleId.OUTSIDE_FOOTPRINT: _REGIONAL,
    RuleId.NOT_EFFECTIVE: _REGIONAL,
    RuleId.COULD_NOT_EVALUATE: _REGIONAL,
    RuleId.SUSPECTED_SARCOMA: (*_REGIONAL, "age"),
    RuleId.SUSPECTED_CANCER: (*_REGIONAL, "age"),
    RuleId.ONCOLOGY: _REGIONAL,
    RuleId.URGENT_MSK: _REGIONAL,
    RuleId.LUMP: _REGIONAL,
    RuleId.OUT_OF_POLICY: _REGIONAL,
    RuleId.COMMUNITY_MSK: _REGIONAL,
    RuleId.FCP_EXEMPT: (*_REGIONAL, "fcp_listing"),
    RuleId.PAEDIATRIC: (*_ROUTINE, "fcp_listing"),
    RuleId.REDIRECT_UNKNOWN_SETTING: (*_ROUTINE, "fcp_listing"),
    RuleId.REDIRECT: (*_ROUTINE, "fcp_listing", "specialist_request"),
}
"""The facts that a rule, and those before it, rest on."""

_REDIRECTS = frozenset({RuleId.REDIRECT, RuleId.REDIRECT_UNKNOWN_SETTING})


def facts_used(rule: RuleId, facts: Facts) -> tuple[FactUsed, ...]:
    """The facts behind a rule, in a fixed order."""
    return tuple(FactUsed(name, _value(facts, name), facts.evidence.get(name)) for name in FACTS_READ[rule])


def _value(facts: Facts, name: str) -> str:
    match name:
        case "indications":
            return ", ".join(sorted(facts.indications)) or "none"
        case "age":
            return "unknown" if facts.age is None else str(facts.age)
        case "specialist_request":
            return "yes" if facts.specialist_request else "no"
        case _:
            return str(getattr(facts, name))


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
