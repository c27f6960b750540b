import pytest
from fhir_builders import CAUDA_EQUINA, NEXT_PAGE, SNOMED, bundle, concept, condition, status
from hypothesis import given
from hypothesis import strategies as st
from oncology_builders import (
    BONE_METASTASIS,
    BREAST_CANCER,
    EMPTY,
    EWING_SARCOMA,
    HAEMATOLOGY,
    JUNK,
    KNEE_ARTHRITIS,
    LYMPHOMA,
    MYELOMA,
    MYELOMA_IN_REMISSION,
    OTHERS,
    PHYSIOTHERAPY,
    SUSPECTED_CANCER,
    attendance,
    cancer,
    episode,
    oncology,
    status_of,
    team,
)

from cds_service.fhir.oncology import ONCOLOGY_PREFETCH, OncologyStatus
from cds_service.fhir.shapes import Json
from cds_service.pathway.facts import Oncology


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


def test_what_shows_a_cancer_is_kept_with_it() -> None:
    """The active ones where there are any, else the past ones; else the problems that nobody coded."""
    active, past = cancer(), cancer(clinical="resolved")
    uncoded = {"resourceType": "Condition", "code": {"text": "words"}}
    answers = {**EMPTY, "conditions": bundle(active, uncoded), "pastConditions": bundle(past)}
    assert status_of(answers).shown_by == (active,)
    assert status_of({**answers, "conditions": bundle(uncoded)}).shown_by == (past,)
    assert status_of({**EMPTY, "conditions": bundle(uncoded)}).shown_by == (uncoded,)
    assert status_of(EMPTY).shown_by == ()


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
    status = status_of({key: bundle(cancer(), link=NEXT_PAGE)})
    assert (status.value, status.evidence) == (Oncology.ACTIVE, "problem list")


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


@pytest.mark.parametrize("value", JUNK)
@pytest.mark.parametrize("element", ["clinicalStatus", "verificationStatus", "subject", "code", "category"])
def test_junk_in_an_element_of_a_condition_is_no_failure(element: str, value: object) -> None:
    """Beside the element that it spoils the cancer is still one; where the code is spoilt nobody knows."""
    expected = Oncology.UNKNOWN if element == "code" else Oncology.ACTIVE
    assert oncology(conditions=bundle(cancer() | {element: value})) is expected


WITHOUT_A_CODE: dict[str, object] = {
    "absent": None,
    "words": {"text": "breast cancer 2019"},
    "display": {"coding": [{"system": SNOMED, "display": "Malignant neoplasm of breast"}]},
    "empty": {"coding": [{}]},
    "blank": {"coding": [{"system": SNOMED, "code": " "}]},
}


@pytest.mark.parametrize("key", ["conditions", "pastConditions"])
@pytest.mark.parametrize("code", WITHOUT_A_CODE.values(), ids=WITHOUT_A_CODE.keys())
def test_a_problem_without_a_code_leaves_it_unknown(key: str, code: object) -> None:
    """It may be the cancer, and words are not read: "none" would need to know what it is."""
    problems = bundle(condition("c1", KNEE_ARTHRITIS), condition("c2") | {"code": code})
    status = status_of({**EMPTY, key: problems})
    assert (status.value, status.evidence) == (Oncology.UNKNOWN, "a problem without a SNOMED CT code")


def test_what_is_known_outweighs_a_problem_without_a_code() -> None:
    """It can only add to a cancer or to care that was found."""
    unread = condition("c2") | {"code": {"text": "lump"}}
    assert oncology(conditions=bundle(unread, cancer())) is Oncology.ACTIVE
    assert oncology(conditions=bundle(unread), pastConditions=bundle(cancer(clinical="resolved"))) is Oncology.PAST
    assert oncology(conditions=bundle(unread), episodes=bundle(episode())) is Oncology.UNDER_CARE


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"clinicalStatus": {"coding": [{"code": "resolved"}]}}, Oncology.PAST),
        ({"clinicalStatus": {"coding": [{"code": "active"}]}}, Oncology.ACTIVE),
        ({"verificationStatus": {"coding": [{"code": "refuted"}]}}, Oncology.NONE),
        ({"verificationStatus": {"coding": [{"code": "confirmed"}]}}, Oncology.ACTIVE),
    ],
)
def test_a_status_counts_without_its_system(elements: Json, expected: Oncology) -> None:
    """FHIR fixes the codes that may stand there, so each means one thing."""
    assert oncology(conditions=bundle(cancer(**elements))) is expected


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
