"""What the coded reasons of an order mean, given its body region and the cancer history.

The table is "What a coded reason means" in docs/outcomes.md. Nothing here depends on a region's choices except
whether coded symptoms count, which a region may switch off.
"""

from typing import NamedTuple

from cds_service.pathway.facts import CAUDA_EQUINA_REGIONS, SPINE_REGIONS, Facts, Indication, Oncology

CANCER_HISTORY = frozenset({Oncology.PAST, Oncology.ACTIVE, Oncology.UNDER_CARE})
"""Any cancer history: past, active or under care."""

ONCOLOGY_PATIENT = frozenset({Oncology.ACTIVE, Oncology.UNDER_CARE})
"""Those who take the oncology rule unless every reason is a benign cause."""

STATED_URGENT = frozenset({Indication.URGENT_SAME_DAY, Indication.URGENT, Indication.RHEUMATOLOGY})
URGENT_SYMPTOMS = frozenset({Indication.CES_SYMPTOM_WEAK, Indication.RED_FLAG_SYMPTOM})
STATED_CANCER = frozenset({Indication.SUSPECTED_CANCER, Indication.MALIGNANCY})
CODED_CANCER = STATED_CANCER | {Indication.METASTASIS, Indication.SARCOMA}
"""Reasons that make a coded cord compression suspected MSCC, as a history of cancer does; a suspected cancer too."""

UNCODED = frozenset({Indication.UNRECOGNISED, Indication.TEXT_ONLY})
"""Reasons that nobody has read: a code on no list or behind a reference that led nowhere, and words."""


class Signs(NamedTuple):
    """The meanings that hold for one order; several may hold at once.

    Attributes:
        ces: suspected cauda equina syndrome.
        mscc: suspected metastatic spinal cord compression.
        sarcoma: suspected sarcoma.
        cancer: suspected cancer, whoever may already treat the patient.
        suspicious_pain: coded pain that may come from cancer (A22).
        urgent: another reason that cannot wait.
        lump: a soft-tissue lump.
        uncounted_symptom: a spine symptom is coded, but the region does not count symptoms.
        strong_sign: a strong sign of CES is coded on a spine order and makes no CES there: the level shows no cauda
            equina, or the region does not count symptoms. Of the cord it may be a sign at any level.
    """

    ces: bool
    mscc: bool
    sarcoma: bool
    cancer: bool
    suspicious_pain: bool
    urgent: bool
    lump: bool
    uncounted_symptom: bool
    strong_sign: bool


def is_spine(facts: Facts) -> bool:
    """Whether the order images the spine at any level."""
    return facts.body_region in SPINE_REGIONS


def has_cancer_history(facts: Facts) -> bool:
    """Whether past or active cancer, or oncology care, is known."""
    return facts.oncology in CANCER_HISTORY


def states_cancer(facts: Facts) -> bool:
    """Whether a reason of the order is a cancer, known or suspected, whatever the record says."""
    return not facts.indications.isdisjoint(CODED_CANCER)


def every_reason_is_benign(facts: Facts) -> bool:
    """Whether reasons are given and each is a stated benign cause; uncoded reasons are not."""
    return facts.indications == {Indication.BENIGN_CAUSE}


def some_reason_is_unknown(facts: Facts) -> bool:
    """Whether no reason is given, or one that no list knows: what nobody has read may be a red flag."""
    return not facts.indications or not facts.indications.isdisjoint(UNCODED)


def reasons_are_words_alone(facts: Facts) -> bool:
    """Whether reasons are given, and none of them in any code."""
    return facts.indications == {Indication.TEXT_ONLY}


def states_urgency(facts: Facts) -> bool:
    """Whether a reason is urgent by itself, and not as a symptom on a spine order."""
    return not facts.indications.isdisjoint(STATED_URGENT | {Indication.CORD_COMPRESSION})


def cannot_wait(signs: Signs) -> bool:
    """Whether an urgent reason is coded, or a strong sign of CES on a spine order."""
    return signs.urgent or signs.strong_sign


def read_signs(facts: Facts, *, symptoms_count: bool) -> Signs:
    """Read the coded reasons; `symptoms_count` is false where a region switched the symptoms rule off."""
    reasons = facts.indications
    spine = is_spine(facts)
    strong = Indication.CES_SYMPTOM_STRONG in reasons and (
        facts.body_region in CAUDA_EQUINA_REGIONS or Indication.BACK_PAIN_OR_SCIATICA in reasons
    )
    spine_symptom = spine and not URGENT_SYMPTOMS.isdisjoint(reasons)
    cord = Indication.CORD_COMPRESSION in reasons
    metastasis = Indication.METASTASIS in reasons
    mscc_by_cord = cord and (has_cancer_history(facts) or states_cancer(facts))
    ces = Indication.CAUDA_EQUINA in reasons or (symptoms_count and strong)
    return Signs(
        ces=ces,
        mscc=mscc_by_cord or (metastasis and spine),
        sarcoma=Indication.SARCOMA in reasons,
        cancer=not STATED_CANCER.isdisjoint(reasons) or (metastasis and not spine),
        suspicious_pain=Indication.SUSPICIOUS_PAIN in reasons,
        urgent=not STATED_URGENT.isdisjoint(reasons)
        or (cord and not mscc_by_cord)
        or (symptoms_count and spine_symptom),
        lump=Indication.SOFT_TISSUE_LUMP in reasons,
        uncounted_symptom=not symptoms_count and (strong or spine_symptom),
        strong_sign=spine and Indication.CES_SYMPTOM_STRONG in reasons and not ces,
    )
