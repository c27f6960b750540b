"""The fixtures are valid R4, hang together, and belong to nobody."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fhir.resources.R4B import get_fhir_model_class

from fhir_fixtures import expectations, hook_call, resources

RESOURCES = resources()
CALLS = sorted({row.file for row in expectations()})
VALID_CALLS = [file for file in CALLS if not file.startswith("sandbox/")]
"""The sandbox's own Bundles and drafts are invalid R4, and so are their copies."""

REQUIRED_VALUES = {
    "Bundle": {"type": "searchset collection", "entry.search.mode": "match include outcome"},
    "CapabilityStatement": {
        "status": "draft active retired unknown",
        "kind": "instance capability requirements",
        "fhirVersion": "4.0.1",
        "rest.mode": "client server",
        "rest.resource.interaction.code": "read search-type",
        "rest.resource.versioning": "no-version versioned versioned-update",
        "rest.resource.searchParam.type": "token reference",
    },
    "CareTeam": {"status": "proposed active suspended inactive entered-in-error"},
    "Condition": {
        "clinicalStatus.coding.code": "active recurrence relapse inactive remission resolved",
        "verificationStatus.coding.code": "unconfirmed provisional differential confirmed refuted",
        "category.coding.code": "problem-list-item encounter-diagnosis",
    },
    "Encounter": {
        "status": "planned arrived triaged in-progress onleave finished cancelled entered-in-error unknown",
        "class.code": "AMB EMER FLD HH IMP ACUTE NONAC OBSENC PRENC SS VR",
    },
    "EpisodeOfCare": {"status": "planned waitlist active onhold finished cancelled entered-in-error"},
    "MedicationRequest": {
        "status": "active on-hold cancelled completed entered-in-error stopped draft unknown",
        "intent": "proposal plan order original-order reflex-order filler-order instance-order option",
    },
    "Organization": {
        "telecom.system": "phone fax email pager url sms other",
        "telecom.use": "home work temp old mobile",
        "address.use": "home work temp old billing",
    },
    "Patient": {"gender": "male female other unknown", "name.use": "usual official"},
    "Practitioner": {"name.use": "usual official"},
    "PractitionerRole": {},
    "ServiceRequest": {
        "status": "draft active on-hold revoked completed entered-in-error unknown",
        "intent": "proposal plan directive order original-order reflex-order filler-order option",
        "priority": "routine urgent asap stat",
    },
}
"""For each coded element in use, the R4 value set (or the part fit for us); `fhir.resources` checks none."""


def names(resource: dict[str, Any]) -> str:
    """`Type/id`."""
    return f"{resource['resourceType']}/{resource['id']}"


BY_REFERENCE = {names(resource): resource for resource in RESOURCES}


def objects(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - any JSON
    """Every JSON object in a value, itself included."""
    if isinstance(value, dict):
        yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from objects(child)


def values_at(value: Any, path: str) -> Iterator[Any]:  # noqa: ANN401 - any JSON
    """The values at a dotted path; arrays are looked through."""
    if isinstance(value, list):
        for item in value:
            yield from values_at(item, path)
    elif not path:
        yield value
    elif isinstance(value, dict):
        head, _, rest = path.partition(".")
        if head in value:
            yield from values_at(value[head], rest)


def emptinesses(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    """The members and items that hold nothing: null, "", [] or {}."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [child for child in children if child in (None, "", [], {})] + [
        empty for child in children for empty in emptinesses(child)
    ]


def wrong_values(resource: dict[str, Any]) -> list[str]:
    """Coded values outside R4's value sets, in the resource and those within it."""
    return [
        f"{one['resourceType']}.{path}: {value}"
        for one in objects(resource)
        if "resourceType" in one
        for path, allowed in REQUIRED_VALUES[one["resourceType"]].items()
        for value in values_at(one, path)
        if value not in allowed.split()
    ]


def assert_r4(resource: dict[str, Any]) -> None:
    """The resource is valid R4: structure, required value sets, nothing empty."""
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    assert wrong_values(resource) == []
    assert emptinesses(resource) == []


@pytest.mark.parametrize("resource", RESOURCES, ids=names)
def test_a_resource_is_valid_r4(resource: dict[str, Any]) -> None:
    """Structure by `fhir.resources`, value sets and emptiness by ourselves."""
    assert_r4(resource)


@pytest.mark.parametrize("file", VALID_CALLS)
def test_the_bundles_of_a_hook_call_are_valid_r4(file: str) -> None:
    """The draft orders and each prefetched value."""
    call = hook_call(file)

    assert_r4(call["context"]["draftOrders"])
    for value in call["prefetch"].values():
        assert_r4(value)


def test_the_capability_statement_is_valid_r4(fhir: httpx.Client) -> None:
    """What the server says of itself."""
    assert_r4(fhir.get("metadata").json())


def test_every_resource_claims_its_uk_core_profile() -> None:
    """UK Core has a profile for each type in use."""
    profiles = {one["resourceType"]: one["meta"]["profile"] for one in RESOURCES}

    assert profiles == {each: [f"https://fhir.hl7.org.uk/StructureDefinition/UKCore-{each}"] for each in profiles}


def test_a_condition_that_has_abated_is_not_active() -> None:
    """R4 invariant con-4, which `fhir.resources` does not check."""
    conditions = [one for one in RESOURCES if one["resourceType"] == "Condition"]

    abated = {one["clinicalStatus"]["coding"][0]["code"] for one in conditions if "abatementDateTime" in one}
    assert abated <= {"inactive", "remission", "resolved"}


def test_every_reference_resolves() -> None:
    """Between resources, and from hook calls to resources or to their own drafts."""
    dangling = []
    for holder in [*RESOURCES, *map(hook_call, CALLS)]:
        own = {names(one) for one in objects(holder) if "resourceType" in one and "id" in one}
        references = {one["reference"] for one in objects(holder) if isinstance(one.get("reference"), str)}
        dangling += sorted(references - own - BY_REFERENCE.keys())

    assert dangling == []


def test_a_reference_names_the_type_and_the_identifier_of_its_target() -> None:
    """A reader may follow either, and must arrive at the same resource."""
    wrong = []
    for one in objects(RESOURCES):
        if isinstance(one.get("reference"), str):
            target = BY_REFERENCE[one["reference"]]
            if one.get("type", target["resourceType"]) != target["resourceType"]:
                wrong.append(one)
            if "identifier" in one and one["identifier"] not in target["identifier"]:
                wrong.append(one)

    assert wrong == []


def test_a_logical_reference_has_a_target() -> None:
    """A reference by identifier alone names a practitioner or organisation of the fixtures."""
    known = [identifier for one in RESOURCES for identifier in one.get("identifier", [])]
    logical = [
        one["identifier"]
        for one in objects([*RESOURCES, *map(hook_call, CALLS)])
        if isinstance(one.get("identifier"), dict) and "reference" not in one
    ]

    assert logical
    assert [identifier for identifier in logical if identifier not in known] == []


def test_every_patient_has_a_given_and_a_family_name() -> None:
    """The sandbox's picker falls over on a patient without `name[0].given`."""
    patients = [one for one in RESOURCES if one["resourceType"] == "Patient"]

    assert all(one["name"][0]["given"] and one["name"][0]["family"] for one in patients)


def test_nhs_numbers_are_distinct_valid_and_never_issued() -> None:
    """From the 999 range, with the check digit of modulus 11."""
    numbers = [
        identifier["value"]
        for one in objects([RESOURCES, *map(hook_call, CALLS)])
        if one.get("resourceType") == "Patient"
        for identifier in one["identifier"]
    ]
    own = [one["identifier"][0]["value"] for one in RESOURCES if one["resourceType"] == "Patient"]

    assert [number for number in numbers if not number.startswith("999") or not is_nhs_number(number)] == []
    assert len(own) == len(set(own))


def is_nhs_number(number: str) -> bool:
    """Ten digits, the last of which makes the sum weighted 10 to 1 divisible by 11."""
    weighted = sum(int(digit) * weight for digit, weight in zip(number, range(10, 0, -1), strict=True))
    return weighted % 11 == 0


def test_ods_codes_are_plainly_invented() -> None:
    """They start with Z99, and so does no organisation of ours that is real."""
    codes = [
        one["value"]
        for one in objects([RESOURCES, *map(hook_call, CALLS)])
        if one.get("system", "").startswith("https://fhir.nhs.uk/Id/ods-")
    ]

    assert {code for code in codes if not re.fullmatch("Z99[0-9]{3}", code)} == set()


def test_every_snomed_code_has_its_check_digit() -> None:
    """A mistyped identifier fails here (Verhoeff)."""
    codes = {
        one["code"]
        for one in objects([RESOURCES, *map(hook_call, CALLS)])
        if one.get("system") == "http://snomed.info/sct"
    }

    assert {code for code in codes if not has_verhoeff_digit(code)} == set()


def has_verhoeff_digit(code: str) -> bool:
    """Verhoeff's check over the dihedral group of order ten."""
    permuted = [int(digit) for digit in "1576283094"]
    check = 0
    for position, digit in enumerate(reversed(code)):
        value = int(digit)
        for _ in range(position % 8):
            value = permuted[value]
        check = dihedral(check, value)
    return check == 0


def dihedral(left: int, right: int) -> int:
    """The product of two symmetries of the pentagon: rotations are 0 to 4, reflections 5 to 9."""
    if left < 5:
        return (left + right) % 5 + (5 if right >= 5 else 0)
    return (left - right) % 5 + (5 if right < 5 else 0)


def test_a_sds_user_id_belongs_to_one_practitioner() -> None:
    """The register of assured practitioners is keyed by it."""
    ids = [one["identifier"][0]["value"] for one in RESOURCES if one["resourceType"] == "Practitioner"]

    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("practitioner", "sds_user_id", "ods_code"),
    [
        ("nel-fcp-assured", "999100000101", "Z99101"),
        ("nel-fcp-expired", "999100000102", "Z99101"),
        ("nel-fcp-not-spine", "999100000103", "Z99102"),
        ("nel-fcp-unlisted", "999100000104", "Z99101"),
        ("nwl-fcp-unlisted", "999100000105", "Z99001"),
    ],
)
def test_first_contact_practitioners_are_who_the_demo_register_means(
    practitioner: str, sds_user_id: str, ods_code: str
) -> None:
    """Their ids and practices are what the demo's `fcp-register.csv` lists or leaves out."""
    role = BY_REFERENCE[f"PractitionerRole/role-{practitioner}"]
    person = BY_REFERENCE[role["practitioner"]["reference"]]
    organisation = BY_REFERENCE[role["organization"]["reference"]]

    assert role["code"][0]["coding"][0]["code"] == "R9806"
    assert person["identifier"][0]["value"] == sds_user_id
    assert organisation["identifier"][0]["value"] == ods_code
