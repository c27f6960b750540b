from typing import Any

import pytest
from fhir_builders import (
    CAUDA_EQUINA,
    NEXT_PAGE,
    SERVER,
    TERMINOLOGY,
    bundle,
    concept,
    condition,
    encounter,
    ref,
    status,
)
from hypothesis import given
from hypothesis import strategies as st

from cds_service.fhir.oncology import ONCOLOGY_PREFETCH, OncologyStatus, read_oncology
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


def oncology(**answers: Any) -> Oncology:  # noqa: ANN401 - any JSON
    """The value read from four empty answers, replaced or added to as the keywords say."""
    return status_of({**EMPTY, **answers}).value


def status_of(prefetch: Json) -> OncologyStatus:
    """What a whole prefetch is read to mean."""
    return read_oncology(prefetch, "p1", ResourceIndex(prefetch, {}, SERVER), TERMINOLOGY)


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


def test_none_is_said_only_of_a_complete_and_empty_answer_from_all_four_places() -> None:
    """And the evidence says so."""
    assert status_of(EMPTY) == OncologyStatus(Oncology.NONE, "problem list, episodes and care teams")


def test_other_conditions_and_other_care_are_none() -> None:
    """Knee arthritis and physiotherapy are no cancer."""
    answers = {
        "conditions": bundle(condition("c1", KNEE_ARTHRITIS), condition("c2", CAUDA_EQUINA)),
        "episodes": bundle(episode(PHYSIOTHERAPY)),
        "careTeams": bundle(team(participant=[{"role": [concept("36682004")]}])),
    }
    assert oncology(**answers) is Oncology.NONE


NO_ANSWER: dict[str, object] = {
    "null": None,
    "outcome": {"resourceType": "OperationOutcome", "issue": []},
    "page": bundle(link=NEXT_PAGE),
    "part": bundle(total=3),
    "failed entry": bundle({"resourceType": "OperationOutcome"}),
    "text": "junk",
    "array": [],
    "resource": condition("c1", KNEE_ARTHRITIS),
}


@pytest.mark.parametrize("key", ONCOLOGY_PREFETCH)
@pytest.mark.parametrize("answer", NO_ANSWER.values(), ids=NO_ANSWER.keys())
def test_one_place_that_did_not_answer_leaves_it_unknown(key: str, answer: object) -> None:
    """Null, a failure, one page of several and junk are no answer."""
    assert status_of({**EMPTY, key: answer}) == OncologyStatus(Oncology.UNKNOWN, "not all sources answered")


@pytest.mark.parametrize("key", ONCOLOGY_PREFETCH)
def test_an_absent_key_is_never_read_as_none(key: str) -> None:
    """The sandbox leaves a key out when the fetch failed."""
    assert status_of({name: answer for name, answer in EMPTY.items() if name != key}).value is Oncology.UNKNOWN


def test_no_prefetch_at_all_is_unknown() -> None:
    """No data is unknown."""
    assert status_of({}).value is Oncology.UNKNOWN


@pytest.mark.parametrize("code", [BREAST_CANCER, BONE_METASTASIS, EWING_SARCOMA, LYMPHOMA, MYELOMA])
@pytest.mark.parametrize("clinical", ["active", "recurrence", "relapse", None])
def test_a_cancer_on_the_problem_list_is_active(code: str, clinical: str | None) -> None:
    """Malignancy, metastasis or sarcoma; without a status it is not known to be over."""
    assert oncology(conditions=bundle(cancer(code, clinical))) is Oncology.ACTIVE


@pytest.mark.parametrize("code", [BREAST_CANCER, BONE_METASTASIS, EWING_SARCOMA, LYMPHOMA])
@pytest.mark.parametrize("clinical", ["resolved", "inactive", "remission"])
def test_a_cancer_that_is_over_is_past(code: str, clinical: str) -> None:
    """Whichever key brought it."""
    over = bundle(cancer(code, clinical))
    assert [oncology(pastConditions=over), oncology(conditions=over)] == [Oncology.PAST, Oncology.PAST]


@pytest.mark.parametrize("clinical", ["active", "remission", None])
def test_a_code_that_says_remission_is_past(clinical: str | None) -> None:
    """Multiple myeloma in remission, whatever its status says."""
    assert oncology(conditions=bundle(cancer(MYELOMA_IN_REMISSION, clinical))) is Oncology.PAST


def test_active_outranks_past() -> None:
    """A second cancer, or the first come back."""
    answers = {
        "conditions": bundle(cancer()),
        "pastConditions": bundle({**cancer(LYMPHOMA, "resolved"), "id": "c2"}),
    }
    assert oncology(**answers) is Oncology.ACTIVE


def test_a_suspected_cancer_on_the_problem_list_is_no_cancer_history() -> None:
    """Only malignancy, metastasis and sarcoma count there."""
    assert oncology(conditions=bundle(cancer(SUSPECTED_CANCER))) is Oncology.NONE


@pytest.mark.parametrize("verification", ["refuted", "entered-in-error"])
def test_a_cancer_that_was_ruled_out_does_not_count(verification: str) -> None:
    """Neither as active nor as past."""
    ruled_out = bundle(cancer(verificationStatus=status(verification)))
    assert oncology(conditions=ruled_out) is Oncology.NONE


@pytest.mark.parametrize("key", ONCOLOGY_PREFETCH)
def test_what_was_found_counts_though_other_places_did_not_answer(key: str) -> None:
    """A cancer on one page is a cancer."""
    assert status_of({key: bundle(cancer(), link=NEXT_PAGE)}) == OncologyStatus(Oncology.ACTIVE, "problem list")


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
    assert status_of(with_past_cancer) == OncologyStatus(Oncology.UNDER_CARE, evidence)
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


@pytest.mark.parametrize(
    "answers",
    [
        {"conditions": bundle(cancer(subject=OTHERS))},
        {"pastConditions": bundle(cancer(clinical="resolved", subject=OTHERS))},
        {"episodes": bundle(episode(patient=OTHERS))},
        {"careTeams": bundle(team(subject=OTHERS))},
        {"encounter": bundle(attendance(subject=OTHERS))},
    ],
)
def test_another_patients_resources_do_not_count(answers: Json) -> None:
    """A lenient server may answer with far too much."""
    assert oncology(**answers) is not Oncology.ACTIVE
    assert oncology(**answers) not in {Oncology.PAST, Oncology.UNDER_CARE}


@pytest.mark.parametrize("kind", ["EpisodeOfCare", "CareTeam", "Encounter", "Condition"])
@pytest.mark.parametrize("value", [None, 7, "text", [], ["active"], [[]], {}, {"coding": 7}, [{"coding": [[]]}]])
@pytest.mark.parametrize("element", ["status", "type", "category", "participant", "serviceType", "code", "subject"])
def test_junk_in_an_element_is_no_evidence_and_no_failure(kind: str, element: str, value: object) -> None:
    """Whatever a client sends, never a 5xx."""
    junk = {"resourceType": kind, "id": "x1", element: value}
    assert oncology(encounter=bundle(junk)) is Oncology.NONE


PIECES = st.sampled_from(
    [
        cancer(),
        cancer(clinical="resolved"),
        cancer(subject=OTHERS),
        cancer(verificationStatus=status("refuted")),
        condition("c1", KNEE_ARTHRITIS),
        episode(),
        episode(status="finished"),
        team(),
        team(subject=OTHERS),
        episode(HAEMATOLOGY),
    ]
)
RANK = [Oncology.PAST, Oncology.ACTIVE, Oncology.UNDER_CARE]


def rank(value: Oncology) -> int:
    """How much cancer a value states; none and unknown state nothing."""
    return RANK.index(value) if value in RANK else -1


@given(pieces=st.lists(PIECES, max_size=4), more=PIECES)
def test_more_evidence_never_lowers_what_is_known(pieces: list[Json], more: Json) -> None:
    """Under care outranks active, active outranks past, and any of them outranks none."""
    fewer = oncology(conditions=bundle(*pieces))
    assert rank(oncology(conditions=bundle(*pieces, more))) >= rank(fewer)
