"""The service's own words for facts, shown under "Why this card"."""

from cds_service.pathway.facts import FcpListing, KnownBy, Oncology, Setting

SETTING_WORDS = {
    Setting.GENERAL_PRACTICE: "general practice",
    Setting.URGENT_CARE: "urgent care",
    Setting.COMMUNITY_MSK: "community MSK service",
    Setting.SECONDARY_CARE: "secondary care",
    Setting.UNKNOWN: "not known",
}

ONCOLOGY_WORDS = {
    Oncology.NONE: "no listed code of a diagnosed cancer on the problem list or in care records",
    Oncology.PAST: "past cancer",
    Oncology.ACTIVE: "active cancer on the problem list",
    Oncology.UNDER_CARE: "under oncology care",
    Oncology.UNKNOWN: "not known",
}

FCP_WORDS = {
    FcpListing.NONE: "not on the register of assured First Contact Practitioners",
    FcpListing.CURRENT: "on the register of assured First Contact Practitioners",
    FcpListing.CURRENT_NOT_SPINE: "on the register of assured First Contact Practitioners, not for the spine",
    FcpListing.EXPIRED: "listing as an assured First Contact Practitioner has expired",
    FcpListing.UNKNOWN: "not known on the register of assured First Contact Practitioners",
}

KNOWN_BY_WORDS = {
    KnownBy.CODE: "by code",
    KnownBy.TEXT: "by its text alone",
}

PRIORITY_WORDS = {
    "urgent": "urgent",
    "asap": "as soon as possible (asap)",
    "stat": "immediately (stat)",
}
"""FHIR's request priorities but routine."""

EVIDENCE_WORDS = {
    "requester-role": "from the requester's role at an organisation",
    "requester-roles": "from the requester's roles",
    "user-role": "from the signed-in user's role at an organisation",
    "requester-organisation": "from the requesting organisation",
    "encounter": "from the encounter's service provider",
    "conflict": "the evidence disagrees",
    "not-listed": "the organisation sent is not listed",
    "requester-not-placed": "no organisation of the requester was sent",
    "none": "no organisation was sent",
}
"""Where the setting comes from, or why it is not known."""


def age_words(age: int | None) -> str:
    """An age for the card: whole years, or that it is not known."""
    return "not known" if age is None else f"{age} year{'' if age == 1 else 's'}"
