"""Answers in which cancer may stand where the service cannot read it: never "none" (fact 2)."""

import pytest
from fhir_builders import CATALOGUE, SERVER, TERMINOLOGY, bundle, concept, condition, ref, status
from oncology_builders import (
    BONE_METASTASIS,
    BREAST_CANCER,
    EMPTY,
    KNEE_ARTHRITIS,
    LYMPHOMA,
    MEDICAL_ONCOLOGY,
    OTHERS,
    PHYSIOTHERAPY,
    attendance,
    cancer,
    episode,
    oncology,
    status_of,
    team,
)

from cds_service.fhir.oncology import PATIENT_IN_ANOTHER_FORM, read_oncology
from cds_service.fhir.problem_list import read_problems
from cds_service.fhir.resources import ResourceIndex
from cds_service.fhir.shapes import Json
from cds_service.pathway.facts import Oncology

ICD = "http://hl7.org/fhir/sid/icd-10"
FUNCTION = "https://fhir.nhs.uk/CodeSystem/NHSDataModelAndDictionary-treatment-function"

OTHER_FORMS = [
    "https://internal.ehr.example/fhir/Patient/p1",
    "https://internal.ehr.example/fhir/Patient/77",
    f"{SERVER}/other/Patient/p1",
    "urn:uuid:5f0e0ca0-5a0f-4a0e-9c2e-000000000001",
    "#patient",
    "patient/p1",
    "p1",
    "Person/9",
]
"""References that nobody can hold against `Patient/p1` of the call's own server."""


@pytest.mark.parametrize("form", OTHER_FORMS)
@pytest.mark.parametrize(
    ("key", "evidence"),
    [
        ("conditions", cancer()),
        ("conditions", cancer(BONE_METASTASIS)),
        ("pastConditions", cancer(clinical="resolved")),
        ("episodes", episode()),
        ("careTeams", team()),
        ("encounter", attendance()),
    ],
)
def test_cancer_of_a_patient_named_in_another_form_is_never_none(key: str, evidence: Json, form: str) -> None:
    """A proxy in front, another base: a search for this patient brought it, so it may be theirs."""
    element = "patient" if evidence["resourceType"] == "EpisodeOfCare" else "subject"
    found = status_of({**EMPTY, key: bundle(evidence | {element: ref(form)})})
    assert (found.value, found.evidence) == (Oncology.UNKNOWN, PATIENT_IN_ANOTHER_FORM)
    assert len(found.shown_by) == 1


@pytest.mark.parametrize("server", [SERVER, None])
def test_cancer_of_another_patient_is_still_anothers(server: str | None) -> None:
    """A lenient server may answer with far too much; by a Patient that came, too."""
    own = {"resourceType": "Patient", "id": "p2"}
    named = {"fullUrl": "https://other.example/fhir/Patient/p2", "resource": own}
    patients = {"resourceType": "Bundle", "entry": [named]}
    for subject in (OTHERS, ref("Patient/p2/_history/4"), ref("https://other.example/fhir/Patient/p2")):
        prefetch = {**EMPTY, "conditions": bundle(cancer(subject=subject)), "others": patients}
        index = ResourceIndex(prefetch, {}, server)
        status = read_oncology("p1", read_problems(index, TERMINOLOGY), index, TERMINOLOGY)
        assert status.value is Oncology.NONE


def test_what_is_known_outweighs_a_patient_in_another_form() -> None:
    """It can only add to a cancer or to care that was found."""
    unclear = cancer(subject=ref(OTHER_FORMS[0]))
    assert oncology(conditions=bundle(unclear, cancer(clinical="resolved"))) is Oncology.PAST
    assert oncology(conditions=bundle(unclear), episodes=bundle(episode())) is Oncology.UNDER_CARE


@pytest.mark.parametrize("form", OTHER_FORMS)
def test_what_is_no_cancer_may_name_anybody(form: str) -> None:
    """Arthritis, a cancer that was refuted, and physiotherapy say nothing of cancer, whoever's they are."""
    elsewhere = ref(form)
    refuted = cancer(subject=elsewhere, verificationStatus=status("refuted"))
    answers = {
        "conditions": bundle(condition("c2", KNEE_ARTHRITIS, subject=elsewhere), refuted),
        "episodes": bundle(episode(PHYSIOTHERAPY, patient=elsewhere)),
    }
    assert oncology(**answers) is Oncology.NONE


IN_ANOTHER_CODE: dict[str, Json] = {
    "ICD-10": concept("C79.5", system=ICD),
    "Read": concept("B34..", system="http://read.info/readv2", text="Malignant neoplasm of breast"),
    "a local code": concept("CA1", system=CATALOGUE),
    "two of them": {"coding": [*concept("C50.9", system=ICD)["coding"], {"system": CATALOGUE, "code": "CA1"}]},
    "no system": {"coding": [{"code": BREAST_CANCER}]},
}


@pytest.mark.parametrize("key", ["conditions", "pastConditions"])
@pytest.mark.parametrize("code", IN_ANOTHER_CODE.values(), ids=IN_ANOTHER_CODE.keys())
def test_a_problem_without_a_snomed_code_leaves_it_unknown(key: str, code: Json) -> None:
    """The lists know no other system, so it may be the cancer."""
    found = status_of({**EMPTY, key: bundle(condition("c1", KNEE_ARTHRITIS), condition("c2") | {"code": code})})
    assert (found.value, found.evidence) == (Oncology.UNKNOWN, "a problem without a SNOMED CT code")


def test_a_problem_with_a_snomed_code_beside_another_can_be_read() -> None:
    """Two codes of one problem mean the same."""
    both = {"coding": [*concept("M17.9", system=ICD)["coding"], *concept(KNEE_ARTHRITIS)["coding"]]}
    assert oncology(conditions=bundle(condition("c1") | {"code": both})) is Oncology.NONE


UNREAD_SERVICES: dict[str, Json] = {
    "words": {"text": "Medical oncology"},
    "a local code": concept("ONC", system=CATALOGUE, text="Oncology"),
    "nothing": {},
}


@pytest.mark.parametrize("service", UNREAD_SERVICES.values(), ids=UNREAD_SERVICES.keys())
def test_an_active_episode_whose_service_cannot_be_read_leaves_it_unknown(service: Json) -> None:
    """It may be oncology's."""
    found = status_of({**EMPTY, "episodes": bundle(episode(service))})
    expected = (Oncology.UNKNOWN, "care whose service is in no code that can be read")
    assert (found.value, found.evidence) == expected
    assert oncology(episodes=bundle(episode(type=None))) is Oncology.UNKNOWN


@pytest.mark.parametrize(
    "episodes",
    [
        [episode(PHYSIOTHERAPY)],
        [episode(concept("110", system=FUNCTION))],
        [episode(type=[{"text": "words"}, PHYSIOTHERAPY])],
        [episode(UNREAD_SERVICES["words"], status="finished")],
        [episode(UNREAD_SERVICES["words"], patient=OTHERS)],
    ],
)
def test_an_episode_of_another_service_of_another_patient_or_that_is_over_is_none(episodes: list[Json]) -> None:
    """A service that the code names is that service."""
    assert oncology(episodes=bundle(*episodes)) is Oncology.NONE


LOINC = concept("LA28865-6", system="http://loinc.org", text="Longitudinal care-coordination focused care team")
ORDINARY_TEAMS = [
    team(participant=[{"role": [{"text": "Named nurse"}]}]),
    team(participant=None, name="Primary care team"),
    team(participant=None, category=[LOINC]),
    team(participant=None, category=[PHYSIOTHERAPY]),
    team(participant=None, category=[{}]),
    team(participant=[{"role": [concept("62247001")]}], category=[LOINC, concept("110", system=FUNCTION)]),
]


@pytest.mark.parametrize("ordinary", ORDINARY_TEAMS)
def test_an_ordinary_care_team_is_none(ordinary: Json) -> None:
    """Names and roles are mostly words, and LOINC says what a team is for: else every patient would be unknown."""
    assert oncology(careTeams=bundle(ordinary)) is Oncology.NONE


@pytest.mark.parametrize("category", [UNREAD_SERVICES["words"], UNREAD_SERVICES["a local code"]])
def test_a_care_team_whose_category_cannot_be_read_leaves_it_unknown(category: Json) -> None:
    """Where it says its kind, it may be oncology's; beside another category and any role."""
    unread = team(participant=[{"role": [concept("62247001")]}], category=[LOINC, category])
    assert oncology(careTeams=bundle(unread)) is Oncology.UNKNOWN
    assert oncology(careTeams=bundle(unread | {"status": "inactive"})) is Oncology.NONE
    assert oncology(careTeams=bundle(unread | {"subject": OTHERS})) is Oncology.NONE
    assert oncology(careTeams=bundle(team(category=[category]))) is Oncology.UNDER_CARE


def test_an_encounter_in_words_is_no_reason_for_doubt() -> None:
    """It is the contact of this call, and mostly of a local type; "none" does not ask for one."""
    seen = attendance(serviceType={"text": "Surgery"}, type=[concept("FTF", system=CATALOGUE)])
    assert oncology(encounter=bundle(seen)) is Oncology.NONE


def test_what_is_known_outweighs_what_cannot_be_read() -> None:
    """It can only add to a cancer or to care that was found."""
    unread = {"episodes": bundle(episode(UNREAD_SERVICES["words"]))}
    assert oncology(**unread, conditions=bundle(cancer(LYMPHOMA))) is Oncology.ACTIVE
    assert (
        oncology(episodes=bundle(episode(UNREAD_SERVICES["words"]), episode(MEDICAL_ONCOLOGY))) is Oncology.UNDER_CARE
    )


ONCOLOGY_IN_WORDS = {
    "its name": {"name": "Breast ONCOLOGY MDT"},
    "a role": {"participant": [{"role": [{"text": "Cancer nurse specialist"}]}]},
    "a member": {"participant": [{"member": {"display": "Macmillan team"}}]},
    "on behalf of": {"participant": [{"onBehalfOf": {"display": "Chemotherapy day unit"}}]},
    "its organisation": {"managingOrganization": [{"display": "Demo Radiotherapy Centre"}]},
    "its reason": {"reasonCode": [concept(BREAST_CANCER)]},
    "its reason in words": {"reasonCode": [{"text": "breast cancer"}]},
}


@pytest.mark.parametrize("words", ONCOLOGY_IN_WORDS.values(), ids=ONCOLOGY_IN_WORDS.keys())
def test_a_care_team_that_speaks_of_cancer_is_never_none(words: Json) -> None:
    """Nor is it care by oncology, which needs a code; another patient's says nothing."""
    spoken = team(**{"participant": [], **words})
    assert status_of({**EMPTY, "careTeams": bundle(spoken)}).value is Oncology.UNKNOWN
    assert status_of({**EMPTY, "careTeams": bundle(spoken | {"status": "inactive"})}).value is Oncology.NONE
    assert status_of({**EMPTY, "careTeams": bundle(spoken | {"subject": ref("Patient/p2")})}).value is Oncology.NONE


@pytest.mark.parametrize("name", ["District nurses", "Oncall team", 7, None])
def test_a_care_team_of_other_words_leaves_none(name: object) -> None:
    """Most teams are known by words alone."""
    assert status_of({**EMPTY, "careTeams": bundle(team(participant=[], name=name))}).value is Oncology.NONE


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("planned", Oncology.UNKNOWN),
        ("waitlist", Oncology.UNKNOWN),
        ("onhold", Oncology.UNKNOWN),
        ("finished", Oncology.NONE),
        ("cancelled", Oncology.NONE),
        ("entered-in-error", Oncology.NONE),
    ],
)
def test_an_oncology_episode_to_come_is_never_none(status: str, expected: Oncology) -> None:
    """It has not begun, or rests: no current care, and no "no cancer" either; past care says nothing."""
    assert status_of({**EMPTY, "episodes": bundle(episode(status=status))}).value is expected
