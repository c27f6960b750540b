"""Current care by an oncology service: where it shows, and when haematology counts."""

import pytest
from fhir_builders import bundle, concept, status
from oncology_builders import (
    BREAST_CANCER,
    EMPTY,
    HAEMATOLOGY,
    HAEMATOLOGY_SPECIALTY,
    JUNK,
    LYMPHOMA,
    MEDICAL_ONCOLOGY,
    MYELOMA_IN_REMISSION,
    ONCOLOGY_FUNCTION,
    OTHERS,
    SEEN_IN_ONCOLOGY,
    attendance,
    cancer,
    episode,
    oncology,
    status_of,
    team,
)

from cds_service.fhir.shapes import Json
from cds_service.pathway.facts import Oncology


@pytest.mark.parametrize(
    ("answers", "evidence"),
    [
        ({"episodes": bundle(episode())}, "EpisodeOfCare"),
        ({"episodes": bundle(episode(ONCOLOGY_FUNCTION))}, "EpisodeOfCare"),
        ({"careTeams": bundle(team())}, "CareTeam"),
        ({"careTeams": bundle(team(status=None))}, "CareTeam"),
        ({"careTeams": bundle(team(category=[MEDICAL_ONCOLOGY], participant=None))}, "CareTeam"),
        ({"encounter": bundle(attendance())}, "Encounter"),
        ({"encounter": attendance(serviceType=None, type=[SEEN_IN_ONCOLOGY])}, "Encounter"),
    ],
)
def test_current_oncology_care_is_under_care(answers: Json, evidence: str) -> None:
    """EpisodeOfCare, CareTeam or Encounter of an oncology service; it outranks any problem list."""
    with_past_cancer = {**EMPTY, "pastConditions": bundle(cancer(clinical="resolved")), **answers}
    status = status_of(with_past_cancer)
    assert (status.value, status.evidence) == (Oncology.UNDER_CARE, evidence)
    assert [shown["resourceType"] for shown in status.shown_by] == [evidence]
    assert status_of(answers).value is Oncology.UNDER_CARE


@pytest.mark.parametrize(
    "answers",
    [
        {"episodes": bundle(episode(status="finished"))},
        {"episodes": bundle(episode(status="cancelled"))},
        {"episodes": bundle(episode(status="entered-in-error"))},
        {"episodes": bundle(episode(status=None))},
        {"careTeams": bundle(team(status="inactive"))},
        {"careTeams": bundle(team(status="proposed"))},
        {"careTeams": bundle(team(status="entered-in-error"))},
        {"encounter": bundle(attendance(status="finished"))},
        {"encounter": bundle(attendance(status="cancelled"))},
        {"encounter": bundle(attendance(status="entered-in-error"))},
    ],
)
def test_care_that_has_ended_or_not_begun_is_not_under_care(answers: Json) -> None:
    """Nobody is there to refer back to; the problem list then decides."""
    assert oncology(**answers) is Oncology.NONE
    assert oncology(**answers, conditions=bundle(cancer())) is Oncology.ACTIVE


@pytest.mark.parametrize(
    "answers",
    [
        {"episodes": bundle(episode(HAEMATOLOGY))},
        {"episodes": bundle(episode(HAEMATOLOGY_SPECIALTY))},
        {"careTeams": bundle(team(participant=[{"role": [concept("309347007")]}]))},
        {"encounter": bundle(attendance(serviceType=HAEMATOLOGY))},
    ],
)
@pytest.mark.parametrize(
    ("problems", "expected"),
    [
        ((), Oncology.NONE),
        ((cancer(BREAST_CANCER),), Oncology.ACTIVE),
        ((cancer(BREAST_CANCER, "resolved"),), Oncology.PAST),
        ((cancer(LYMPHOMA),), Oncology.UNDER_CARE),
        ((cancer(LYMPHOMA, "resolved"),), Oncology.UNDER_CARE),
        ((cancer(MYELOMA_IN_REMISSION),), Oncology.UNDER_CARE),
        ((cancer(LYMPHOMA, verificationStatus=status("refuted")),), Oncology.NONE),
        ((cancer(LYMPHOMA, subject=OTHERS),), Oncology.NONE),
    ],
)
def test_haematology_counts_only_with_a_haematological_malignancy(
    answers: Json, problems: tuple[Json, ...], expected: Oncology
) -> None:
    """A haematologist treats anaemia as well."""
    assert oncology(**answers, conditions=bundle(*problems)) is expected


ELEMENTS = ["status", "type", "category", "participant", "serviceType", "code", "subject", "patient"]


@pytest.mark.parametrize("kind", ["EpisodeOfCare", "CareTeam", "Encounter"])
@pytest.mark.parametrize("value", JUNK)
@pytest.mark.parametrize("element", ELEMENTS)
def test_junk_in_an_element_of_care_is_no_evidence_and_no_failure(kind: str, element: str, value: object) -> None:
    """Whatever a client sends, never a 5xx."""
    junk = {"resourceType": kind, "id": "x1", element: value}
    assert oncology(encounter=bundle(junk)) is Oncology.NONE
