"""What a card must add to its text, and which other red flags the reasons carry."""

from datetime import date

from cds_service.pathway.facts import OUTSIDE, UNRESOLVED, Facts, Indication, Oncology
from cds_service.pathway.model import OUTCOME_OF, Pathway
from cds_service.pathway.outcomes import Caution, Outcome, RuleId
from cds_service.pathway.signs import (
    Signs,
    cannot_wait,
    has_cancer_history,
    is_spine,
    some_reason_is_unknown,
    states_cancer,
)

_REDIRECTS = frozenset({RuleId.REDIRECT, RuleId.REDIRECT_UNKNOWN_SETTING})


def cautions(rule: RuleId, facts: Facts, signs: Signs, pathway: Pathway | None, today: date) -> tuple[Caution, ...]:
    """What the card's detail must add, in the order in which it is said."""
    said: list[Caution] = []
    cancer_history = has_cancer_history(facts)
    spine = is_spine(facts)
    redirect = rule in _REDIRECTS
    if redirect and _evidence_is_missing(facts):
        said.append(Caution.UNLESS_RED_FLAGS)
    if spine and (cancer_history or states_cancer(facts)):
        said.append(Caution.SPINE_AND_CANCER)
    if signs.strong_sign:
        said.append(Caution.STRONG_SIGN)
    if facts.oncology is Oncology.UNDER_CARE and rule is not RuleId.ONCOLOGY:
        said.append(Caution.UNDER_ONCOLOGY)
    if redirect:
        said += _cautions_of_a_redirect(facts, spine=spine, cancer_history=cancer_history)
    if pathway is not None and has_region_conflict(facts):
        said.append(Caution.REGION_CONFLICT)
    if pathway is not None and pathway.is_past_review(today):
        said.append(Caution.PAST_REVIEW)
    return tuple(said)


def _cautions_of_a_redirect(facts: Facts, *, spine: bool, cancer_history: bool) -> list[Caution]:
    said = []
    if cancer_history and facts.oncology is not Oncology.UNDER_CARE:
        said.append(Caution.CANCER_HISTORY)
    if Indication.SUSPICIOUS_PAIN in facts.indications:
        said.append(Caution.SUSPICIOUS_PAIN)
    if spine:
        said.append(Caution.SPINE_EXPERTISE)
    if facts.specialist_request:
        said.append(Caution.SPECIALIST_REQUEST)
    return said


def has_region_conflict(facts: Facts) -> bool:
    """Whether the patient is registered in another region than the requester's (A11)."""
    return (
        facts.patient_region is not None
        and facts.region not in {OUTSIDE, UNRESOLVED}
        and facts.patient_region != facts.region
    )


def _evidence_is_missing(facts: Facts) -> bool:
    return some_reason_is_unknown(facts) or facts.oncology is Oncology.UNKNOWN


def is_conditional(rule: RuleId, said: tuple[Caution, ...]) -> bool:
    """Whether a redirect's summary ends "unless red flags" and its detail leads with the safety net (fact 2).

    Evidence is missing, or a sign is coded that makes no red flag of this order and may be one.
    """
    return rule in _REDIRECTS and not _CONDITIONS.isdisjoint(said)


_CONDITIONS = frozenset({Caution.UNLESS_RED_FLAGS, Caution.STRONG_SIGN})


def also_coded(rule: RuleId, signs: Signs) -> tuple[Outcome, ...]:
    """Red flags that hold beside the rule that answered, most urgent first (D55, D58).

    Under oncology the card's text says one of two itself: what is urgent, or else the suspected cancer.
    """
    oncology = rule is RuleId.ONCOLOGY
    held = (
        (signs.ces, Outcome.CES),
        (signs.mscc, Outcome.MSCC),
        (signs.sarcoma, Outcome.SUSPECTED_SARCOMA),
        (signs.cancer and not (oncology and not cannot_wait(signs)), Outcome.SUSPECTED_CANCER),
        (signs.urgent and not oncology, Outcome.URGENT_MSK),
        (signs.lump, Outcome.LUMP),
    )
    return tuple(outcome for is_held, outcome in held if is_held and outcome is not OUTCOME_OF[rule])
