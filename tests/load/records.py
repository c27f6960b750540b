"""The patient record that an EHR sends ahead as prefetch: plain FHIR R4 JSON, invented throughout.

One practice (`Z99001`, in the demo configuration a practice under NWL's pathway), one GP, and as many
patients as asked for. Nothing here is read from the fixtures: the load stays the same when they change.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]

SNOMED = "http://snomed.info/sct"
ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"

PRACTICE_ODS = "Z99001"
PRACTICE = "Organization/load-practice"
PRACTITIONER = "Practitioner/load-gp"
ROLE = "PractitionerRole/load-gp-role"

ACTIVE_PROBLEMS = (
    ("38341003", "Hypertensive disorder"),
    ("195967001", "Asthma"),
    ("44054006", "Diabetes mellitus type 2"),
    ("396275006", "Osteoarthritis"),
    ("13644009", "Hypercholesterolaemia"),
    ("414916001", "Obesity"),
    ("35489007", "Depressive disorder"),
    ("235595009", "Gastro-oesophageal reflux disease"),
    ("40930008", "Hypothyroidism"),
    ("279039007", "Low back pain"),
)
PAST_PROBLEMS = (
    ("10509002", "Acute bronchitis"),
    ("65363002", "Otitis media"),
    ("68566005", "Urinary tract infectious disease"),
    ("44465007", "Sprain of ankle"),
    ("128045006", "Cellulitis"),
    ("76107001", "Spinal stenosis"),
)
"""The problem list of a patient in middle age with several long-term conditions: who has scans of joints and backs."""

_FAMILY_NAMES = ("Testwell", "Sampleton", "Mockford", "Placeholder", "Dummett", "Fixturely", "Exemplar")
_GIVEN_NAMES = ("Avery", "Blake", "Casey", "Devon", "Ellis", "Frankie", "Harper", "Indigo")


def nhs_number(index: int) -> str:
    """The index-th valid number from 999 000 0000 upwards, the range that is never issued."""
    found = -1
    candidate = 999_000_000
    while True:
        digits = str(candidate)
        check = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            found += 1
            if found == index:
                return f"{digits}{check % 11}"
        candidate += 1


def concept(code: str, display: str) -> Json:
    """A CodeableConcept with one SNOMED CT coding, and its text."""
    return {"coding": [{"system": SNOMED, "code": code, "display": display}], "text": display}


def prefetch(patient_id: str, encounter_id: str, index: int) -> Json:
    """Every prefetch key of the service filled, as by an EHR that supports all the templates."""
    patient = f"Patient/{patient_id}"
    return {
        "patient": _patient(patient_id, index),
        "user": _searchset([_role()], included=[_practitioner(), _practice()]),
        "userRoles": _searchset([]),  # asked by Practitioner, and this user is a PractitionerRole
        "encounter": _searchset([_encounter(patient, encounter_id)], included=[_practice()]),
        "conditions": _searchset(_conditions(patient, ACTIVE_PROBLEMS, "active")),
        "pastConditions": _searchset(_conditions(patient, PAST_PROBLEMS, "resolved")),
        "episodes": _searchset([_episode(patient)]),
        "careTeams": _searchset([_care_team(patient)]),
    }


def _searchset(matches: Sequence[Mapping[str, Any]], included: Sequence[Mapping[str, Any]] = ()) -> Json:
    entries = [(resource, "match") for resource in matches] + [(resource, "include") for resource in included]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(matches),
        "entry": [
            {
                "fullUrl": f"https://ehr.example/fhir/{resource['resourceType']}/{resource['id']}",
                "resource": resource,
                "search": {"mode": mode},
            }
            for resource, mode in entries
        ],
    }


def _patient(patient_id: str, index: int) -> Json:
    family = _FAMILY_NAMES[index % len(_FAMILY_NAMES)]
    given = _GIVEN_NAMES[index % len(_GIVEN_NAMES)]
    return {
        "resourceType": "Patient",
        "id": patient_id,
        "meta": {"profile": ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient"]},
        "identifier": [{"system": NHS_NUMBER, "value": nhs_number(index)}],
        "active": True,
        "name": [{"use": "official", "family": family, "given": [given], "prefix": ["Mx"]}],
        "telecom": [{"system": "phone", "value": "020 7946 0000", "use": "home"}],
        "extension": [
            {
                "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EthnicCategory",
                "valueCodeableConcept": {
                    "coding": [
                        {
                            "system": "https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland",
                            "code": "Z",
                            "display": "Not stated",
                        }
                    ]
                },
            }
        ],
        "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en"}]}, "preferred": True}],
        "contact": [{"relationship": [{"text": "Next of kin"}], "name": {"text": "Robin Testwell"}}],
        "gender": "female" if index % 2 else "male",
        "birthDate": f"{1945 + index % 50}-{1 + index % 12:02d}-{1 + index % 28:02d}",
        "address": [{"line": ["1 Imaginary Street"], "city": "London", "postalCode": "ZZ99 3VZ"}],
        "generalPractitioner": [_practice_reference()],
        "managingOrganization": _practice_reference(),
    }


def _practice_reference() -> Json:
    return {
        "reference": PRACTICE,
        "identifier": {"system": ODS_CODE, "value": PRACTICE_ODS},
        "display": "Larkspur Demo Surgery",
    }


def _role() -> Json:
    return {
        "resourceType": "PractitionerRole",
        "id": ROLE.removeprefix("PractitionerRole/"),
        "active": True,
        "practitioner": {"reference": PRACTITIONER, "display": "Dr Morgan Invented"},
        "organization": _practice_reference(),
        "code": [
            {
                "coding": [
                    {
                        "system": "https://fhir.nhs.uk/CodeSystem/NHSDigital-SDS-JobRoleCode",
                        "code": "R0260",
                        "display": "General Medical Practitioner",
                    }
                ]
            }
        ],
    }


def _practitioner() -> Json:
    return {
        "resourceType": "Practitioner",
        "id": PRACTITIONER.removeprefix("Practitioner/"),
        "active": True,
        "name": [{"family": "Invented", "given": ["Morgan"], "prefix": ["Dr"]}],
    }


def _practice() -> Json:
    return {
        "resourceType": "Organization",
        "id": PRACTICE.removeprefix("Organization/"),
        "identifier": [{"system": ODS_CODE, "value": PRACTICE_ODS}],
        "active": True,
        "name": "Larkspur Demo Surgery",
        "address": [{"line": ["2 Imaginary Street"], "city": "London", "postalCode": "ZZ99 3WZ"}],
    }


def _encounter(patient: str, encounter_id: str) -> Json:
    return {
        "resourceType": "Encounter",
        "id": encounter_id,
        "status": "in-progress",
        "class": {"system": f"{TERMINOLOGY}/v3-ActCode", "code": "AMB", "display": "ambulatory"},
        "serviceType": concept("788007007", "General practice service"),
        "subject": {"reference": patient},
        "participant": [{"individual": {"reference": PRACTITIONER}}],
        "period": {"start": "2026-09-01T09:10:00+01:00"},
        "serviceProvider": _practice_reference(),
    }


def _conditions(patient: str, problems: Sequence[tuple[str, str]], clinical_status: str) -> list[Json]:
    status = {"coding": [{"system": f"{TERMINOLOGY}/condition-clinical", "code": clinical_status}]}
    certainty = {"coding": [{"system": f"{TERMINOLOGY}/condition-ver-status", "code": "confirmed"}]}
    category = {"coding": [{"system": f"{TERMINOLOGY}/condition-category", "code": "problem-list-item"}]}
    return [
        {
            "resourceType": "Condition",
            "id": f"{patient.removeprefix('Patient/')}-{code}",
            "meta": {
                "versionId": "3",
                "lastUpdated": "2025-11-03T14:22:09.417+00:00",
                "profile": ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Condition"],
            },
            "text": {
                "status": "generated",
                "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p><b>Problem</b>: {display}</p>'
                f"<p><b>Status</b>: {clinical_status}, confirmed</p><p><b>Recorded</b>: 2 April 2019</p></div>",
            },
            "identifier": [{"system": "https://ehr.example/problem", "value": f"problem-{code}"}],
            "clinicalStatus": status,
            "verificationStatus": certainty,
            "category": [category],
            "code": concept(code, display),
            "subject": {"reference": patient},
            "encounter": {"reference": "Encounter/load-encounter-2019"},
            "onsetDateTime": "2019-04-02",
            "recordedDate": "2019-04-02",
            "recorder": {"reference": PRACTITIONER, "display": "Dr Morgan Invented"},
            "asserter": {"reference": PRACTITIONER, "display": "Dr Morgan Invented"},
        }
        for code, display in problems
    ]


def _episode(patient: str) -> Json:
    return {
        "resourceType": "EpisodeOfCare",
        "id": f"{patient.removeprefix('Patient/')}-episode",
        "status": "active",
        "type": [concept("788007007", "General practice service")],
        "patient": {"reference": patient},
        "managingOrganization": _practice_reference(),
        "period": {"start": "2018-01-15"},
    }


def _care_team(patient: str) -> Json:
    return {
        "resourceType": "CareTeam",
        "id": f"{patient.removeprefix('Patient/')}-team",
        "status": "active",
        "name": "Long-term conditions team",
        "subject": {"reference": patient},
        "participant": [
            {
                "role": [concept("62247001", "General practitioner")],
                "member": {"reference": PRACTITIONER},
                "onBehalfOf": _practice_reference(),
            }
        ],
        "managingOrganization": [_practice_reference()],
    }
