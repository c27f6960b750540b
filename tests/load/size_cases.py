"""What is ordered, and what the pathway says to it: a few thousand invented cases in plausible shares."""

import random
from typing import Final, NamedTuple

from cds_service.cardlog.bands import AgeBand, BodyRegionGroup
from cds_service.pathway.facts import FcpListing, Indication, KnownBy, Modality, Oncology, Setting
from cds_service.pathway.outcomes import Indicator, Outcome

_HOW_MANY: Final = 4_000


class Told(NamedTuple):
    """What an outcome brings with it.

    Attributes:
        share: of all orders, in thousandths.
        indicator: urgency of its card; None without a card.
        suggestion: resources created and deleted; None without a suggestion.
        reasons: groups of coded reasons, one of which was found.
    """

    share: int
    indicator: Indicator | None = None
    suggestion: tuple[int, int] | None = None
    reasons: tuple[Indication, ...] = (Indication.PAIN, Indication.BENIGN_CAUSE, Indication.BACK_PAIN_OR_SCIATICA)


TOLD: Final = {
    Outcome.REDIRECT: Told(420, Indicator.WARNING, (1, 1)),
    Outcome.REDIRECT_UNKNOWN_SETTING: Told(40, Indicator.INFO),
    Outcome.SPECIALIST_EXEMPT: Told(160),
    Outcome.NOT_APPLICABLE: Told(60),
    Outcome.CES: Told(4, Indicator.CRITICAL, (1, 1), (Indication.CAUDA_EQUINA, Indication.CES_SYMPTOM_STRONG)),
    Outcome.MSCC: Told(2, Indicator.CRITICAL, (1, 0), (Indication.CORD_COMPRESSION, Indication.METASTASIS)),
    Outcome.SUSPECTED_SARCOMA: Told(3, Indicator.WARNING, (1, 0), (Indication.SARCOMA,)),
    Outcome.SUSPECTED_CANCER: Told(25, Indicator.WARNING, (1, 0), (Indication.SUSPECTED_CANCER, Indication.MALIGNANCY)),
    Outcome.ONCOLOGY: Told(30, Indicator.WARNING, (1, 0), (Indication.SUSPICIOUS_PAIN, Indication.PAIN)),
    Outcome.URGENT_MSK: Told(50, Indicator.WARNING, (1, 0), (Indication.URGENT, Indication.RHEUMATOLOGY)),
    Outcome.LUMP: Told(30, Indicator.INFO, None, (Indication.SOFT_TISSUE_LUMP,)),
    Outcome.OUT_OF_POLICY: Told(50),
    Outcome.FCP_EXEMPT: Told(80),
    Outcome.PAEDIATRIC: Told(15, Indicator.INFO),
    Outcome.OUTSIDE_FOOTPRINT: Told(10),
    Outcome.NOT_EFFECTIVE: Told(11),
    Outcome.COULD_NOT_EVALUATE: Told(10),
}
"""The outcomes; their shares add up to a thousand."""

_SPINE: Final = frozenset({Outcome.CES, Outcome.MSCC})
_OF_ONCOLOGY: Final = (Oncology.NONE, Oncology.NONE, Oncology.NONE, Oncology.UNKNOWN, Oncology.PAST)


class Case(NamedTuple):
    """One kind of order: values of an evaluation's row, as they are stored.

    Attributes:
        outcome: what the rule answered.
        indicator: urgency of the card; None without a card.
        suggestion: resources that the card's suggestion creates and deletes; None without one.
        modality: how the body is imaged.
        body_region_group: what is imaged.
        known_by: whether a code or only text said so.
        setting: where the requester works.
        setting_evidence: what told the setting.
        requester_category: kind of professional.
        indication_present: the order carries a reason.
        indication_groups: groups of the coded reasons.
        oncology: what is known of cancer.
        age_band: the patient's age.
        fcp_listing: the requester's state on the register.
    """

    outcome: str
    indicator: str | None
    suggestion: tuple[int, int] | None
    modality: str
    body_region_group: str
    known_by: str
    setting: str
    setting_evidence: str | None
    requester_category: str
    indication_present: bool
    indication_groups: str
    oncology: str
    age_band: str
    fcp_listing: str


def cases() -> list[Case]:
    """Cases that are all equally frequent; the same at each call, each outcome at least twice."""
    choose = random.Random(2)
    return [
        _a_case(choose, outcome, told) for outcome, told in TOLD.items() for _ in range(told.share * _HOW_MANY // 1_000)
    ]


def _a_case(choose: random.Random, outcome: Outcome, told: Told) -> Case:
    setting = _setting(outcome)
    is_spine = outcome in _SPINE or choose.random() < 0.35
    has_reason = choose.random() < 0.85 or told.indicator is Indicator.CRITICAL
    groups = [group for group in BodyRegionGroup if group is not BodyRegionGroup.SPINE]
    return Case(
        outcome=outcome.value,
        indicator=None if told.indicator is None else told.indicator.value,
        suggestion=told.suggestion,
        modality=(Modality.MRI if is_spine or choose.random() < 0.5 else Modality.USS).value,
        body_region_group=(BodyRegionGroup.SPINE if is_spine else choose.choice(groups)).value,
        known_by=(KnownBy.CODE if choose.random() < 0.9 else KnownBy.TEXT).value,
        setting=setting.value,
        setting_evidence=None if setting is Setting.UNKNOWN else choose.choice(("user-role", "requester-role")),
        requester_category=choose.choice(("gp", "gp", "gp", "nurse", "physiotherapist", "unknown")),
        indication_present=has_reason,
        indication_groups=choose.choice(told.reasons).value if has_reason else "",
        oncology=(Oncology.UNDER_CARE if outcome is Outcome.ONCOLOGY else choose.choice(_OF_ONCOLOGY)).value,
        age_band=_age_band(choose, outcome).value,
        fcp_listing=(FcpListing.CURRENT if outcome is Outcome.FCP_EXEMPT else FcpListing.NONE).value,
    )


def _setting(outcome: Outcome) -> Setting:
    if outcome is Outcome.SPECIALIST_EXEMPT:
        return Setting.SECONDARY_CARE
    if outcome in {Outcome.REDIRECT_UNKNOWN_SETTING, Outcome.COULD_NOT_EVALUATE}:
        return Setting.UNKNOWN
    return Setting.GENERAL_PRACTICE


def _age_band(choose: random.Random, outcome: Outcome) -> AgeBand:
    if outcome is Outcome.PAEDIATRIC:
        return AgeBand.UNDER_16
    return choose.choice((AgeBand.FROM_18_TO_64, AgeBand.FROM_18_TO_64, AgeBand.FROM_65, AgeBand.FROM_16_TO_17))
