"""What coded reasons mean (`pathway/signs.py`), as FHIRPath."""

from typing import NamedTuple

from cds_service.exchange.facts import FactName
from cds_service.exchange.fhirpath import NEVER, both, either, none, states, states_other_than
from cds_service.pathway.facts import CAUDA_EQUINA_REGIONS, SPINE_REGIONS, BodyRegion, Indication
from cds_service.pathway.signs import (
    CANCER_HISTORY,
    CODED_CANCER,
    ONCOLOGY_PATIENT,
    STATED_CANCER,
    STATED_URGENT,
    URGENT_SYMPTOMS,
)


def coded(*groups: Indication) -> str:
    """Whether a reason belongs to one of the groups."""
    return states(FactName.INDICATION, *sorted(groups))


def _body_region(regions: frozenset[BodyRegion]) -> str:
    return states(FactName.BODY_REGION, *[region for region in BodyRegion if region in regions])


SPINE = _body_region(SPINE_REGIONS)
CANCER_HISTORY_KNOWN = states(FactName.ONCOLOGY, *sorted(CANCER_HISTORY))
IS_ONCOLOGY_PATIENT = states(FactName.ONCOLOGY, *sorted(ONCOLOGY_PATIENT))
CORD = coded(Indication.CORD_COMPRESSION)
CANCER_KNOWN_OR_CODED = either(CANCER_HISTORY_KNOWN, coded(*CODED_CANCER))
NOT_ONLY_BENIGN = either(
    states_other_than(FactName.INDICATION, Indication.BENIGN_CAUSE), none(coded(Indication.BENIGN_CAUSE))
)
"""Anything but reasons that are all a stated benign cause; no reason at all is not benign."""

STATES_URGENCY = coded(*STATED_URGENT, Indication.CORD_COMPRESSION)


class SignExpressions(NamedTuple):
    """One expression for each sign of `pathway.signs.Signs`, and for a symptom on a spine order."""

    ces: str
    mscc: str
    sarcoma: str
    cancer: str
    suspicious_pain: str
    urgent: str
    lump: str
    uncounted_symptom: str
    strong_sign: str
    weak_symptom: str
    red_flag_symptom: str


def sign_expressions(*, symptoms_count: bool) -> SignExpressions:
    """The signs; `symptoms_count` is false where a region switched the symptoms rule off."""
    strong = both(
        coded(Indication.CES_SYMPTOM_STRONG),
        either(_body_region(CAUDA_EQUINA_REGIONS), coded(Indication.BACK_PAIN_OR_SCIATICA)),
    )
    spine_symptom = both(SPINE, coded(*URGENT_SYMPTOMS))
    metastasis = coded(Indication.METASTASIS)
    ces = either(coded(Indication.CAUDA_EQUINA), strong if symptoms_count else NEVER)
    return SignExpressions(
        ces=ces,
        mscc=either(both(CORD, CANCER_KNOWN_OR_CODED), both(metastasis, SPINE)),
        sarcoma=coded(Indication.SARCOMA),
        cancer=either(coded(*STATED_CANCER), both(metastasis, none(SPINE))),
        suspicious_pain=coded(Indication.SUSPICIOUS_PAIN),
        urgent=either(
            coded(*STATED_URGENT),
            both(CORD, none(CANCER_KNOWN_OR_CODED)),
            spine_symptom if symptoms_count else NEVER,
        ),
        lump=coded(Indication.SOFT_TISSUE_LUMP),
        uncounted_symptom=NEVER if symptoms_count else either(strong, spine_symptom),
        strong_sign=both(both(SPINE, coded(Indication.CES_SYMPTOM_STRONG)), none(ces)),
        weak_symptom=both(SPINE, coded(Indication.CES_SYMPTOM_WEAK)) if symptoms_count else NEVER,
        red_flag_symptom=both(SPINE, coded(Indication.RED_FLAG_SYMPTOM)) if symptoms_count else NEVER,
    )
