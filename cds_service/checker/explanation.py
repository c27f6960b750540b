"""Why the service answers as it does: rule, source and facts of each decision, in words."""

from collections.abc import Sequence
from typing import NamedTuple

from cds_service.checker.answered import Answered, Decided
from cds_service.pathway.model import Basis
from cds_service.pathway.outcomes import KeepScan, Outcome

OUTCOME_WORDS = {
    Outcome.NOT_APPLICABLE: "Not a scan of this pathway",
    Outcome.SPECIALIST_EXEMPT: "Specialist setting: no card",
    Outcome.CES: "Suspected cauda equina syndrome",
    Outcome.MSCC: "Suspected spinal cord compression by cancer (MSCC)",
    Outcome.OUTSIDE_FOOTPRINT: "Outside every pathway's area: no card",
    Outcome.NOT_EFFECTIVE: "The region's pathway is not yet in force: no card",
    Outcome.COULD_NOT_EVALUATE: "Could not be evaluated",
    Outcome.SUSPECTED_SARCOMA: "Suspected sarcoma",
    Outcome.SUSPECTED_CANCER: "Suspected cancer",
    Outcome.ONCOLOGY: "To the oncology team",
    Outcome.URGENT_MSK: "Urgent MSK",
    Outcome.LUMP: "Soft-tissue lump",
    Outcome.OUT_OF_POLICY: "The pathway does not cover this scan: no card",
    Outcome.FCP_EXEMPT: "Assured First Contact Practitioner: no card",
    Outcome.PAEDIATRIC: "Child: the paediatric route",
    Outcome.REDIRECT_UNKNOWN_SETTING: "Community MSK, if the requester is in primary care",
    Outcome.REDIRECT: "To community MSK",
}

_NO_PATHWAY = {
    Outcome.NOT_APPLICABLE: "not a scan of any pathway here, or the part of the body is not stated",
    Outcome.OUTSIDE_FOOTPRINT: "the requester's organisation is in no area that has one",
    Outcome.NOT_EFFECTIVE: "that of the region is not in force on this day",
    Outcome.OUT_OF_POLICY: "that of the region does not cover this kind of scan",
}
"""Why no pathway applies; of other outcomes without a card, one applies and has nothing to say."""

FACT_WORDS = {
    "modality": "Scan",
    "body_region": "Part of the body",
    "known_by": "Recognised by",
    "live": "The order is live",
    "region": "Region",
    "setting": "Setting",
    "fcp_listing": "Register of assured First Contact Practitioners",
    "indications": "Groups of coded reasons",
    "oncology": "Cancer history",
    "age": "Age in years",
    "patient_region": "Region of the patient's practice",
    "specialist_request": "Asked for by a specialist",
}

KEEP_WORDS = {
    KeepScan.OUTCOME: "this outcome never removes a scan",
    KeepScan.NATIONAL: "national guidance speaks, which proposes nothing",
    KeepScan.AGE_UNKNOWN: "the age is not known",
    KeepScan.CHILD: "the patient is a child",
    KeepScan.SETTING_UNKNOWN: "the setting is not known",
    KeepScan.BODY_REGION_UNKNOWN: "the part of the body is not known, or there are several",
    KeepScan.TEXT_ONLY: "the scan is known by its words alone",
    KeepScan.SPINE_AND_CANCER: "a spine scan with a cancer history",
    KeepScan.CANCER_UNKNOWN: "it is not known whether the patient has had cancer",
    KeepScan.SUSPICIOUS_PAIN: "the pain may come from cancer",
    KeepScan.SPECIALIST_REQUEST: "a specialist asked for it",
    KeepScan.STRONG_SIGN: "a strong sign of CES or cord compression with a spine scan",
    KeepScan.REASON_UNKNOWN: "a reason is in words or in a code that no list knows",
    KeepScan.OTHER_RED_FLAG: "another red flag is coded",
    KeepScan.ONCOLOGY_PATIENT: "active cancer, or under oncology care",
    KeepScan.RED_FLAG_BESIDE: "another order of the call carries a red flag",
    KeepScan.UNREAD_BESIDE: "another order of the call, or its reason, could not be read",
    KeepScan.REASON_UNREAD: "a reason was sent that could not be read",
    KeepScan.IN_FORCE: "the order is not a draft",
    KeepScan.HIGH_PRIORITY: "the order's priority is above urgent, or not known",
    KeepScan.EMERGENCY_PROBLEM: "CES or cord compression is an active problem, and no coded reason of the order",
}


_NO_ALL_CLEAR = "No card does not mean that there are no concerns."


class Why(NamedTuple):
    """Why one order was answered as it was.

    Attributes:
        outcome: the outcome, for the colour of its tag.
        words: the outcome in words.
        rule: the rule's full name, for example `nwl.redirect`.
        because: why the rule applies, as its pathway states it.
        source: the sentences it rests on, or that it rests on national guidance.
        facts: what was read: the fact, its value, where it was found.
        scan: whether the card may remove the scan, and if not, why.
        page: the address of the pathway's page.
    """

    outcome: str
    words: str
    rule: str
    because: str
    source: str
    facts: tuple[tuple[str, str, str], ...]
    scan: str
    page: str


def explain(answered: Answered) -> tuple[Why, ...]:
    """Why each order was answered as it was."""
    return tuple(_why(decided) for decided in answered.decided)


def no_card(why: Sequence[Why]) -> str:
    """What it means that there is no card: nothing to say is not the same as no pathway to say it."""
    if not why:
        return (
            "The order is not an MRI or ultrasound of the musculoskeletal system, so that the pathway is not asked. "
            f"{_NO_ALL_CLEAR}"
        )
    reasons = dict.fromkeys(_NO_PATHWAY[Outcome(each.outcome)] for each in why if each.outcome in _NO_PATHWAY)
    if not reasons:
        return f"The order was evaluated, and the pathway has nothing to say. {_NO_ALL_CLEAR}"
    return f"No pathway applies here: {'; '.join(reasons)}. {_NO_ALL_CLEAR}"


def _why(decided: Decided) -> Why:
    decision = decided.decision
    return Why(
        outcome=decision.outcome,
        words=OUTCOME_WORDS[decision.outcome],
        rule=decision.rule_id,
        because=decided.rule.because if decided.rule is not None else "; ".join(decision.reasons),
        source=_source(decided),
        facts=tuple(
            (FACT_WORDS[fact.name], fact.value.replace("-", " ").replace("_", " "), fact.evidence or "not stated")
            for fact in decision.facts_used
        ),
        scan=_scan(decided),
        page=f"/pathways/{decision.speaker}",
    )


def _source(decided: Decided) -> str:
    rule = decided.rule
    if rule is None:
        return decided.pathway
    sentences = ", ".join(rule.sentences)
    if rule.basis is Basis.NATIONAL:
        return f"{decided.pathway}: national guidance" + (f", beside {sentences}" if sentences else "")
    return f"{decided.pathway}: {sentences} of the document"


def _scan(decided: Decided) -> str:
    decision = decided.decision
    if decision.text is None:
        return "stays as it is: there is no card"
    if decision.may_delete:
        return "may be removed together with creating the referral, where the card proposes one"
    return f"stays: {'; '.join(KEEP_WORDS[reason] for reason in decision.keep)}"
