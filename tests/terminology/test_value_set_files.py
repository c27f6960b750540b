"""The packaged data: valid FHIR, complete, and no code in two groups that mean different things."""

import re
from collections import defaultdict
from itertools import combinations
from typing import Any

import pytest
from fhir.resources.R4B.valueset import ValueSet

from cds_service.terminology.overlaps import MAY_OVERLAP

Packaged = dict[str, dict[str, Any]]

# How many codes each value set holds; they were counted against the reviewed list of codes.
COUNTS = {
    "back-pain-or-sciatica": 12,
    "haematological-malignancy": 10,
    "haematology-care": 4,
    "haematology-specialty": 5,
    "imaging-ambiguous": 6,
    "imaging-msk-mri": 61,
    "imaging-msk-mri-provisional": 6,
    "imaging-msk-us": 23,
    "imaging-non-msk": 51,
    "imaging-parent": 6,
    "ind-benign-cause": 38,
    "ind-cauda-equina": 14,
    "ind-ces-symptom-strong": 9,
    "ind-ces-symptom-weak": 5,
    "ind-cord-compression": 8,
    "ind-pain": 30,
    "ind-red-flag-symptom": 4,
    "ind-rheumatology": 4,
    "ind-sarcoma": 17,
    "ind-soft-tissue-lump": 20,
    "ind-suspected-cancer": 4,
    "ind-suspicious-pain": 1,
    "ind-urgent": 7,
    "ind-urgent-same-day": 6,
    "main-specialty": 15,
    "malignancy": 126,
    "malignancy-remission": 1,
    "metastasis": 48,
    "msk-service": 27,
    "oncology-care": 10,
    "oncology-specialty": 6,
    "override-reason": 35,
    "referral-target": 32,
    "role-sds": 55,
    "role-sds-current-system": 3,
    "role-snomed": 40,
    "servicerequest-category": 5,
    "source-of-request": 9,
    "suspected-cancer-clinic": 3,
    "treatment-function": 24,
}


def concepts(value_set: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """List a value set's concepts, each with its system."""
    return [
        (include["system"], concept) for include in value_set["compose"]["include"] for concept in include["concept"]
    ]


def codes(value_set: dict[str, Any]) -> set[tuple[str, str]]:
    """Collect a value set's codes, each with its system."""
    return {(system, concept["code"]) for system, concept in concepts(value_set)}


def empty_elements(value: object, path: str) -> list[str]:
    """List the paths of what FHIR forbids: null, and empty strings, arrays and objects."""
    if isinstance(value, dict):
        children = [found for key, child in value.items() for found in empty_elements(child, f"{path}.{key}")]
    elif isinstance(value, list):
        children = [found for child in value for found in empty_elements(child, path)]
    else:
        children = []
    return [path, *children] if value in (None, "", [], {}) else children


def test_every_value_set_holds_its_codes(packaged: Packaged) -> None:
    """No set is missing, none is new, and none lost or gained a code."""
    assert {name: len(concepts(value_set)) for name, value_set in packaged.items()} == COUNTS


@pytest.mark.parametrize("name", COUNTS)
def test_a_value_set_is_valid_fhir(packaged: Packaged, name: str) -> None:
    """Each file is a FHIR R4 ValueSet whose name a computer can use, with no empty element."""
    value_set = packaged[name]
    ValueSet.model_validate(value_set)
    assert re.fullmatch(r"[A-Z][A-Za-z0-9_]{0,254}", value_set["name"])
    assert empty_elements(value_set, name) == []


def test_every_value_set_has_a_url_of_its_own(packaged: Packaged) -> None:
    """Canonical URLs follow the ids, under a domain that is reserved for examples."""
    assert {name: value_set["url"] for name, value_set in packaged.items()} == {
        name: f"https://cds-service.example/fhir/ValueSet/{name}" for name in packaged
    }


def test_codes_are_typed_as_codes_and_sentences_as_text(packaged: Packaged) -> None:
    """Extensions use the FHIR type that their definition means."""
    text = {"concept-source", "valueset-concept-comments"}
    wrong = [
        (name, concept["code"], extension["url"])
        for name, value_set in packaged.items()
        for _, concept in concepts(value_set)
        for extension in concept["extension"]
        if ("valueString" in extension) != (extension["url"].rpartition("/")[2] in text)
    ]
    assert wrong == []


def test_displays_are_plain(packaged: Packaged) -> None:
    """A display carries no semantic tag such as "(procedure)"."""
    tagged = [
        concept["display"]
        for value_set in packaged.values()
        for _, concept in concepts(value_set)
        if re.search(r"\((procedure|disorder|finding|situation|occupation|qualifier value)\)$", concept["display"])
    ]
    assert tagged == []


def test_a_code_has_one_display(packaged: Packaged) -> None:
    """A code that stands in two sets is called the same in both."""
    displays = defaultdict(set)
    for value_set in packaged.values():
        for system, concept in concepts(value_set):
            displays[system, concept["code"]].add(concept["display"])
    assert {key: names for key, names in displays.items() if len(names) > 1} == {}


def test_no_code_stands_in_two_groups_that_mean_different_things(packaged: Packaged) -> None:
    """Two sets share a code only when the pair is listed with its reason."""
    overlaps = {
        frozenset({one.replace("-", "_"), other.replace("-", "_")})
        for one, other in combinations(packaged, 2)
        if codes(packaged[one]) & codes(packaged[other])
    }
    assert overlaps == set(MAY_OVERLAP)


def test_every_value_set_states_its_intent_or_why_not(packaged: Packaged) -> None:
    """In ECL, by codes that stand in our lists under these names; where no hierarchy states it a note says so."""
    names = {
        concept["code"]: concept["display"] for value_set in packaged.values() for _, concept in concepts(value_set)
    }
    for name, value_set in packaged.items():
        stated = {one["url"].rpartition("/")[2]: one["valueString"] for one in value_set["compose"]["extension"]}
        assert stated.keys() <= {"value-set-intent", "value-set-intent-note"}, name
        ecl = stated.get("value-set-intent", "")
        assert ecl or len(stated["value-set-intent-note"]) > 20, name
        terms = re.findall(r"(\d+) \|([^|]*)\|", ecl)
        assert dict(terms) == {code: names[code] for code, _ in terms}, name
        rest = re.sub(r"(<< )?\d+ \|[^|]*\|", "X", ecl).replace("(", "").replace(")", "")
        assert re.fullmatch(r"X( (OR|MINUS) X)*|", rest), name


@pytest.mark.parametrize(
    ("derived", "sources"),
    [
        ("back-pain-or-sciatica", {"ind-pain"}),
        ("haematological-malignancy", {"malignancy", "malignancy-remission"}),
        ("oncology-specialty", {"main-specialty", "treatment-function"}),
        ("haematology-specialty", {"main-specialty", "treatment-function"}),
    ],
)
def test_a_derived_set_adds_no_code(packaged: Packaged, derived: str, sources: set[str]) -> None:
    """A derived set is a subset of the sets that it is derived from, and gives a reason for each code."""
    origin = {key for source in sources for key in codes(packaged[source])}
    assert codes(packaged[derived]) <= origin
    without_reason = [
        concept["code"]
        for _, concept in concepts(packaged[derived])
        if not any(extension["url"].endswith("concept-comments") for extension in concept["extension"])
    ]
    assert without_reason == []


def test_only_codes_that_no_list_confirms_are_provisional(packaged: Packaged) -> None:
    """The provisional codes are the six MRI codes and the reference set, and nothing else."""
    provisional = {
        (name, concept["code"])
        for name, value_set in packaged.items()
        for _, concept in concepts(value_set)
        for extension in concept["extension"]
        if extension.get("valueCode") == "provisional"
    }
    mri = {"241643001", "241644007", "241642006", "241648005", "241647000", "241637003"}
    assert provisional == {("imaging-msk-mri-provisional", code) for code in mri} | {
        ("imaging-parent", "999001111000000105")
    }


def test_no_cpt_code_is_packaged(packaged: Packaged) -> None:
    """CPT belongs to the American Medical Association: it comes from a site's own catalogue only."""
    systems = {system for value_set in packaged.values() for system, _ in concepts(value_set)}
    assert not {system for system in systems if "ama-assn" in system}
