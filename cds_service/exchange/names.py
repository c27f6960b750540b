"""How the exported resources are named: canonical URLs under a reserved domain, ids and computer names.

A URL identifies and does not resolve, as for the value sets (`terminology/value_set_file.py`).
"""

import re
from typing import Any

Json = dict[str, Any]

BASE = "https://cds-service.example/fhir"
RULE_SYSTEM = f"{BASE}/CodeSystem/msk-imaging-rule"
OUTCOME_SYSTEM = f"{BASE}/CodeSystem/msk-imaging-outcome"
CARD_SYSTEM = f"{BASE}/CodeSystem/msk-imaging-card"
REVIEW_DUE = f"{BASE}/StructureDefinition/review-due"
"""Extension of ours: the day on which the document's review is due, which R4 has no element for."""

PUBLISHER = "cds-service contributors"
UNITED_KINGDOM = [{"coding": [{"system": "urn:iso:std:iso:3166", "code": "GB", "display": "United Kingdom"}]}]

_NO_ID = re.compile(r"[^A-Za-z0-9.]+")


def resource_url(resource_type: str, resource_id: str) -> str:
    """A resource's own address, as `Bundle.entry.fullUrl`."""
    return f"{BASE}/{resource_type}/{resource_id}"


def id_part(words: str) -> str:
    """Words as a part of a FHIR id: letters, digits, dots and hyphens (R4 data type `id`)."""
    return _NO_ID.sub("-", words).strip("-")


def computer_name(words: str) -> str:
    """Words as a computer-friendly name (R4 invariant `pdf-0` and its like)."""
    return "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", words))


def concept(system: str, code: str, display: str | None = None) -> Json:
    """A CodeableConcept of one coding."""
    coding = {"system": system, "code": code}
    return {"coding": [coding if display is None else {**coding, "display": display}]}
