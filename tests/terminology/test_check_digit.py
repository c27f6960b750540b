from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.terminology.check_digit import concept_id_fault, is_concept_id
from cds_service.terminology.vocabulary import SNOMED

WELL_FORMED = ["192970008", "241641004", "394451000119106", "2951000087104", "16846261000119106", "6077001"]


def snomed_codes(packaged: dict[str, dict[str, Any]]) -> list[str]:
    """Collect the SNOMED CT codes of every packaged value set."""
    return [
        concept["code"]
        for value_set in packaged.values()
        for include in value_set["compose"]["include"]
        if include["system"] == SNOMED
        for concept in include["concept"]
    ]


def test_every_packaged_snomed_code_has_a_right_check_digit(packaged: dict[str, dict[str, Any]]) -> None:
    """No SNOMED CT code in the value sets lost or changed a digit."""
    faults = {code: concept_id_fault(code) for code in snomed_codes(packaged)}
    assert {code: fault for code, fault in faults.items() if fault} == {}


@pytest.mark.parametrize("code", WELL_FORMED)
def test_a_well_formed_identifier_has_no_fault(code: str) -> None:
    """Short and long identifiers pass."""
    assert concept_id_fault(code) is None


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (
            "30367100",
            "is too short to hold the namespace that its partition announces",
        ),  # cut in a published list
        ("16342871000119100", "has a wrong check digit"),  # rounded by a spreadsheet in a published list
        ("192970009", "has a wrong check digit"),
        ("", "has a character that is not a digit"),
        ("192970008 ", "has a character that is not a digit"),
        ("19297000B", "has a character that is not a digit"),
        ("١٩٢٩٧٠٠٠٨", "has a character that is not a digit"),
        ("12008", "has 5 digits, not 6 to 18"),
        ("1234567890123456789", "has 19 digits, not 6 to 18"),
        ("092970008", "starts with a zero"),
        ("192970016", "has partition 01, which is not a concept's"),  # a description
        ("192970020", "has partition 02, which is not a concept's"),  # a relationship
    ],
)
def test_a_broken_identifier_is_told_its_fault(code: str, fault: str) -> None:
    """A truncated, rounded or mistyped identifier fails, and the fault is named."""
    assert concept_id_fault(code) == fault


@given(st.sampled_from(WELL_FORMED), st.data())
def test_any_single_changed_digit_is_caught(code: str, data: st.DataObject) -> None:
    """Verhoeff's digit catches every mistyped single digit."""
    place = data.draw(st.integers(0, len(code) - 1))
    digit = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != code[place]]))
    assert not is_concept_id(code[:place] + digit + code[place + 1 :])


@given(st.sampled_from(WELL_FORMED), st.data())
def test_any_two_neighbours_changed_over_are_caught(code: str, data: st.DataObject) -> None:
    """Verhoeff's digit catches every swap of two different neighbours."""
    place = data.draw(st.sampled_from([place for place in range(len(code) - 1) if code[place] != code[place + 1]]))
    assert not is_concept_id(code[:place] + code[place + 1] + code[place] + code[place + 2 :])


@given(st.text(max_size=30))
def test_no_text_raises(text: str) -> None:
    """Whatever arrives is judged, not thrown back."""
    assert is_concept_id(text) == (concept_id_fault(text) is None)
