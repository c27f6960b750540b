"""The words in which this room answers: modalities, body regions, kinds of requester and code systems.

Modalities and body regions are those of the pathway's facts. This room knows no other, so the words are
written down here once more and a test holds the two lists together.
"""

import re
from typing import Final

SNOMED: Final = "http://snomed.info/sct"

_SNOMED_BY_ANOTHER_NAME: Final = re.compile(
    r"https?://snomed\.info/sct(?:/[0-9]+(?:/version/[0-9]+)?)?/?"
    r"|(?:urn:oid:)?2\.16\.840\.1\.113883\.(?:6\.96|2\.1\.3\.2\.4\.15)",
    re.IGNORECASE,
)
"""The URI of an edition or a version (SNOMED CT URI Standard), HL7's OID, and the one of NHS documents in CDA."""

_CODE_AND_TERM: Final = re.compile(r"\s*([0-9]+)\s*\|[^|]*\|\s*")
"""A concept as SNOMED CT's compositional grammar writes it alone: `192970008 |Cauda equina syndrome|`."""


def plain_coding(system: str, code: str) -> tuple[str, str]:
    """A coding with its system, and a SNOMED CT code, written the one way in which the lists have it.

    Args:
        system: as sent.
        code: as sent.
    """
    system = system.strip()
    if system != SNOMED and _SNOMED_BY_ANOTHER_NAME.fullmatch(system) is not None:
        system = SNOMED
    if "|" in code and system == SNOMED and (alone := _CODE_AND_TERM.fullmatch(code)) is not None:
        return system, alone[1]
    return system, code.strip()


MRI: Final = "mri"
USS: Final = "uss"
OTHER: Final = "other"
MODALITIES: Final = frozenset({MRI, USS, OTHER})

NOT_MSK: Final = "not-msk"
UNKNOWN: Final = "unknown"

SPINE: Final = "spine"
WHOLE_SPINE: Final = "whole-spine"
SPINE_AND_MORE: Final = "spine-and-more"
"""The spine together with another part: what an order may name, and no single code does."""
SACROILIAC_JOINT: Final = "sacroiliac-joint"
UPPER_LIMB: Final = "upper-limb"
LOWER_LIMB: Final = "lower-limb"

SPINE_REGIONS: Final = frozenset(
    {
        "cervical-spine",
        "thoracic-spine",
        "thoracolumbar-spine",
        "lumbar-spine",
        "sacral-spine",
        WHOLE_SPINE,
        SPINE,
    }
)
UPPER_LIMB_REGIONS: Final = frozenset({"shoulder", "upper-arm", "elbow", "forearm", "wrist", "hand", UPPER_LIMB})
LOWER_LIMB_REGIONS: Final = frozenset({"hip", "thigh", "knee", "lower-leg", "ankle", "foot", LOWER_LIMB})
MSK_REGIONS: Final = SPINE_REGIONS | UPPER_LIMB_REGIONS | LOWER_LIMB_REGIONS | {SACROILIAC_JOINT, "chest-wall"}
BODY_REGIONS: Final = MSK_REGIONS | {NOT_MSK, UNKNOWN}
"""The body regions that a code may have."""

REQUESTER_CATEGORIES: Final = frozenset(
    {
        "advanced-practitioner",
        "chiropractor",
        "first-contact-physiotherapist",
        "gp",
        "hospital-doctor",
        "nurse",
        "occupational-therapist",
        "osteopath",
        "paramedic",
        "pharmacist",
        "physician-associate",
        "physiotherapist",
        "podiatrist",
        "radiology",
        UNKNOWN,
    }
)
"""Kinds of requester for the log; `unknown` is a role that is known and names no profession."""

SDS_JOB_ROLE: Final = "https://fhir.hl7.org.uk/CodeSystem/UKCore-SDSJobRoleName"
SDS_JOB_ROLE_SYSTEMS: Final = frozenset(
    {
        SDS_JOB_ROLE,  # retired, and the one under which the codes were published
        "https://fhir.nhs.uk/CodeSystem/NHSDigital-SDS-JobRoleCode",  # what live systems send
        "https://fhir.nhs.uk/R4/CodeSystem/UKCore-SDSJobRoleName",  # what older ones still send
    }
)
"""The systems under which one and the same SDS job role arrives."""
