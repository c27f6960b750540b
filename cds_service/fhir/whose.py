"""Whose an order is: this patient's, another's for certain, or nobody can tell."""

from enum import Enum, auto

from cds_service.fhir.resources import ResourceIndex, another_patient, same_patient
from cds_service.fhir.shapes import Json, as_object, as_text, objects


class Whose(Enum):
    """What an order's `subject` says, held against the patient of the call.

    `UNTOLD` is a subject in a form of which nobody can tell whom it means: a URN, a contained resource, a Group, an
    address of another server, or a reference that its own identifier contradicts. It may mean this patient, so their
    history of cancer counts where it raises a concern, and nothing of them that lowers one.
    """

    THIS_PATIENT = auto()
    ANOTHER_PATIENT = auto()
    UNTOLD = auto()


def whose_order(order: Json, patient_id: str, index: ResourceIndex) -> Whose:
    """Whose an order is; one without a subject is the call's own patient's.

    Args:
        order: a ServiceRequest.
        patient_id: `context.patientId`.
        index: the resources of the call.
    """
    subject = order.get("subject")
    contradicted = _is_contradicted(subject, patient_id, index)
    if same_patient(subject, patient_id, index):
        if not contradicted:
            return Whose.THIS_PATIENT
        return Whose.UNTOLD if as_text(as_object(subject).get("reference")) else Whose.ANOTHER_PATIENT
    if contradicted or another_patient(subject, patient_id, index):
        return Whose.ANOTHER_PATIENT
    return Whose.UNTOLD


def patient_of(order: Json, whose: Whose) -> str | None:
    """Whose an order counts as beside others of its call: None for the call's patient, and where it may be theirs."""
    return named_patient(order) if whose is Whose.ANOTHER_PATIENT else None


def named_patient(order: Json) -> str:
    """How an order names its patient: what tells the orders of one call apart, and is shown and kept nowhere."""
    subject = as_object(order.get("subject"))
    identifier = as_text(as_object(subject.get("identifier")).get("value"))
    return as_text(subject.get("reference")) or identifier or "another patient"


def _is_contradicted(subject: object, patient_id: str, index: ResourceIndex) -> bool:
    """Whether the Patient of the call has an identifier of the subject's system, and none of its value."""
    identifier = as_object(as_object(subject).get("identifier"))
    system, value = as_text(identifier.get("system")), _plain(identifier.get("value"))
    if system is None or value is None:
        return False
    own = {
        _plain(stated.get("value"))
        for patient in index.prefetched("Patient")
        if patient.get("id") == patient_id
        for stated in objects(patient.get("identifier"))
        if as_text(stated.get("system")) == system
    } - {None}
    return bool(own) and value not in own


def _plain(value: object) -> str | None:
    """An identifier's value without spaces: an NHS number is often written in three groups."""
    text = as_text(value)
    return None if text is None else "".join(text.split())
