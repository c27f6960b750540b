import pytest
from fhir_builders import NEXT_PAGE, SERVER, bundle, condition, encounter, index_of, logical, order, patient, ref, site

from cds_service.fhir.resources import ResourceIndex, is_complete_answer, same_patient
from cds_service.fhir.shapes import Json

CLINIC = site("o1", "Z99131")
URN = "urn:uuid:5f0e0ca0-5a0f-4a0e-9c2e-000000000001"
ELSEWHERE = "https://other.example/fhir"
UNUSABLE: list[object] = [None, True, 7, "text", [], [CLINIC], {}, {"resourceType": None}, {"resourceType": ["a"]}]


def entry_of(resource: Json, full_url: object) -> Json:
    """An answer with one entry that has a full URL."""
    return {"resourceType": "Bundle", "entry": [{"fullUrl": full_url, "resource": resource}]}


@pytest.mark.parametrize(
    "reference",
    [
        "Organization/o1",
        "Organization/o1/_history/3",
        f"{SERVER}/Organization/o1",
        f"{SERVER}/Organization/o1/_history/3",
    ],
)
@pytest.mark.parametrize("server", [SERVER, f"{SERVER}/"])
def test_a_resource_is_found_by_its_relative_and_its_absolute_reference(reference: str, server: str) -> None:
    """Whether or not the reference names a version, and however the base URL ends."""
    assert index_of(bundle(CLINIC), server=server).find(ref(reference)) == CLINIC


@pytest.mark.parametrize("full_url", [URN, f"{ELSEWHERE}/Organization/o1"])
def test_a_resource_is_found_by_the_full_url_of_its_entry(full_url: str) -> None:
    """A bundle may name its entries as it likes."""
    assert index_of(entry_of(CLINIC, full_url)).find(ref(full_url)) == CLINIC


def test_a_reference_may_be_given_as_text() -> None:
    """A user id of the hook is one."""
    assert index_of(CLINIC).find("Organization/o1") == CLINIC


@pytest.mark.parametrize(
    "reference",
    [
        f"{ELSEWHERE}/Organization/o1",
        f"{SERVER}2/Organization/o1",
        "Organization/o2",
        "Practitioner/o1",
        "o1",
        "Organization",
        "urn:uuid:o1",
        "urn:oid:1.2.3",
        "#o1",
        "",
        "  ",
        "/",
        "://",
        "https://",
    ],
)
def test_a_reference_that_names_nothing_that_came_finds_nothing(reference: str) -> None:
    """Another server's organisation is another organisation, whatever its id."""
    assert index_of(bundle(CLINIC)).find(ref(reference)) is None


@pytest.mark.parametrize("reference", [None, 7, [], {}, {"reference": 7}, {"reference": None}, logical("1")])
def test_a_reference_without_a_target_finds_nothing(reference: object) -> None:
    """Junk and logical references have no target."""
    assert index_of(bundle(CLINIC)).find(reference) is None


@pytest.mark.parametrize("reference", [URN, f"{ELSEWHERE}/Organization/o2", "urn:oid:1.2.3"])
def test_an_entry_with_a_blank_full_url_answers_for_nobody_else(reference: str) -> None:
    """A blank full URL is junk; it must not make of one resource the answer to every lost reference."""
    assert index_of(entry_of(CLINIC, "")).find(ref(reference)) is None


def test_a_call_without_a_server_still_tells_two_servers_apart() -> None:
    """The full URL says where the resource lives; another server's reference finds nothing."""
    index = index_of(entry_of(CLINIC, f"{SERVER}/Organization/o1"), server=None)
    assert index.find(ref(f"{ELSEWHERE}/Organization/o1")) is None


def test_a_call_without_a_server_finds_an_absolute_reference_by_full_url_alone() -> None:
    """`fhirServer` is optional; without it nobody can say whose resource a plain read brought."""
    target = ref(f"{SERVER}/Organization/o1")
    assert index_of(CLINIC, server=None).find(target) is None
    assert index_of(bundle(CLINIC), server=None).find(target) is None
    assert index_of(entry_of(CLINIC, f"{SERVER}/Organization/o1"), server=None).find(target) == CLINIC


@pytest.mark.parametrize("server", [SERVER, None])
@pytest.mark.parametrize("full_url", [f"{SERVER}/Organization/o1", f"{ELSEWHERE}/Organization/o1"])
def test_a_full_url_is_found_by_a_reference_to_one_of_its_versions(full_url: str, server: str | None) -> None:
    """R4, "Resolving references in Bundles": the version is taken off before a full URL is compared."""
    assert index_of(entry_of(CLINIC, full_url), server=server).find(ref(f"{full_url}/_history/2")) == CLINIC


def test_a_call_without_a_server_follows_relative_references() -> None:
    """They need no base."""
    assert index_of(CLINIC, server=None).find(ref("Organization/o1/_history/2")) == CLINIC


def test_a_contained_resource_is_found_in_the_resource_that_holds_it() -> None:
    """Its id counts there and nowhere else."""
    inner = condition("c1")
    holder = order(contained=["junk", None, {"id": "c0"}, inner])
    index = index_of(condition("c1", "1"), drafts=(holder,))
    assert index.find(ref("#c1"), holder=holder) == inner
    assert index.find(ref("#c1"), holder=order()) is None
    assert index.find(ref("#c1")) is None


def test_of_two_resources_with_one_name_the_first_wins() -> None:
    """The drafts are read before prefetch, prefetch in the order sent."""
    first, second, third = ({**CLINIC, "name": name} for name in ("first", "second", "third"))
    assert index_of(second, bundle(third), drafts=(first,)).find("Organization/o1") == first
    assert index_of(second, bundle(third)).find("Organization/o1") == second


def test_prefetch_brings_resources_alone_and_in_answers_under_any_key() -> None:
    """Templates differ, so the keys' names do not matter; the draft bundle is not an answer about the chart."""
    first, second, drafted = condition("c1"), condition("c2"), condition("c3")
    index = index_of(first, bundle(CLINIC, second), drafts=(drafted,))
    assert index.prefetched("Condition") == [first, second]
    assert index.prefetched("Patient") == []
    assert index.find("Condition/c3") == drafted


def test_a_resource_without_id_is_read_but_has_no_name() -> None:
    """It can be evidence; nothing can refer to it."""
    unnamed = condition("", "1") | {"id": None}
    index = index_of(unnamed)
    assert index.prefetched("Condition") == [unnamed]
    assert index.find("Condition/None") is None


@pytest.mark.parametrize("value", UNUSABLE)
def test_a_prefetch_value_that_is_no_resource_brings_nothing(value: object) -> None:
    """Null, absent and junk are the same here."""
    index = ResourceIndex({"a": value, "b": bundle(value), "c": CLINIC}, {}, SERVER)
    assert index.prefetched("Organization") == [CLINIC]


@pytest.mark.parametrize("entries", [None, "text", 7, {}, {"resource": CLINIC}, [None, "text", [CLINIC]]])
def test_a_bundle_with_junk_for_entries_brings_nothing(entries: object) -> None:
    """What is no entry is passed over."""
    junk = {"resourceType": "Bundle", "entry": entries}
    assert ResourceIndex({"a": junk}, junk, SERVER).prefetched("Organization") == []


def test_an_operation_outcome_brings_no_evidence() -> None:
    """A failed fetch tells nothing of the patient."""
    assert index_of({"resourceType": "OperationOutcome", "issue": []}).prefetched("Condition") == []


@pytest.mark.parametrize(
    "answer",
    [
        bundle(),
        bundle(condition("c1"), condition("c2")),
        {"resourceType": "Bundle"},
        {"resourceType": "Bundle", "entry": []},
        bundle(condition("c1"), total=None),
        bundle(condition("c1"), encounter("e1"), total=1),
        bundle(condition("c1"), link=[{"relation": "self", "url": SERVER}]),
    ],
)
def test_a_bundle_that_is_one_whole_page_is_a_complete_answer(answer: Json) -> None:
    """The sandbox leaves `type` and `total` out; included resources are not counted in `total`."""
    assert is_complete_answer(answer)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        True,
        7,
        "text",
        [],
        [bundle()],
        {},
        condition("c1"),
        {"resourceType": "OperationOutcome"},
        bundle(link=NEXT_PAGE),
        bundle(condition("c1"), total=2),
        bundle(total=1),
        bundle({"resourceType": "OperationOutcome"}),
        bundle(condition("c1"), {"resourceType": "OperationOutcome"}),
        bundle({}),
        bundle(None),
        bundle("text"),
        {"resourceType": "Bundle", "entry": [{}]},
        {"resourceType": "Bundle", "entry": [{"response": {"status": "404"}}]},
    ],
)
def test_anything_else_is_no_complete_answer(answer: object) -> None:
    """Null, a failure, junk or one page of several never counts as "nothing found"."""
    assert not is_complete_answer(answer)


@pytest.mark.parametrize(
    "junk",
    [
        {"entry": "text"},
        {"entry": {"resource": condition("c1")}},
        {"entry": [None]},
        {"entry": ["text", {"resource": condition("c1")}]},
        {"entry": [], "link": {"relation": "next"}},
    ],
)
def test_a_bundle_with_junk_inside_is_no_complete_answer(junk: Json) -> None:
    """What cannot be read may have been the cancer."""
    assert not is_complete_answer({"resourceType": "Bundle", **junk})


@pytest.mark.parametrize(
    ("reference", "same"),
    [
        ("Patient/p1", True),
        ("Patient/p1/_history/2", True),
        (f"{SERVER}/Patient/p1", True),
        ("Patient/p2", False),
        ("Patient/p11", False),
        (f"{SERVER}/Patient/p2", False),
        (f"{ELSEWHERE}/Patient/p1", False),
        ("Group/p1", False),
    ],
)
def test_a_reference_to_the_patient_of_the_call_is_told_from_others(reference: str, *, same: bool) -> None:
    """Another server's patient is not ours."""
    assert same_patient(ref(reference), "p1", index_of()) is same


@pytest.mark.parametrize("reference", [None, 7, "Patient/p2", [], {}, {"display": "A N Other"}, logical("1")])
def test_a_reference_that_names_nobody_does_not_contradict(reference: object) -> None:
    """What came in this patient's own answers is theirs unless it says otherwise."""
    assert same_patient(reference, "p1", index_of())


def test_a_reference_by_full_url_to_the_patient_of_the_call_is_theirs() -> None:
    """A bundle may name the Patient by a UUID; the resource behind it says who it is."""
    index = index_of(entry_of(patient(), URN))
    assert same_patient(ref(URN), "p1", index)


def test_a_reference_by_full_url_to_someone_else_is_not_theirs() -> None:
    """The same, for another patient."""
    index = index_of(entry_of({**patient(), "id": "p2"}, URN))
    assert not same_patient(ref(URN), "p1", index)


@pytest.mark.parametrize(
    ("reference", "same"),
    [
        ("Patient/p1", True),
        (f"{SERVER}/Patient/p1", True),
        (f"{ELSEWHERE}/Patient/p1/_history/2", True),
        (f"{SERVER}/Patient/p2", False),
        (f"{SERVER}/Patient/p11", False),
        (f"{SERVER}/NotPatient/p1", False),
        (f"{SERVER}/Group/p1", False),
        ("Patient/p2", False),
        (URN, False),
    ],
)
def test_without_a_server_a_reference_to_the_patient_goes_by_its_end(reference: str, *, same: bool) -> None:
    """Nobody can say whose server it names, and what is theirs must not be lost for that."""
    assert same_patient(ref(reference), "p1", index_of(patient(), server=None)) is same


def test_without_a_server_the_resource_behind_a_full_url_still_says_who_it_is() -> None:
    """It outweighs how the reference ends."""
    full_url = f"{ELSEWHERE}/Patient/p1"
    assert not same_patient(ref(full_url), "p1", index_of(entry_of({**patient(), "id": "p2"}, full_url), server=None))


@pytest.mark.parametrize(
    ("answers", "whole"),
    [
        ((), True),
        ((bundle(CLINIC),), True),
        ((CLINIC,), True),
        ((bundle(CLINIC, link=NEXT_PAGE),), False),
        ((bundle(CLINIC, total=2),), False),
        ((bundle(CLINIC), bundle(CLINIC, link=NEXT_PAGE)), False),
        ((bundle(CLINIC), bundle(encounter("e1"), link=NEXT_PAGE)), True),
    ],
)
def test_a_type_came_whole_unless_a_page_of_it_came(answers: tuple[Json, ...], *, whole: bool) -> None:
    """A resource on the next page may contradict those on this one."""
    assert index_of(*answers).came_whole("Organization") is whole
