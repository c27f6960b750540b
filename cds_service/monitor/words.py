"""What the card log's values are called on a page."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from cds_service.pathway.facts import OUTSIDE, UNRESOLVED
from cds_service.pathway.outcomes import Outcome

OUTCOMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        Outcome.NOT_APPLICABLE: "Not an MSK scan",
        Outcome.SPECIALIST_EXEMPT: "Exempt: specialist setting",
        Outcome.CES: "Cauda equina syndrome (CES)",
        Outcome.MSCC: "Metastatic spinal cord compression (MSCC)",
        Outcome.OUTSIDE_FOOTPRINT: "Outside every footprint",
        Outcome.NOT_EFFECTIVE: "Pathway not in force yet",
        Outcome.COULD_NOT_EVALUATE: "Could not be evaluated",
        Outcome.SUSPECTED_SARCOMA: "Suspected sarcoma",
        Outcome.SUSPECTED_CANCER: "Suspected cancer",
        Outcome.ONCOLOGY: "Oncology team",
        Outcome.URGENT_MSK: "Urgent MSK",
        Outcome.LUMP: "Lump",
        Outcome.OUT_OF_POLICY: "Scan that the pathway does not cover",
        Outcome.FCP_EXEMPT: "Exempt: assured First Contact Practitioner",
        Outcome.PAEDIATRIC: "Child",
        Outcome.REDIRECT_UNKNOWN_SETTING: "Redirect, setting unknown",
        Outcome.REDIRECT: "Redirect to community MSK",
    }
)
"""Each outcome, for a heading or a row."""

MODALITIES: Final[Mapping[str, str]] = MappingProxyType({"mri": "MRI", "uss": "Ultrasound", "other": "Other scan"})

HOOKS: Final[Mapping[str, str]] = MappingProxyType(
    {"order-select": "While choosing (order-select)", "order-sign": "At signing (order-sign)"}
)

EPISODE_STATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "changed": "Changed for another scan",
        "not_signed": "Not signed",
        "signed_anyway": "Signed anyway",
        "cut": "Cut: the window ended first",
        "open": "Open: the window is not over",
        "without_card": "No card shown",
    }
)
"""What became of an order, in the order in which it is told."""

NOT_KNOWN: Final = "Not known"
"""Stands where the log has an empty text."""

WITHOUT_FOOTPRINT: Final[Mapping[str, str]] = MappingProxyType(
    {OUTSIDE: "Outside every footprint", UNRESOLVED: "Region not resolved"}
)


def known(value: str) -> str:
    """A value of the log, or the words for one that is not known."""
    return value or NOT_KNOWN


def outcome_words(outcome: str) -> str:
    """An outcome; one that this version does not know (an older log) as it stands."""
    return OUTCOMES.get(outcome, outcome)


def sentence_case(words: str) -> str:
    """Words with a capital in front, and the rest as it is."""
    return words[:1].upper() + words[1:]
