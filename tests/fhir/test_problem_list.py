import pytest
from fhir_builders import SERVER, TERMINOLOGY, bundle, condition, ref, status

from cds_service.fhir.problem_list import Problem, holds_an_emergency, read_problems
from cds_service.fhir.resources import ResourceIndex
from cds_service.fhir.shapes import Json

CAUDA_EQUINA = "192970008"
CORD_COMPRESSION = "71286001"
BACK_PAIN = "161891005"


def holds(*problems: Json) -> bool:
    """Whether a problem list with these Conditions holds an emergency of patient p1."""
    index = ResourceIndex({"conditions": bundle(*problems)}, {}, SERVER)
    return holds_an_emergency(read_problems(index, TERMINOLOGY), "p1", index)


@pytest.mark.parametrize("code", [CAUDA_EQUINA, CORD_COMPRESSION])
@pytest.mark.parametrize(
    "elements",
    [
        {"clinicalStatus": status("active")},
        {"clinicalStatus": status("recurrence")},
        {"clinicalStatus": None},
        {"clinicalStatus": status("active"), "verificationStatus": status("provisional")},
        {"clinicalStatus": status("active"), "subject": ref("urn:uuid:00000000-0000-4000-8000-000000000001")},
    ],
    ids=["active", "recurring", "of no status", "provisional", "of nobody can tell whom"],
)
def test_an_emergency_that_may_be_the_patients_and_present_is_one(code: str, elements: Json) -> None:
    """What is not known raises a concern: the card then says so, and no more."""
    assert holds(condition("a", BACK_PAIN), condition("b", code, **elements))


@pytest.mark.parametrize(
    "elements",
    [
        {"clinicalStatus": status("resolved")},
        {"clinicalStatus": status("inactive")},
        {"clinicalStatus": status("remission")},
        {"verificationStatus": status("refuted")},
        {"verificationStatus": status("entered-in-error")},
        {"subject": ref("Patient/p2")},
    ],
    ids=["resolved", "inactive", "in remission", "refuted", "entered in error", "another patient's"],
)
def test_what_is_over_untrue_or_anothers_is_none(elements: Json) -> None:
    """Nothing is said of it."""
    assert not holds(condition("b", CAUDA_EQUINA, **elements))


def test_other_problems_are_none() -> None:
    """Back pain, and what is in no code."""
    assert not holds(condition("a", BACK_PAIN), condition("b", CAUDA_EQUINA, code={"text": "Cauda equina syndrome"}))


def test_each_problem_has_its_codings_with_their_value_sets() -> None:
    """Read once, for the history of cancer and for emergencies."""
    problem = condition("b", CAUDA_EQUINA)
    index = ResourceIndex({"conditions": bundle(problem)}, {}, SERVER)

    assert read_problems(index, TERMINOLOGY) == [
        Problem(problem, [("http://snomed.info/sct", CAUDA_EQUINA, frozenset({"ind_cauda_equina"}))])
    ]
