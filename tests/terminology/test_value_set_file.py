import json
from typing import Any

import pytest

from cds_service.terminology.value_set_file import Concept, ValueSetError, concept_element, read_value_set
from cds_service.terminology.value_sets import packaged_value_sets

OURS = "https://cds-service.example/fhir/StructureDefinition/"
STATUS = {"url": OURS + "concept-status", "valueCode": "verified"}
SOURCE = {"url": OURS + "concept-source", "valueString": "A published list"}
MODALITY = {"url": OURS + "imaging-modality", "valueCode": "mri"}
BODY_REGION = {"url": OURS + "imaging-body-region", "valueCode": "knee"}


def a_concept(code: str = "241641004", *extensions: dict[str, str]) -> dict[str, Any]:
    """Build a concept; without extensions it gets a status and a source."""
    return {"code": code, "display": "MRI of knee", "extension": list(extensions or (STATUS, SOURCE))}


def a_value_set(*concepts: dict[str, Any], **changes: object) -> bytes:
    """Build the file of a SNOMED CT value set, with the fields that a test changes."""
    value_set = {
        "resourceType": "ValueSet",
        "id": "some-scans",
        "url": "https://cds-service.example/fhir/ValueSet/some-scans",
        "version": "1.0.0",
        "name": "SomeScans",
        "title": "Some scans",
        "status": "draft",
        "date": "2026-11-21",
        "publisher": "Somebody",
        "description": "Scans of some kind.",
        "compose": {"include": [{"system": "http://snomed.info/sct", "concept": list(concepts)}]},
    }
    return json.dumps({**value_set, **changes}).encode()


def test_a_concept_is_read_with_what_it_means() -> None:
    """Status, source, modality and body region come from the extensions."""
    content = a_value_set(a_concept("241641004", MODALITY, BODY_REGION, STATUS, SOURCE))
    value_set = read_value_set("some-scans.json", content)
    assert value_set.group == "some_scans"
    assert value_set.concepts == (
        Concept(
            system="http://snomed.info/sct",
            code="241641004",
            display="MRI of knee",
            provisional=False,
            sources=("A published list",),
            modality="mri",
            body_region="knee",
        ),
    )


def test_a_concept_that_is_written_is_read_back_as_the_same() -> None:
    """Every packaged one of SNOMED CT: procedures, roles, provisional codes."""
    for packaged in packaged_value_sets():
        snomed = tuple(one for one in packaged.concepts if one.system == "http://snomed.info/sct")
        if snomed:
            written = a_value_set(*(concept_element(one) for one in snomed))
            assert read_value_set("some-scans.json", written).concepts == snomed


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "some-scans.json: file: Invalid JSON"),
        (a_value_set(), "compose.include.0.concept: "),
        (a_value_set(a_concept(), colour="blue"), "colour: Extra inputs are not permitted"),
        (a_value_set(a_concept(), title=""), "title: String should have at least 1 character"),
        (a_value_set(a_concept(), title=" padded"), "title: String should match pattern"),
        (a_value_set(a_concept(), id="others"), "id is 'others'. Name the file after the id"),
        (a_value_set(a_concept(), url="https://elsewhere.example"), "url is 'https://elsewhere.example'"),
        (a_value_set(a_concept(), a_concept()), "code '241641004' stands twice"),
        (a_value_set(a_concept("241641005")), "code '241641005' has a wrong check digit"),
        (a_value_set(a_concept("241641004", SOURCE)), "lacks its source or status"),
        (a_value_set(a_concept("241641004", STATUS)), "lacks its source or status"),
        (a_value_set(a_concept("241641004", STATUS, STATUS, SOURCE)), "concept-status' twice"),
        (
            a_value_set(a_concept("241641004", MODALITY, STATUS, SOURCE)),
            "only one of modality and body region",
        ),
        (
            a_value_set(a_concept("241641004", {**BODY_REGION, "valueCode": "nee"}, MODALITY, STATUS, SOURCE)),
            "has 'nee' in",
        ),
        (
            a_value_set(a_concept("241641004", {"url": OURS + "shape", "valueCode": "round"}, STATUS, SOURCE)),
            "unknown extension",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_what_to_mend(content: bytes, message: str) -> None:
    """Each slip in a value set stops the start, and the message names file and place."""
    with pytest.raises(ValueSetError) as raised:
        read_value_set("some-scans.json", content)
    assert str(raised.value).startswith("some-scans.json: ")
    assert message in str(raised.value)


def test_a_code_outside_snomed_ct_needs_no_check_digit() -> None:
    """Only SNOMED CT identifiers carry one."""
    include = {"system": "https://codes.example/roles", "concept": [a_concept("R0260")]}
    value_set = read_value_set("some-scans.json", a_value_set(compose={"include": [include]}))
    assert [concept.code for concept in value_set.concepts] == ["R0260"]
