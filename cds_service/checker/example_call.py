"""The call that an EHR would send for what was chosen, in UK Core's shapes, about an invented patient.

It carries what discovery asks for (`hooks/discovery.py`) and no more: no name, no NHS number, no address.
"""

from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from cds_service.checker.places import SDS_USER_ID, Place
from cds_service.checker.reasons import CAUDA_EQUINA, FREE_TEXT, REASON_BY_CODE, RULED_OUT, SNOMED_CT
from cds_service.checker.scans import Scan
from cds_service.directory.model import Organisation
from cds_service.pathway.facts import Oncology

Json = dict[str, Any]

ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
PATIENT = "example-patient"
ROLE = "PractitionerRole/example-requester-role"
DRAFT = "ServiceRequest/example-draft"
ENCOUNTER = "example-encounter"
SPECIALIST_REQUEST = "specialist-request"

IMAGING = ("363679005", "Imaging")
CANCER = ("363346000", "Malignant neoplastic disease")
ONCOLOGY_SERVICE = ("892571000000101", "Medical oncology service")

_INSTANCES = UUID("5f0a6c2e-6d0e-4b1e-8f5e-3f4f0c6d2b11")
"""Names the hook instances of this room: one call has one, however often its page is opened."""


class Example(NamedTuple):
    """Everything that the call says.

    Attributes:
        hook: `order-select` or `order-sign`.
        scan: what is ordered.
        reasons: codes of `reasons.py`, or the words that stand for what has no code.
        oncology: what the record says of cancer.
        years: the patient's age in whole years; None sends no birth date.
        place: where the order comes from.
        asked_by: the specialist service on whose request the order rests, or None.
        day: the date in Europe/London.
    """

    hook: str
    scan: Scan
    reasons: tuple[str, ...]
    oncology: Oncology
    years: int | None
    place: Place
    asked_by: Organisation | None
    day: date


def example_call(example: Example) -> Json:
    """The hook call."""
    context: Json = {"userId": ROLE, "patientId": PATIENT}
    if example.place.contradicting is not None:
        context["encounterId"] = ENCOUNTER
    if example.hook == "order-select":
        context["selections"] = [DRAFT]
    context["draftOrders"] = _bundle("collection", [_order(example)])
    call: Json = {"hook": example.hook, "context": context, "prefetch": _prefetch(example)}
    return {"hook": call["hook"], "hookInstance": str(uuid5(_INSTANCES, repr(call))), **call}


def _order(example: Example) -> Json:
    order = _service_request("example-draft", "draft", "order", example)
    order["requester"] = {"reference": ROLE}
    contained = []
    if example.asked_by is not None:
        # Contained, since on order-sign whatever stands among the drafts is about to be signed.
        request = _service_request(SPECIALIST_REQUEST, "active", "original-order", example)
        contained.append({**request, "requester": _organisation_reference(example.asked_by)})
        order["basedOn"] = [{"reference": f"#{SPECIALIST_REQUEST}"}]
    coded = [REASON_BY_CODE[code] for code in example.reasons if code in REASON_BY_CODE]
    reasons = [_concept(reason.code, reason.words) for reason in coded]
    if FREE_TEXT in example.reasons:
        reasons.append({"text": "as typed by the clinician"})
    if reasons:
        order["reasonCode"] = reasons
    if RULED_OUT in example.reasons:
        contained.append(_condition(RULED_OUT, CAUDA_EQUINA, clinical=None, verification="refuted"))
        order["reasonReference"] = [{"reference": f"#{RULED_OUT}"}]
    return {**order, "contained": contained} if contained else order


def _service_request(name: str, status: str, intent: str, example: Example) -> Json:
    return {
        "resourceType": "ServiceRequest",
        "id": name,
        "status": status,
        "intent": intent,
        "category": [_concept(*IMAGING)],
        "code": _procedure(example.scan),
        "subject": {"reference": f"Patient/{PATIENT}"},
        "authoredOn": example.day.isoformat(),
    }


def _procedure(scan: Scan) -> Json:
    if scan.code is None:
        return {"text": scan.words}
    return {"coding": [{"system": scan.system, "code": scan.code, "display": scan.words}]}


def _prefetch(example: Example) -> Json:
    prefetch: Json = {"patient": _patient(example), "user": _user(example.place)}
    if example.place.contradicting is not None:
        prefetch["encounter"] = _found([_encounter(example.place.contradicting)])
    if example.oncology is not Oncology.UNKNOWN:
        prefetch |= _cancer(example.oncology)
    return prefetch


def _patient(example: Example) -> Json:
    patient: Json = {"resourceType": "Patient", "id": PATIENT, "active": True}
    if example.years is not None:
        patient["birthDate"] = _born(example.years, example.day).isoformat()
    if example.place.home is not None:
        patient["generalPractitioner"] = [_organisation_reference(example.place.home)]
    return patient


def _born(years: int, day: date) -> date:
    """A birthday half a year ago, so that the age holds for some months to come."""
    birthday = day - timedelta(days=180)
    return date(birthday.year - years, birthday.month, min(birthday.day, 28))


def _user(place: Place) -> Json:
    practitioner = {
        "resourceType": "Practitioner",
        "id": "example-requester",
        "identifier": [{"system": SDS_USER_ID, "value": place.user_id}],
    }
    role: Json = {
        "resourceType": "PractitionerRole",
        "id": ROLE.partition("/")[2],
        "active": True,
        "practitioner": {"reference": "Practitioner/example-requester"},
    }
    found = [role, practitioner]
    if place.organisation is not None:
        role["organization"] = {"reference": f"Organization/{_id(place.organisation)}"}
        found.append(_organisation(place.organisation))
    return _found(found)


def _encounter(organisation: Organisation) -> Json:
    return {
        "resourceType": "Encounter",
        "id": ENCOUNTER,
        "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": f"Patient/{PATIENT}"},
        "serviceProvider": _organisation_reference(organisation),
    }


def _cancer(oncology: Oncology) -> Json:
    """The four answers that together say what is known of cancer; empty ones say that there is none."""
    active, past, episodes = [], [], []
    if oncology in {Oncology.ACTIVE, Oncology.UNDER_CARE}:
        active.append(_condition("example-cancer", CANCER, clinical="active", verification="confirmed"))
    if oncology is Oncology.PAST:
        past.append(_condition("example-cancer", CANCER, clinical="resolved", verification="confirmed"))
    if oncology is Oncology.UNDER_CARE:
        episodes.append(
            {
                "resourceType": "EpisodeOfCare",
                "id": "example-oncology",
                "status": "active",
                "type": [_concept(*ONCOLOGY_SERVICE)],
                "patient": {"reference": f"Patient/{PATIENT}"},
            }
        )
    found = {"conditions": active, "pastConditions": past, "episodes": episodes, "careTeams": []}
    return {key: _found(resources) for key, resources in found.items()}


def _condition(name: str, concept: tuple[str, str], *, clinical: str | None, verification: str) -> Json:
    codes = "http://terminology.hl7.org/CodeSystem"
    condition: Json = {"resourceType": "Condition", "id": name}
    if clinical is not None:
        condition["clinicalStatus"] = {"coding": [{"system": f"{codes}/condition-clinical", "code": clinical}]}
    condition["verificationStatus"] = {"coding": [{"system": f"{codes}/condition-ver-status", "code": verification}]}
    return {**condition, "code": _concept(*concept), "subject": {"reference": f"Patient/{PATIENT}"}}


def _concept(code: str, display: str) -> Json:
    return {"coding": [{"system": SNOMED_CT, "code": code, "display": display}]}


def _id(organisation: Organisation) -> str:
    return f"example-{organisation.ods_code.lower()}"


def _organisation(organisation: Organisation) -> Json:
    return {
        "resourceType": "Organization",
        "id": _id(organisation),
        "identifier": [{"system": ODS_CODE, "value": organisation.ods_code}],
        "name": organisation.name,
    }


def _organisation_reference(organisation: Organisation) -> Json:
    identifier = {"system": ODS_CODE, "value": organisation.ods_code}
    return {"type": "Organization", "identifier": identifier, "display": organisation.name}


def _bundle(kind: str, resources: list[Json]) -> Json:
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": resource} for resource in resources]}


def _found(resources: list[Json]) -> Json:
    """A searchset that came whole; an empty one has no entry (FHIR R4, "Bundle")."""
    bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(resources)}
    return {**bundle, "entry": [{"resource": resource} for resource in resources]} if resources else bundle
