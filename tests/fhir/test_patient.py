from datetime import date, timedelta

import pytest
from fhir_builders import (
    DIRECTORY,
    NEL,
    NWL,
    TODAY,
    UNLISTED,
    bundle,
    by_ods,
    index_of,
    organization,
    patient,
    practitioner,
    ref,
    role,
)
from hypothesis import given
from hypothesis import strategies as st

from cds_service.fhir.patient import Home, find_patient, read_age, read_home
from cds_service.fhir.shapes import Json
from cds_service.pathway.facts import OUTSIDE


def age(birth_date: object, today: date = TODAY) -> int | None:
    """The age read from a Patient with this birth date."""
    return read_age(patient(birthDate=birth_date), today)


@pytest.mark.parametrize(
    ("birth_date", "expected"),
    [
        ("1979-04-12", 47),
        ("2010-11-21", 16),
        ("2010-11-22", 15),
        ("2010-11-20", 16),
        ("2008-11-21", 18),
        ("2008-11-22", 17),
        ("2025-11-21", 1),
        ("2025-11-22", 0),
        ("2026-11-21", 0),
        ("1926-11-22", 99),
        (" 1979-04-12 ", 47),
    ],
)
def test_age_is_counted_in_whole_years_to_the_birthday(birth_date: str, expected: int) -> None:
    """On the birthday itself the year is full."""
    assert age(birth_date) == expected


@pytest.mark.parametrize(
    ("today", "expected"),
    [(date(2026, 2, 28), 17), (date(2026, 3, 1), 18), (date(2028, 2, 28), 19), (date(2028, 2, 29), 20)],
)
def test_someone_born_on_a_leap_day_is_a_year_older_in_march(today: date, expected: int) -> None:
    """In a year without a 29 February the birthday is 1 March."""
    assert age("2008-02-29", today) == expected


@pytest.mark.parametrize(
    ("birth_date", "expected"),
    [
        ("1979", 46),
        ("1979-04", 47),
        ("1979-11", 46),
        ("2012", 13),
        ("2015-02", 11),
        ("2007", 18),
        ("2010-10", 16),
        ("2010-12", 15),
        ("2008-12", 17),
        ("2024-12", 1),
        ("2026-10", 0),
        ("2026-11", 0),
        ("2026", 0),
    ],
)
def test_a_partial_date_gives_the_lower_age_where_no_rule_is_left_open(birth_date: str, expected: int) -> None:
    """Adult or child is settled, and that is what the rules ask."""
    assert age(birth_date) == expected


@pytest.mark.parametrize(
    "birth_date",
    ["2010", "2010-11", "2009", "2009-11", "2008", "2008-11"],
)
def test_a_partial_date_across_an_age_at_which_a_rule_changes_is_unknown(birth_date: str) -> None:
    """16, and the 17 or 18 at which a region may set its adults."""
    assert age(birth_date) is None


@pytest.mark.parametrize("birth_date", ["2025", "2025-11"])
def test_a_partial_date_across_the_first_birthday_alone_is_a_child_of_one_year(birth_date: str) -> None:
    """Not known would be taken for an adult's, and 0 silence the scan of a hip that may be no screening."""
    assert age(birth_date) == 1


@pytest.mark.parametrize(
    ("birth_date", "expected"),
    [
        ("1896-11-21", 130),
        ("1895-11-22", 130),
        ("1895-11-21", None),
        ("1896", 129),
        ("1895", None),
        ("0001-01-01", None),
    ],
)
def test_an_age_past_130_is_taken_for_a_mistake(birth_date: str, expected: int | None) -> None:
    """A date of the wrong century is no adult's."""
    assert age(birth_date) == expected


@pytest.mark.parametrize("birth_date", ["2026-11-22", "2026-12", "2027", "9999-12-31", "9999-12", "9999"])
def test_a_birth_date_to_come_is_unknown(birth_date: str) -> None:
    """It is wrong, and not a newborn's."""
    assert age(birth_date) is None


@pytest.mark.parametrize(
    "birth_date",
    [
        None,
        1979,
        True,
        [],
        {},
        "",
        "  ",
        "unknown",
        "12/04/1979",
        "1979-13",
        "1979-02-30",
        "1979-00-01",
        "1979-04-00",
        "0000",
        "-1979",
        "1979-",
        "1979-04-12-01",
        "1979-04-12T00:00:00Z",
        "\uff11\uff19\uff17\uff19-\uff10\uff14-\uff11\uff12",
        "1979 -04-12",
        "\u00b2\u2070\u2070\u2070",
    ],
)
def test_a_birth_date_that_is_none_is_unknown(birth_date: object) -> None:
    """Missing age never deletes (fact 2)."""
    assert age(birth_date) is None


@pytest.mark.parametrize(
    "birth_date", ["99999", "9999999999", "1" * 20, "9" * 5000, "1979-" + "1" * 30, "1979-1-" + "9" * 5000]
)
def test_a_birth_date_with_too_many_digits_is_unknown_and_no_failure(birth_date: str) -> None:
    """Whatever a client sends, never a 5xx."""
    assert age(birth_date) is None


@pytest.mark.parametrize("birth_date", ["79", "197", "1979-4-12", "1979-04-1", "79-04-12"])
def test_a_birth_date_in_another_form_is_unknown(birth_date: str) -> None:
    """A FHIR date has four, two and two digits; the year 79 would make anyone an adult."""
    assert age(birth_date) is None


def test_no_patient_has_no_age() -> None:
    """The key was absent, or it held someone else."""
    assert read_age(None, TODAY) is None


@given(born=st.dates(date(1900, 1, 1), TODAY), days=st.integers(0, 40_000))
def test_age_never_falls_as_days_go_by(born: date, days: int) -> None:
    """And is never negative."""
    today = min(TODAY, born + timedelta(days=days))
    earlier, later = age(born.isoformat(), today), age(born.isoformat(), today + timedelta(days=1))
    assert earlier is not None
    assert later is not None
    assert 0 <= earlier <= later <= earlier + 1


@given(born=st.dates(date(1900, 1, 1), TODAY), cut=st.sampled_from([4, 7]))
def test_a_partial_date_never_puts_anyone_on_the_wrong_side_of_a_rule(born: date, cut: int) -> None:
    """It says the same of 16, 17 and 18 as the whole date, or nothing, and of nobody past the first birthday 0."""
    whole, partial = age(born.isoformat()), age(born.isoformat()[:cut])
    assert whole is not None
    if partial is not None:
        assert [partial >= limit for limit in (16, 17, 18)] == [whole >= limit for limit in (16, 17, 18)]
        assert partial >= 1 or whole == 0


def test_only_the_patient_of_the_call_is_read() -> None:
    """Another patient's resource is not."""
    other = {**patient(), "id": "p2"}
    assert find_patient("p1", index_of(other)) is None
    assert find_patient("p1", index_of(bundle(other, patient()))) == patient()
    assert find_patient("p1", index_of({**patient(), "id": None})) is None


def test_a_patient_among_the_drafts_is_not_read() -> None:
    """Only prefetch brings the chart."""
    assert find_patient("p1", index_of(drafts=(patient(),))) is None


def practice(*resources: Json, **elements: object) -> Home:
    """The area of the registered practice of a patient with these elements."""
    return read_home(patient(**elements), index_of(*resources), DIRECTORY)


GP_ROLE = role("r1", ref("Practitioner/a"), ref("Organization/o1"))
SURGERY = organization("o1", "Z99101")


IN_NEWHAM = Home(sent=True, region=NEL, borough="Newham")
NOT_PLACED = Home(sent=True)
NONE_SENT = Home(sent=False)


@pytest.mark.parametrize(
    ("reference", "resources"),
    [
        (by_ods("Z99101"), ()),
        (by_ods(" z99101 "), ()),
        (ref("Organization/o1"), (SURGERY,)),
        (ref("PractitionerRole/r1"), (GP_ROLE, SURGERY)),
    ],
)
def test_the_registered_practice_is_found_by_its_code_or_through_the_doctors_role(
    reference: Json, resources: tuple[Json, ...]
) -> None:
    """A11; the three kinds of general practitioner that FHIR allows, as far as they name a practice."""
    assert practice(*resources, generalPractitioner=[reference]) == IN_NEWHAM


@pytest.mark.parametrize("elements", [{}, {"generalPractitioner": []}, {"generalPractitioner": ["junk", 7, {}]}])
def test_the_managing_organisation_stands_in_where_no_general_practitioner_is_named(elements: Json) -> None:
    """Domain.md §2.2, 5."""
    assert practice(managingOrganization=by_ods("Z99101"), **elements) == IN_NEWHAM


@pytest.mark.parametrize(
    ("code", "expected"), [("Z99001", Home(sent=True, region=NWL, borough="Brent")), (UNLISTED, NOT_PLACED)]
)
def test_the_general_practitioner_goes_before_the_managing_organisation(code: str, expected: Home) -> None:
    """A trust may manage the record; a patient of a practice that is not listed need not live near it."""
    assert practice(generalPractitioner=[by_ods(code)], managingOrganization=by_ods("Z99130")) == expected


@pytest.mark.parametrize(
    "elements",
    [
        {},
        {"generalPractitioner": None},
        {"generalPractitioner": by_ods("Z99101")},
        {"generalPractitioner": ["junk", 7, {}]},
        {"generalPractitioner": [ref("Practitioner/a")]},
        {"managingOrganization": [by_ods("Z99101")]},
        {"managingOrganization": {}},
    ],
)
def test_a_patient_of_whom_no_practice_is_named_has_none(elements: Json) -> None:
    """Absent, junk, or a doctor without a role."""
    assert practice(practitioner("a"), **elements) == NONE_SENT


@pytest.mark.parametrize(
    "elements",
    [
        {"generalPractitioner": [ref("Practitioner/lost")]},
        {"generalPractitioner": [ref("Practitioner/lost", type="Practitioner", display="Dr A Example")]},
        {"generalPractitioner": [ref("https://other.example/fhir/Practitioner/a")]},
    ],
)
def test_a_doctor_who_did_not_come_names_no_practice_either(elements: Json) -> None:
    """`Patient/…` is a plain read, so the doctor behind the reference never comes; a doctor is not an organisation."""
    assert practice(**elements) == NONE_SENT


@pytest.mark.parametrize(
    "elements",
    [
        {"generalPractitioner": [by_ods(UNLISTED)]},
        {"generalPractitioner": [ref("Organization/lost")]},
        {"generalPractitioner": [ref("PractitionerRole/lost")]},
        {"managingOrganization": by_ods(UNLISTED)},
    ],
)
def test_a_practice_that_was_named_but_is_not_listed_is_told_from_none(elements: Json) -> None:
    """It may be anywhere, so the client's default must not stand in for it (fact 4)."""
    assert practice(**elements) == NOT_PLACED


def test_a_practice_in_no_footprint_is_known_to_be_outside() -> None:
    """Camden is in the merged ICB and in no pathway's footprint."""
    assert practice(generalPractitioner=[by_ods("Z99201")]) == Home(sent=True, region=OUTSIDE, borough="Camden")


def test_two_names_for_one_practice_are_one_practice() -> None:
    """The role and the organisation are often both sent."""
    both = [ref("PractitionerRole/r1"), by_ods("Z99101")]
    assert practice(GP_ROLE, SURGERY, generalPractitioner=both) == IN_NEWHAM


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (("Z99101", "Z99102"), IN_NEWHAM),
        (("Z99101", "Z99110"), Home(sent=True, region=NEL)),
        (("Z99101", "Z99001"), NOT_PLACED),
        (("Z99101", "Z99201"), NOT_PLACED),
    ],
)
def test_of_several_practices_that_is_kept_on_which_they_agree(codes: tuple[str, ...], expected: Home) -> None:
    """One borough, one region of two boroughs, two regions, one region and none."""
    for stated in (codes, codes[::-1]):
        assert practice(generalPractitioner=[by_ods(code) for code in stated]) == expected


def test_a_practice_of_nobody_is_none() -> None:
    """No Patient came."""
    assert read_home(None, index_of(SURGERY), DIRECTORY) == NONE_SENT


@pytest.mark.parametrize("element", ["birthDate", "generalPractitioner", "managingOrganization"])
def test_copies_of_the_patient_that_differ_in_what_is_read_are_none(element: str) -> None:
    """Nobody can tell which is meant: age and practice are unknown, which deletes nothing (fact 2)."""
    changed = {"birthDate": "2015-01-01", "generalPractitioner": [by_ods("Z99201")]}.get(element, by_ods("Z99201"))

    assert find_patient("p1", index_of(bundle(patient(), {**patient(), element: changed}))) is None


def test_copies_of_the_patient_that_differ_elsewhere_are_one() -> None:
    """An EHR may send a shorter copy under another key."""
    copies = bundle(patient(), {**patient(), "meta": {"versionId": "2"}})

    assert find_patient("p1", index_of(copies)) == patient()
