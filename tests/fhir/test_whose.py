"""Whose an order is: only what is certain is another's, and only what is this patient's own is theirs in all."""

import pytest
from fhir_builders import SERVER, order, ref
from fhir_builders import bundle as search_answer

from cds_service.fhir.resources import ResourceIndex
from cds_service.fhir.shapes import Json
from cds_service.fhir.whose import Whose, named_patient, patient_of, whose_order

URN = "urn:uuid:5f0e0ca0-5a0f-4a0e-9c2e-000000000001"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
LOCAL = "https://hospital.example/mrn"

PATIENT: Json = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [
        {"system": NHS_NUMBER, "value": "9990000018"},
        {"system": LOCAL, "value": "A1"},
        {"system": LOCAL, "value": "OLD1"},
    ],
}


def whose(subject: object, *, patient: Json | None = PATIENT, **elements: object) -> Whose:
    """Whose an order with this subject is, for a call about `Patient/p1`."""
    prefetch = {} if patient is None else {"patient": patient}
    return whose_order(order(subject=subject, **elements), "p1", ResourceIndex(prefetch, {}, SERVER))


def identified(system: str, value: str, reference: str | None = None) -> Json:
    """A subject with an identifier, and perhaps a reference."""
    subject: Json = {"identifier": {"system": system, "value": value}}
    return subject if reference is None else {**subject, "reference": reference}


@pytest.mark.parametrize(
    "subject",
    [
        None,
        {"display": "the patient"},
        ref("Patient/p1"),
        ref(f"{SERVER}/Patient/p1/_history/2"),
        identified(NHS_NUMBER, "9990000018"),
        identified(NHS_NUMBER, "999 000 0018", "Patient/p1"),
        identified(LOCAL, "OLD1"),
        identified("https://elsewhere.example/id", "7"),
    ],
)
def test_the_patient_of_the_call(subject: Json | None) -> None:
    """Named as the call does, by an identifier of theirs, or not named at all."""
    assert whose(subject) is Whose.THIS_PATIENT


@pytest.mark.parametrize(
    "subject",
    [
        ref("Patient/p2"),
        ref(f"{SERVER}/Patient/p2"),
        identified(NHS_NUMBER, "9990000999"),
        identified(LOCAL, "B2"),
        identified(NHS_NUMBER, "9990000999", URN),
    ],
)
def test_another_patient_for_certain(subject: Json) -> None:
    """By another id of the same server, or an identifier of a system in which this patient has another."""
    assert whose(subject) is Whose.ANOTHER_PATIENT


@pytest.mark.parametrize(
    "subject",
    [
        ref(URN),
        ref("#patient"),
        ref("Group/p1"),
        ref("https://other.example/fhir/Patient/p1"),
        identified(NHS_NUMBER, "9990000018", URN),
        identified(NHS_NUMBER, "9990000999", "Patient/p1"),
    ],
)
def test_nobody_can_tell(subject: Json) -> None:
    """A form that may mean anybody, and a reference that its own identifier contradicts."""
    assert whose(subject, contained=[{"resourceType": "Patient", "id": "patient"}]) is Whose.UNTOLD


@pytest.mark.parametrize("patient", [None, {**PATIENT, "id": "p2"}, {**PATIENT, "identifier": None}])
def test_an_identifier_contradicts_nobody_of_whom_no_identifier_came(patient: Json | None) -> None:
    """There is nothing to hold it against."""
    assert whose(identified(NHS_NUMBER, "9990000999"), patient=patient) is Whose.THIS_PATIENT


@pytest.mark.parametrize(
    "identifier", [7, [], {}, {"system": NHS_NUMBER}, {"value": "9990000999"}, {"system": 1, "value": 2}]
)
def test_an_identifier_that_says_nothing_contradicts_nobody(identifier: object) -> None:
    """Junk is nobody's."""
    assert whose({"identifier": identifier}) is Whose.THIS_PATIENT


def test_the_copies_of_a_patient_are_one_patient() -> None:
    """Under several prefetch keys: any identifier of any copy is theirs."""
    other = {**PATIENT, "identifier": [{"system": NHS_NUMBER, "value": "9990000999"}]}
    index = ResourceIndex({"patient": PATIENT, "mine": search_answer(other)}, {}, SERVER)
    assert whose_order(order(subject=identified(NHS_NUMBER, "9990000999")), "p1", index) is Whose.THIS_PATIENT


def test_an_order_that_may_be_this_patients_counts_beside_theirs() -> None:
    """Another's is told from a third one's."""
    named = [order(subject=subject) for subject in (ref("Patient/p2"), identified(LOCAL, "B2"), None)]
    assert [named_patient(one) for one in named] == ["Patient/p2", "B2", "another patient"]
    assert [patient_of(named[0], whose) for whose in Whose] == [None, "Patient/p2", None]
