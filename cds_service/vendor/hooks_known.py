"""The hooks of the HL7 hook library: the fields of their contexts, and a minimal call of each.

A minimal call is the least that an EHR may send: a patient who does not exist, and drafts without a code. A service
has nothing to say to it, and must still answer.
"""

from typing import Final
from uuid import uuid4

from cds_service.vendor.words import JsonObject

PATIENT: Final = "doctor-nobody"
USER: Final = "Practitioner/doctor-nobody"

CONTEXT_FIELDS: Final[dict[str, tuple[frozenset[str], frozenset[str]]]] = {
    "patient-view": (frozenset({"userId", "patientId"}), frozenset({"encounterId"})),
    "order-select": (frozenset({"userId", "patientId", "selections", "draftOrders"}), frozenset({"encounterId"})),
    "order-sign": (frozenset({"userId", "patientId", "draftOrders"}), frozenset({"encounterId"})),
    "order-dispatch": (frozenset({"patientId", "dispatchedOrders", "performer"}), frozenset({"fulfillmentTasks"})),
    "appointment-book": (frozenset({"userId", "patientId", "appointments"}), frozenset({"encounterId"})),
    "encounter-start": (frozenset({"userId", "patientId", "encounterId"}), frozenset()),
    "encounter-discharge": (frozenset({"userId", "patientId", "encounterId"}), frozenset()),
    "medication-refill": (frozenset({"patientId", "medications"}), frozenset({"userId", "encounterId"})),
    "problem-list-item-create": (frozenset({"userId", "patientId", "conditions"}), frozenset({"encounterId"})),
    "allergyintolerance-create": (
        frozenset({"userId", "patientId", "allergyIntolerance"}),
        frozenset({"encounterId"}),
    ),
}
"""Of each hook the required and the optional fields of its context (HL7 CDS Hooks library, mid-2026)."""


def minimal_call(hook: str) -> JsonObject:
    """The least that an EHR may send on a hook; on one that is not in the library, a user and a patient."""
    required, _ = CONTEXT_FIELDS.get(hook, (frozenset({"userId", "patientId"}), frozenset()))
    fields = _fields()
    return {
        "hook": hook,
        "hookInstance": str(uuid4()),
        "context": {name: fields[name] for name in sorted(required)},
    }


def another_hook(hook: str) -> str:
    """A hook that a service listed for `hook` is not meant for."""
    return "order-sign" if hook == "patient-view" else "patient-view"


def with_new_instance(call: JsonObject) -> JsonObject:
    """The same call as an EHR makes it again: with a `hookInstance` of its own."""
    return {**call, "hookInstance": str(uuid4())}


def _fields() -> JsonObject:
    patient = {"reference": f"Patient/{PATIENT}"}
    order = {"resourceType": "ServiceRequest", "id": "draft-1", "status": "draft", "intent": "order"}
    medication = {"resourceType": "MedicationRequest", "id": "draft-1", "status": "draft", "intent": "order"}
    appointment = {"resourceType": "Appointment", "id": "draft-1", "status": "proposed"}
    participant = [{"actor": patient, "status": "needs-action"}]
    return {
        "userId": USER,
        "patientId": PATIENT,
        "encounterId": "doctor-no-encounter",
        "selections": ["ServiceRequest/draft-1"],
        "draftOrders": _bundle({**order, "subject": patient}),
        "dispatchedOrders": ["ServiceRequest/draft-1"],
        "performer": "Organization/doctor-nobody",
        "appointments": _bundle({**appointment, "participant": participant}),
        "medications": _bundle({**medication, "subject": patient}),
        "conditions": _bundle({"resourceType": "Condition", "id": "draft-1", "subject": patient}),
        "allergyIntolerance": {"resourceType": "AllergyIntolerance", "id": "draft-1", "patient": patient},
    }


def _bundle(resource: JsonObject) -> JsonObject:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": resource}]}
