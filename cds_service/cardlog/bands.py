"""Facts made coarse before they are logged: age in bands, body regions in groups."""

from enum import StrEnum
from typing import Final

from cds_service.pathway.facts import BodyRegion


class AgeBand(StrEnum):
    """The patient's age, as coarse as the rules and the monitor can bear."""

    UNDER_16 = "<16"
    FROM_16_TO_17 = "16-17"
    FROM_18_TO_64 = "18-64"
    FROM_65 = "65+"
    UNKNOWN = "unknown"


class BodyRegionGroup(StrEnum):
    """The part of the body, coarser than the order states it."""

    SPINE = "spine"
    UPPER_LIMB = "upper-limb"
    LOWER_LIMB = "lower-limb"
    PELVIS_HIP = "pelvis-hip"
    CHEST_WALL = "chest-wall"
    UNKNOWN = "unknown"


_GROUPS: Final = {
    BodyRegion.CERVICAL_SPINE: BodyRegionGroup.SPINE,
    BodyRegion.THORACIC_SPINE: BodyRegionGroup.SPINE,
    BodyRegion.THORACOLUMBAR_SPINE: BodyRegionGroup.SPINE,
    BodyRegion.LUMBAR_SPINE: BodyRegionGroup.SPINE,
    BodyRegion.SACRAL_SPINE: BodyRegionGroup.SPINE,
    BodyRegion.WHOLE_SPINE: BodyRegionGroup.SPINE,
    BodyRegion.SPINE: BodyRegionGroup.SPINE,
    BodyRegion.SPINE_AND_MORE: BodyRegionGroup.UNKNOWN,  # as no routine rule speaks of it, no spine figure counts it
    BodyRegion.SACROILIAC_JOINT: BodyRegionGroup.PELVIS_HIP,
    BodyRegion.CHEST_WALL: BodyRegionGroup.CHEST_WALL,
    BodyRegion.SHOULDER: BodyRegionGroup.UPPER_LIMB,
    BodyRegion.UPPER_ARM: BodyRegionGroup.UPPER_LIMB,
    BodyRegion.ELBOW: BodyRegionGroup.UPPER_LIMB,
    BodyRegion.FOREARM: BodyRegionGroup.UPPER_LIMB,
    BodyRegion.WRIST: BodyRegionGroup.UPPER_LIMB,
    BodyRegion.HAND: BodyRegionGroup.UPPER_LIMB,
    BodyRegion.UPPER_LIMB: BodyRegionGroup.UPPER_LIMB,
    BodyRegion.HIP: BodyRegionGroup.PELVIS_HIP,
    BodyRegion.THIGH: BodyRegionGroup.LOWER_LIMB,
    BodyRegion.KNEE: BodyRegionGroup.LOWER_LIMB,
    BodyRegion.LOWER_LEG: BodyRegionGroup.LOWER_LIMB,
    BodyRegion.ANKLE: BodyRegionGroup.LOWER_LIMB,
    BodyRegion.FOOT: BodyRegionGroup.LOWER_LIMB,
    BodyRegion.LOWER_LIMB: BodyRegionGroup.LOWER_LIMB,
    BodyRegion.NOT_MSK: BodyRegionGroup.UNKNOWN,
    BodyRegion.UNKNOWN: BodyRegionGroup.UNKNOWN,
}


def age_band(age: int | None) -> AgeBand:
    """The band of an age in whole years; an age that is missing or negative is unknown."""
    if age is None or age < 0:
        return AgeBand.UNKNOWN
    if age < 16:  # noqa: PLR2004 - the bands' own bounds
        return AgeBand.UNDER_16
    if age < 18:  # noqa: PLR2004 - the bands' own bounds
        return AgeBand.FROM_16_TO_17
    return AgeBand.FROM_18_TO_64 if age < 65 else AgeBand.FROM_65  # noqa: PLR2004 - the bands' own bounds


def body_region_group(region: BodyRegion) -> BodyRegionGroup:
    """The group of a body region; a region outside the musculoskeletal pathways counts as unknown."""
    return _GROUPS[region]
