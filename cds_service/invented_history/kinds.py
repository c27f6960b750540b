"""What is ordered and what the pathway says to it, in invented shares: most are redirected, red flags are rare."""

from typing import Final, NamedTuple

from cds_service.cardlog.bands import BodyRegionGroup
from cds_service.pathway.facts import Indication, Oncology
from cds_service.pathway.outcomes import Indicator, Outcome, RuleId


class Kind(NamedTuple):
    """One kind of order.

    Attributes:
        outcome: what the rule answers.
        rule: which rule.
        share: of the orders of a practice, in thousandths.
        indicator: urgency of the card; None without a card.
        suggestion: resources that its suggestion creates and deletes; None without one.
        reasons: coded reasons, one of which the order has.
        oncology: what is known of cancer.
        parts: parts of the body that are imaged.
    """

    outcome: Outcome
    rule: RuleId
    share: int
    indicator: Indicator | None = None
    suggestion: tuple[int, int] | None = None
    reasons: tuple[Indication, ...] = (Indication.PAIN, Indication.BACK_PAIN_OR_SCIATICA, Indication.BENIGN_CAUSE)
    oncology: tuple[Oncology, ...] = (Oncology.NONE, Oncology.NONE, Oncology.UNKNOWN)
    parts: tuple[BodyRegionGroup, ...] = (
        BodyRegionGroup.SPINE,
        BodyRegionGroup.SPINE,
        BodyRegionGroup.LOWER_LIMB,
        BodyRegionGroup.LOWER_LIMB,
        BodyRegionGroup.UPPER_LIMB,
        BodyRegionGroup.PELVIS_HIP,
    )


_SPINE: Final = (BodyRegionGroup.SPINE,)
_WARNING: Final = Indicator.WARNING
_REFERRAL: Final = (1, 0)
_REFERRAL_FOR_SCAN: Final = (1, 1)

REDIRECT: Final = Kind(Outcome.REDIRECT, RuleId.REDIRECT, 700, _WARNING, _REFERRAL_FOR_SCAN)
UNKNOWN_SETTING: Final = Kind(Outcome.REDIRECT_UNKNOWN_SETTING, RuleId.REDIRECT_UNKNOWN_SETTING, 25, Indicator.INFO)
OUT_OF_POLICY: Final = Kind(Outcome.OUT_OF_POLICY, RuleId.OUT_OF_POLICY, 0)
FCP_EXEMPT: Final = Kind(Outcome.FCP_EXEMPT, RuleId.FCP_EXEMPT, 0)
NOT_EFFECTIVE: Final = Kind(Outcome.NOT_EFFECTIVE, RuleId.NOT_EFFECTIVE, 0)
SECONDARY_CARE: Final = Kind(Outcome.SPECIALIST_EXEMPT, RuleId.SECONDARY_CARE, 0)

KINDS: Final = (
    REDIRECT,
    UNKNOWN_SETTING,
    Kind(Outcome.NOT_APPLICABLE, RuleId.NOT_AN_MSK_SCAN, 60, parts=(BodyRegionGroup.UNKNOWN,)),
    Kind(
        Outcome.CES,
        RuleId.CES,
        14,
        Indicator.CRITICAL,
        _REFERRAL_FOR_SCAN,
        (Indication.CAUDA_EQUINA, Indication.CES_SYMPTOM_STRONG),
        parts=_SPINE,
    ),
    Kind(
        Outcome.MSCC,
        RuleId.MSCC,
        6,
        Indicator.CRITICAL,
        _REFERRAL,
        (Indication.CORD_COMPRESSION, Indication.METASTASIS),
        (Oncology.PAST, Oncology.ACTIVE, Oncology.UNDER_CARE),
        _SPINE,
    ),
    Kind(Outcome.SUSPECTED_SARCOMA, RuleId.SUSPECTED_SARCOMA, 8, _WARNING, _REFERRAL, (Indication.SARCOMA,)),
    Kind(
        Outcome.SUSPECTED_CANCER,
        RuleId.SUSPECTED_CANCER,
        30,
        _WARNING,
        _REFERRAL,
        (Indication.SUSPECTED_CANCER, Indication.MALIGNANCY),
    ),
    Kind(
        Outcome.ONCOLOGY,
        RuleId.ONCOLOGY,
        27,
        _WARNING,
        _REFERRAL,
        (Indication.SUSPICIOUS_PAIN, Indication.PAIN),
        (Oncology.ACTIVE, Oncology.UNDER_CARE),
    ),
    Kind(
        Outcome.URGENT_MSK,
        RuleId.URGENT_MSK,
        50,
        _WARNING,
        _REFERRAL,
        (Indication.URGENT, Indication.RHEUMATOLOGY, Indication.RED_FLAG_SYMPTOM),
    ),
    Kind(Outcome.LUMP, RuleId.LUMP, 45, Indicator.INFO, None, (Indication.SOFT_TISSUE_LUMP,)),
    Kind(Outcome.PAEDIATRIC, RuleId.PAEDIATRIC, 35, Indicator.INFO),
)
"""What practices order; the shares add up to a thousand."""

SHARES: Final = tuple(kind.share for kind in KINDS)

REASON_SYSTEM: Final = "https://cds-service.example/fhir/CodeSystem/msk-imaging-override-reason"
ASSURED: Final = "assured-first-contact-practitioner"
REASONS: Final = {
    "specialist-or-advice-and-guidance-requested": 23,
    "clinical-disagreement": 21,
    "service-unavailable-or-wait": 18,
    "patient-preference": 12,
    "surveillance-or-follow-up": 9,
    "community-msk-requested": 6,
    "other": 6,
    "not-an-msk-scan": 3,
    "paediatric-or-out-of-area": 2,
}
"""Why cards are overridden, in percent."""
RED_FLAG_REASONS: Final = {"red-flag-already-actioned": 80, "clinical-disagreement": 15, "other": 5}
"""Why red-flag cards are overridden, in percent."""
