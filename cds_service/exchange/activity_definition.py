"""The draft referrals as ActivityDefinitions: what a card may suggest creating."""

from dataclasses import dataclass

from cds_service import __version__
from cds_service.exchange.actions import referral_id
from cds_service.exchange.names import PUBLISHER, UNITED_KINGDOM, Json, computer_name, resource_url
from cds_service.pathway.outcomes import TextKey

_SNOMED = "http://snomed.info/sct"


@dataclass(frozen=True, slots=True)
class Referral:
    """A draft referral that a card suggests.

    Attributes:
        code: its SNOMED CT code.
        display: that code's display.
        text: what it is for.
        priority: FHIR request priority.
    """

    code: str
    display: str
    text: str
    priority: str


def referral_activity(text: TextKey, referral: Referral) -> Json:
    """The referral of one card text: a ServiceRequest that is proposed, and sent by nobody until a clinician acts."""
    name = referral_id(text)
    return {
        "resourceType": "ActivityDefinition",
        "id": name,
        "url": resource_url("ActivityDefinition", name),
        "version": __version__,
        "name": computer_name(name),
        "title": referral.text,
        "status": "draft",
        "publisher": PUBLISHER,
        "description": (
            f"A draft: {referral.text}. Nobody acts on a draft until a clinician completes and sends it. "
            "Where it goes is the deployment's own directory, which is not exported."
        ),
        "jurisdiction": UNITED_KINGDOM,
        "kind": "ServiceRequest",
        "code": {
            "coding": [{"system": _SNOMED, "code": referral.code, "display": referral.display}],
            "text": referral.text,
        },
        "intent": "proposal",
        "priority": referral.priority,
    }
