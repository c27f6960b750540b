import re
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cds_service.cardlog import forms

SNOMED = "http://snomed.info/sct"
SENTENCE = "Ann Example rang about her knee"


@pytest.mark.parametrize("value", ["nwl.redirect", "order-sign", "0.1.0", "0.1.0+g1a2b", "gp"])
def test_a_short_identifier_is_a_token(value: str) -> None:
    """What the service makes itself is stored as it is."""
    assert forms.token(value) == value


@pytest.mark.parametrize("value", ["", SENTENCE, "Patient/123", "-x", "x" * 65, "nwl\n"])
def test_anything_else_is_no_token(value: str) -> None:
    """Text with spaces, references and over-long values are replaced, not stored."""
    assert forms.token(value) == forms.MALFORMED


@pytest.mark.parametrize("value", [None, "Hammersmith and Fulham", "King's Cross & St. Ann's (North)", "1.2"])
def test_a_name_of_the_configuration_is_a_label(value: str | None) -> None:
    """Boroughs and networks keep their names."""
    assert forms.label(value) == value


@pytest.mark.parametrize("value", ["", "two\nlines", "x" * 81, "9990000018", "no 999 000 0018", "a=b", "1980-01-31"])
def test_a_label_is_one_plain_line_without_a_personal_number(value: str) -> None:
    """What no name looks like is replaced."""
    assert forms.label(value) == forms.MALFORMED


@pytest.mark.parametrize("value", [None, "requester.organization", "requester → PractitionerRole.organization"])
def test_a_place_names_where_a_fact_was_found(value: str | None) -> None:
    """Words, dots and arrows are enough to say where."""
    assert forms.place(value) == value


@pytest.mark.parametrize("value", ["Practitioner/123", "PractitionerRole 123", "urn:uuid:4b1", ""])
def test_a_place_holds_no_reference(value: str) -> None:
    """A reference would identify the clinician."""
    assert forms.place(value) == forms.MALFORMED


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Z99001", "Z99001"),
        (" z99001 ", "Z99001"),
        ("QRV", "QRV"),
        (None, None),
        ("", None),
        ("9990000018", None),
        ("19800131", None),
        ("Larkfield Surgery", None),
        ("EXAMPLE", None),
        ("Z99001Z99001Z", None),
    ],
)
def test_only_what_looks_like_an_ods_code_is_an_organisation(value: str | None, expected: str | None) -> None:
    """A name or a number in place of the code is left out."""
    assert forms.ods_code(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("4B1D0C3E-2F7A-4C55-9C0D-0A1B2C3D4E5F", "4b1d0c3e-2f7a-4c55-9c0d-0a1b2c3d4e5f"),
        ("card-1", None),
        (SENTENCE, None),
        (None, None),
    ],
)
def test_an_id_is_a_uuid_or_nothing(value: str | None, expected: str | None) -> None:
    """Every id that the service gives out is a uuid, so anything else can be left out."""
    assert forms.uuid(value) == expected


@pytest.mark.parametrize("value", ["patient-ineligible", "A.1", "182895007", "x" * 64])
def test_a_code_is_kept_as_the_reason(value: str) -> None:
    """Codes of any system look like this."""
    assert forms.reason_code(value) == value


@pytest.mark.parametrize(
    "value",
    [None, "", SENTENCE, "x" * 65, "9990000018", "999-000-0018", "1980-01-31", "31-01-1980", "31.01.1980", "a_b"],
)
def test_what_is_not_like_a_code_is_no_reason(value: str | None) -> None:
    """A sentence, an NHS number or a date of birth sent as the code is left out."""
    assert forms.reason_code(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes",
        "http://snomed.info/sct",
        "urn:oid:2.16.840.1.113883.2.1.4.1",
    ],
)
def test_a_code_system_is_an_absolute_uri(value: str) -> None:
    """The systems in use are http addresses and oids."""
    assert forms.reason_system(value) == value


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        SENTENCE,
        "/CodeSystem/reasons",
        "https://ehr.example/reasons?patient=9990000018",
        "https://ehr.example/Patient/9990000018",
        "https://ehr.example/reasons#text",
        "https://ann@ehr.example/reasons",
        "https://ehr.example/" + "x" * 200,
    ],
)
def test_anything_else_is_no_code_system(value: str | None) -> None:
    """Relative, over-long or talkative addresses are left out."""
    assert forms.reason_system(value) is None


@pytest.mark.parametrize(
    "code",
    [
        "26604007",
        "183545006",
        "3457005",
        "4144100010",
        "411611000119102",
        "999000001800000000",
        "XR.KNEE-2",
        "MKNEE",
        "19801331",
        "18991231",
        "21010101",
        "1234-5",
    ],
)
def test_a_procedure_code_is_kept_with_its_system(code: str) -> None:
    """SNOMED CT codes of any length, ten digits that are no NHS number, eight that are no date, and local codes."""
    assert forms.procedure_code(SNOMED, code) == (SNOMED, code)


def test_blanks_around_a_procedure_code_do_not_count() -> None:
    """The lists are asked without them, too."""
    assert forms.procedure_code(SNOMED, " 26604007 ") == (SNOMED, "26604007")


@pytest.mark.parametrize(
    "code",
    [
        "",
        SENTENCE,
        "x" * 19,
        "a_b",
        "K/1",
        "26604007\n1",
        "9990000018",
        "999-000-0018",
        "999.000.0018",
        "NHS9990000018",
        "19800131",
        "1980-01-31",
        "1980.01.31",
        "31-01-1980",
        "31.01.1980",
        "DOB-19800131",
        "21001231",
    ],
)
def test_what_may_be_about_a_person_is_no_procedure_code(code: str) -> None:
    """Words, an NHS number or a date of birth in any usual form, alone or within the code."""
    assert forms.procedure_code(SNOMED, code) is None


@pytest.mark.parametrize("system", ["", "SNOMED", SENTENCE, "https://ehr.example/Patient/9990000018"])
def test_a_procedure_code_without_a_code_system_is_not_kept(system: str) -> None:
    """A code means something in its system only."""
    assert forms.procedure_code(system, "26604007") is None


@given(st.integers(0, 999_999_999))
@example(999_000_001)
def test_of_ten_digits_no_nhs_number_is_kept_and_every_other_is(first_nine: int) -> None:
    """The tenth digit tells (NHS Data Dictionary, "NHS Number"); by chance it fits one in eleven."""
    digits = f"{first_nine:09}"
    check = 11 - sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), digits, strict=True)) % 11
    for last in range(10):
        kept = forms.procedure_code(SNOMED, f"{digits}{last}") is not None
        assert kept is (last != check % 11)


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)), st.sampled_from(["%Y%m%d", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y"]))
def test_no_date_of_birth_is_kept_as_a_procedure_code(day: date, form: str) -> None:
    """Of anybody who may be alive."""
    assert forms.procedure_code(SNOMED, day.strftime(form)) is None


@given(st.text())
@example(SENTENCE)
def test_no_text_of_any_kind_passes_as_an_identifier(text: str) -> None:
    """Whatever is handed over, what is stored is one word of plain characters."""
    stored = [
        forms.token(text),
        forms.optional_token(text),
        forms.uuid(text),
        forms.ods_code(text),
        forms.reason_code(text),
        forms.reason_system(text),
        *(forms.procedure_code(SNOMED, text) or ()),
        *(forms.procedure_code(text, "26604007") or ()),
    ]

    assert [value for value in stored if value is not None and not re.fullmatch(r"[!-~]{0,200}", value)] == []
