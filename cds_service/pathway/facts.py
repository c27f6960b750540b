"""What the rules read: one order's facts, each with where it came from.

Missing evidence is a value here (`UNKNOWN`, `None`), never a default. Nothing in this module knows FHIR.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, NewType

RegionId = NewType("RegionId", str)
"""A pathway footprint (`nwl`, `nel`), or one of the two values below. Never a merged ICB."""

OUTSIDE = RegionId("other")
"""The organisation is known and lies in no footprint."""

UNRESOLVED = RegionId("unresolved")
"""No evidence places the order in a region."""


class Modality(StrEnum):
    """How the body is imaged; `OTHER` is anything that is not a diagnostic MRI or ultrasound."""

    MRI = "mri"
    USS = "uss"
    OTHER = "other"


class BodyRegion(StrEnum):
    """The part of the body that an order images.

    `SPINE` is the spine with no level stated. `SPINE_AND_MORE` is the spine, at any level, together with another part
    (brain and whole spine, lumbar spine and pelvis). `NOT_MSK` is a known region outside the musculoskeletal
    pathways (brain, abdomen, vessels); `UNKNOWN` is a region that nothing states.
    """

    CERVICAL_SPINE = "cervical-spine"
    THORACIC_SPINE = "thoracic-spine"
    THORACOLUMBAR_SPINE = "thoracolumbar-spine"
    LUMBAR_SPINE = "lumbar-spine"
    SACRAL_SPINE = "sacral-spine"
    WHOLE_SPINE = "whole-spine"
    SPINE = "spine"
    SPINE_AND_MORE = "spine-and-more"
    SACROILIAC_JOINT = "sacroiliac-joint"
    CHEST_WALL = "chest-wall"
    SHOULDER = "shoulder"
    UPPER_ARM = "upper-arm"
    ELBOW = "elbow"
    FOREARM = "forearm"
    WRIST = "wrist"
    HAND = "hand"
    UPPER_LIMB = "upper-limb"
    HIP = "hip"
    THIGH = "thigh"
    KNEE = "knee"
    LOWER_LEG = "lower-leg"
    ANKLE = "ankle"
    FOOT = "foot"
    LOWER_LIMB = "lower-limb"
    NOT_MSK = "not-msk"
    UNKNOWN = "unknown"


SPINE_REGIONS = frozenset(
    {
        BodyRegion.CERVICAL_SPINE,
        BodyRegion.THORACIC_SPINE,
        BodyRegion.THORACOLUMBAR_SPINE,
        BodyRegion.LUMBAR_SPINE,
        BodyRegion.SACRAL_SPINE,
        BodyRegion.WHOLE_SPINE,
        BodyRegion.SPINE,
        BodyRegion.SPINE_AND_MORE,
    }
)
"""A "spine order" images one of these."""

NO_SINGLE_PART = frozenset({BodyRegion.UNKNOWN, BodyRegion.SPINE_AND_MORE})
"""Orders that no routine rule speaks of: the part is not stated, or there are several. CES and MSCC speak."""

CAUDA_EQUINA_REGIONS = SPINE_REGIONS - {BodyRegion.CERVICAL_SPINE, BodyRegion.THORACIC_SPINE}
"""Spine orders that may show the cauda equina: lumbar, sacral, whole, unstated or with another part."""


class Setting(StrEnum):
    """Where the requester works, by the organisation and never by the role.

    `UNKNOWN` also stands for evidence that disagrees; `Facts.evidence["setting"]` tells the two apart.
    """

    GENERAL_PRACTICE = "general-practice"
    URGENT_CARE = "urgent-care"
    COMMUNITY_MSK = "community-msk"
    SECONDARY_CARE = "secondary-care"
    UNKNOWN = "unknown"


class FcpListing(StrEnum):
    """The requester's state on the region's register of assured First Contact Practitioners (NEL E5, E6)."""

    NONE = "none"
    CURRENT = "current"
    CURRENT_NOT_SPINE = "current-not-spine"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class Oncology(StrEnum):
    """What is known of cancer: `NONE` needs a complete, empty answer; no data is `UNKNOWN`."""

    NONE = "none"
    PAST = "past"
    ACTIVE = "active"
    UNDER_CARE = "under_care"
    UNKNOWN = "unknown"


class Indication(StrEnum):
    """A group of coded reasons for the order; docs/outcomes.md, "What a coded reason means"."""

    CAUDA_EQUINA = "cauda_equina"
    CES_SYMPTOM_STRONG = "ces_symptom_strong"
    CES_SYMPTOM_WEAK = "ces_symptom_weak"
    RED_FLAG_SYMPTOM = "red_flag_symptom"
    CORD_COMPRESSION = "cord_compression"
    METASTASIS = "metastasis"
    SARCOMA = "sarcoma"
    SUSPECTED_CANCER = "suspected_cancer"
    MALIGNANCY = "malignancy"
    SUSPICIOUS_PAIN = "suspicious_pain"
    URGENT_SAME_DAY = "urgent_same_day"
    URGENT = "urgent"
    RHEUMATOLOGY = "rheumatology"
    SOFT_TISSUE_LUMP = "soft_tissue_lump"
    PAIN = "pain"
    BACK_PAIN_OR_SCIATICA = "back_pain_or_sciatica"
    BENIGN_CAUSE = "benign_cause"
    UNRECOGNISED = "unrecognised"
    TEXT_ONLY = "text_only"


class KnownBy(StrEnum):
    """How the procedure was recognised. Text never exempts and never deletes."""

    CODE = "code"
    TEXT = "text"


class Facts(NamedTuple):
    """Everything that `decide` may read about one order.

    Attributes:
        modality: how the body is imaged.
        body_region: what is imaged.
        known_by: whether a code or only text says so.
        live: false for an order that is revoked, completed, entered in error or marked "do not perform".
        region: the pathway footprint that applies (fact 4), `OUTSIDE` or `UNRESOLVED`.
        setting: where the requester works.
        fcp_listing: the requester's state on the assured-FCP register.
        indications: groups of the order's coded reasons; empty when no reason counts.
        oncology: cancer history and care.
        age: whole years, or None when unknown.
        patient_region: the region of the patient's registered practice, or None when unknown.
        specialist_request: true when the order is `basedOn` a specialist's request (A38).
        evidence: for a fact's name, the place in the call or configuration that it came from.
    """

    modality: Modality
    body_region: BodyRegion
    known_by: KnownBy = KnownBy.CODE
    live: bool = True
    region: RegionId = UNRESOLVED
    setting: Setting = Setting.UNKNOWN
    fcp_listing: FcpListing = FcpListing.NONE
    indications: frozenset[Indication] = frozenset()
    oncology: Oncology = Oncology.UNKNOWN
    age: int | None = None
    patient_region: RegionId | None = None
    specialist_request: bool = False
    evidence: Mapping[str, str] = MappingProxyType({})
