"""The facts that the exported conditions read, each as a variable of FHIRPath.

They are the `Facts` of the pathway room and the day. A variable that is empty is unknown. What only words a
card (the patient's own region) is not among them.
"""

from enum import StrEnum
from typing import NamedTuple

from cds_service.pathway.facts import BodyRegion, FcpListing, Indication, KnownBy, Modality, Oncology, Setting


class FactName(StrEnum):
    """The name of a fact: of its parameter in the Library, and of the variable (`%setting`)."""

    LIVE = "live"
    MODALITY = "modality"
    BODY_REGION = "bodyRegion"
    KNOWN_BY = "knownBy"
    REGION = "region"
    SETTING = "setting"
    FCP_LISTING = "fcpListing"
    INDICATION = "indication"
    ONCOLOGY = "oncology"
    AGE = "age"
    SPECIALIST_REQUEST = "specialistRequest"
    TODAY = "today"


class Fact(NamedTuple):
    """One fact, as an engine must supply it.

    Attributes:
        name: its name.
        type: the FHIR data type of its value.
        meaning: what it says, and what it means when it is empty.
        values: the codes that it may have; empty for other types and for regions.
        repeats: whether it may be sent several times.
    """

    name: FactName
    type: str
    meaning: str
    values: tuple[str, ...] = ()
    repeats: bool = False


FACTS = (
    Fact(
        FactName.LIVE,
        "boolean",
        "False for an order that is revoked, completed, entered in error or marked 'do not perform'. "
        "Empty: the order is live.",
    ),
    Fact(FactName.MODALITY, "code", "How the body is imaged. Empty: neither MRI nor ultrasound.", tuple(Modality)),
    Fact(FactName.BODY_REGION, "code", "The part of the body imaged. Empty: unknown.", tuple(BodyRegion)),
    Fact(
        FactName.KNOWN_BY,
        "code",
        "Whether a code or only words say what is imaged. Empty: only words, which neither exempt nor remove.",
        tuple(KnownBy),
    ),
    Fact(
        FactName.REGION,
        "code",
        "The pathway footprint of the requester's organisation: the id of a pathway, 'other' for an organisation in no "
        "footprint, or 'unresolved'. Empty: unresolved.",
    ),
    Fact(
        FactName.SETTING,
        "code",
        "Where the requester works, by the organisation and never by the role. Empty: unknown.",
        tuple(Setting),
    ),
    Fact(
        FactName.FCP_LISTING,
        "code",
        "The requester's state on the region's register of assured First Contact Practitioners. Empty: not listed.",
        tuple(FcpListing),
    ),
    Fact(
        FactName.INDICATION,
        "code",
        "A group of codes that the order's reasons belong to, once for each group. Empty: no reason is known.",
        tuple(Indication),
        repeats=True,
    ),
    Fact(FactName.ONCOLOGY, "code", "What is known of cancer. Empty: unknown.", tuple(Oncology)),
    Fact(FactName.AGE, "integer", "The patient's age in whole years. Empty: unknown."),
    Fact(
        FactName.SPECIALIST_REQUEST,
        "boolean",
        "True when the order rests on a specialist's request (`basedOn`). "
        "Empty: it is not known to, and no scan is removed.",
    ),
    Fact(
        FactName.TODAY,
        "date",
        "The day of the order in Europe/London. "
        "Empty: no version of a pathway is in force, and CES and MSCC speak by national guidance.",
    ),
)
"""Every fact, in the order in which it is documented."""
