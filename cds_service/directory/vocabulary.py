"""The words that the configuration files may use, and how codes and borough names are compared.

Settings, modalities and body regions are the strings of the pathway's vocabulary of facts. They are written
out again because this room imports nothing of ours; a test holds the two lists together.
"""

from typing import Final

SETTINGS: Final = ("general-practice", "urgent-care", "community-msk", "secondary-care")
"""Where an organisation works. What is not listed is unknown, so "unknown" cannot be written."""

REFERRING_SETTINGS: Final = ("general-practice", "urgent-care")
"""Settings whose orders may be redirected, and which therefore need a community MSK service."""

KINDS: Final = (
    "community-msk",
    "ces",
    "mscc",
    "cancer",
    "sarcoma",
    "oncology",
    "urgent-msk",
    "lump",
    "paediatric",
)
"""What a destination is for."""

MODALITIES: Final = ("mri", "uss", "other")
"""How a local procedure images the body; "other" is neither a diagnostic MRI nor an ultrasound."""

BODY_REGIONS: Final = (
    "cervical-spine",
    "thoracic-spine",
    "thoracolumbar-spine",
    "lumbar-spine",
    "sacral-spine",
    "whole-spine",
    "spine",
    "sacroiliac-joint",
    "chest-wall",
    "shoulder",
    "upper-arm",
    "elbow",
    "forearm",
    "wrist",
    "hand",
    "upper-limb",
    "hip",
    "thigh",
    "knee",
    "lower-leg",
    "ankle",
    "foot",
    "lower-limb",
    "not-msk",
    "unknown",
)
"""What a local procedure images; "not-msk" is a region outside the pathways, "unknown" one not stated.

The facts know one more, the spine beside another part, which a catalogue must not claim: it is read from the order.
"""

MERGED_ICB: Final = "Z9B2Z"
"""NHS West and North London ICB (from 1 April 2026): it holds NWL, which has a pathway, and ex-NCL, which
has none, so the code places nobody."""


def code_key(code: str) -> str:
    """Return a code (ODS, local procedure) as it is compared: trimmed, upper case."""
    return code.strip().upper()


def region_key(region: str) -> str:
    """Return a region id as it is compared: trimmed, lower case."""
    return region.strip().lower()


def borough_key(borough: str | None) -> str:
    """Return a borough's name as it is compared: "Hammersmith & Fulham" is "Hammersmith and Fulham".

    No borough at all gives the empty string, the key of a region-wide row.
    """
    return " ".join((borough or "").replace("&", " and ").lower().split())


def identifier_key(system: str, value: str) -> tuple[str, str]:
    """Return a practitioner's identifier as it is compared: the system exactly, the value without case."""
    return system, value.strip().lower()
