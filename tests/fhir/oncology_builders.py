"""Cancers and oncology care of patient p1, and what a prefetch with them is read to mean."""

from typing import Any

from fhir_builders import SERVER, TERMINOLOGY, bundle, concept, condition, encounter, ref, status

from cds_service.fhir.oncology import ONCOLOGY_PREFETCH, OncologyStatus, read_oncology
from cds_service.fhir.problem_list import read_problems
from cds_service.fhir.resources import ResourceIndex
from cds_service.fhir.shapes import Json
from cds_service.pathway.facts import Oncology

BREAST_CANCER = "254837009"
BONE_METASTASIS = "94222008"
EWING_SARCOMA = "424952003"
LYMPHOMA = "118600007"
MYELOMA = "109989006"
MYELOMA_IN_REMISSION = "94704006"
KNEE_ARTHRITIS = "239873007"
SUSPECTED_CANCER = "162572001"

MEDICAL_ONCOLOGY = concept("892571000000101")
ONCOLOGIST = concept("310512001")
SEEN_IN_ONCOLOGY = concept("185270007")
ONCOLOGY_FUNCTION = concept("800", system="https://fhir.nhs.uk/CodeSystem/NHSDataModelAndDictionary-treatment-function")
HAEMATOLOGY = concept("892761000000102")
HAEMATOLOGY_SPECIALTY = concept("303", system="https://fhir.hl7.org.uk/CodeSystem/UKCore-PracticeSettingCode")
PHYSIOTHERAPY = concept("699650006")

OTHERS = ref("Patient/p2")
EMPTY: Json = {key: bundle() for key in ONCOLOGY_PREFETCH}
"""All four places answered, and nothing was there."""

JUNK: list[object] = [None, 7, "text", [], ["active"], [[]], {}, {"coding": 7}, [{"coding": [[]]}]]
"""What may stand in place of an element."""


def oncology(**answers: Any) -> Oncology:  # noqa: ANN401 - any JSON
    """The value read from four empty answers, replaced or added to as the keywords say."""
    return status_of({**EMPTY, **answers}).value


def status_of(prefetch: Json) -> OncologyStatus:
    """What a whole prefetch is read to mean."""
    index = ResourceIndex(prefetch, {}, SERVER)
    return read_oncology("p1", read_problems(index, TERMINOLOGY), index, TERMINOLOGY)


def cancer(code: str = BREAST_CANCER, clinical: str | None = "active", **elements: object) -> Json:
    """A cancer on the problem list."""
    stated = status(clinical) if clinical is not None else None
    return condition("c1", code, **{"clinicalStatus": stated, **elements})


def episode(kind: object = MEDICAL_ONCOLOGY, **elements: object) -> Json:
    """An active EpisodeOfCare of patient p1."""
    stated = {"status": "active", "type": [kind], "patient": ref("Patient/p1")}
    return {"resourceType": "EpisodeOfCare", "id": "e1", **stated, **elements}


def team(**elements: object) -> Json:
    """An active CareTeam of patient p1, with an oncologist unless said otherwise."""
    stated = {"status": "active", "participant": [{"role": [ONCOLOGIST]}], "subject": ref("Patient/p1")}
    return {"resourceType": "CareTeam", "id": "t1", **stated, **elements}


def attendance(**elements: Any) -> Json:  # noqa: ANN401 - any JSON
    """A current Encounter of patient p1 with medical oncology."""
    return encounter("e1", **{"serviceType": MEDICAL_ONCOLOGY, "subject": ref("Patient/p1"), **elements})
