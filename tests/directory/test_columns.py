from collections.abc import Callable

import pytest

from cds_service.directory import Directory

Load = Callable[..., Directory]
Refuse = Callable[..., tuple[str, ...]]

PRACTICE = "Z99001,Demo Surgery,general-practice,W2U3Z,Brent,"
SYSTEM = "https://fhir.nhs.uk/Id/sds-user-id"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (",A,urgent-care,W2U3Z,,", "column ods_code: is blank."),
        ("Z9,A,urgent-care,W2U3Z,,", "column ods_code: 'Z9' is not an ODS code."),
        ("Z99-1,A,urgent-care,W2U3Z,,", "column ods_code: 'Z99-1' is not an ODS code."),
        ("Z99001,,urgent-care,W2U3Z,,", "column name: is blank."),
        ("Z99001,A\x07B,urgent-care,W2U3Z,,", "column name: 'A\\x07B' holds a character that cannot be"),
        ("Z99001,A,unknown,W2U3Z,,", "column setting: 'unknown' is not a setting."),
        ("Z99001,A,,W2U3Z,,", "column setting: is blank. Write one of: general-practice,"),
        ("Z99001,A,urgent-care,,,", "column sub_icb: is blank."),
        ("Z99001,A,urgent-care,NW London,,", "column sub_icb: 'NW London' is not an ODS code."),
        ("Z99001,A,urgent-care,W2U3Z,,PCN 1", "column pcn: 'PCN 1' is not an ODS code."),
    ],
)
def test_a_wrong_organisation_is_refused(refuse: Refuse, row: str, problem: str) -> None:
    """File, line, column, value and mend."""
    assert [
        told.removeprefix("organisations.csv, line 2, ")[: len(problem)] for told in refuse(organisations=[row])
    ] == [problem]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (",1,Z99001,2026-01-01,", "column identifier_system: is blank."),
        (
            "sds-user-id,1,Z99001,2026-01-01,",
            "column identifier_system: 'sds-user-id' is not an absolute URI.",
        ),
        (f"{SYSTEM},,Z99001,2026-01-01,", "column identifier_value: is blank."),
        (f"{SYSTEM},9.991E+11,Z99001,2026-01-01,", "column identifier_value: '9.991E+11' was shortened by a"),
        (f"{SYSTEM},1 2,Z99001,2026-01-01,", "column identifier_value: '1 2' is not a code."),
        (f"{SYSTEM},1,,2026-01-01,", "column organisation: is blank."),
        (f"{SYSTEM},1,Z99001,,", "column valid_from: is blank."),
        (f"{SYSTEM},1,Z99001,2026-02-29,", "column valid_from: '2026-02-29' is not a date."),
        (f"{SYSTEM},1,Z99001,17/11/2025,", "column valid_from: '17/11/2025' is not a date."),
        (f"{SYSTEM},1,Z99001,20251117,", "column valid_from: '20251117' is not a date."),
        (f"{SYSTEM},1,Z99001,2026-01-01,2026-W01-1", "column valid_to: '2026-W01-1' is not a date."),
        (
            f"{SYSTEM},1,Z99001,2026-01-02,2026-01-01",
            "column valid_to: '2026-01-01' is before valid_from 2026-01-02.",
        ),
    ],
)
def test_a_wrong_listing_is_refused(refuse: Refuse, row: str, problem: str) -> None:
    """A listing exempts a person, so nothing about it is guessed."""
    problems = refuse(organisations=[PRACTICE], fcp_register=[row])
    assert [told.removeprefix("fcp-register.csv, line 2, ")[: len(problem)] for told in problems] == [problem]


def test_a_spine_that_is_neither_yes_nor_no_is_refused(refuse: Refuse) -> None:
    """A word such as "lumbar" must not be read as yes."""
    (problem,) = refuse(
        fcp_register="identifier_system,identifier_value,organisation,valid_from,valid_to,spine\n"
        f"{SYSTEM},1,Z99001,2026-01-01,,lumbar\n"
    )
    assert problem == (
        "fcp-register.csv, line 2, column spine: 'lumbar' is neither yes nor no. "
        "Write yes or no, or leave the cell blank for yes."
    )


def test_a_listing_of_one_day_is_accepted(load: Load) -> None:
    """First and last day may be the same."""
    directory = load(organisations=[PRACTICE], fcp_register=[f"{SYSTEM},1,Z99001,2026-01-01,2026-01-01"])
    assert len(directory.fcp_register) == 1


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (",Brent,ces,A,,,", "column region: is blank. Write one of: nel, nwl."),
        ("ncl,,ces,A,,,", "column region: 'ncl' is not a region id. Write one of: nel, nwl."),
        (
            "nwl,,fracture,A,,,",
            "column kind: 'fracture' is not a kind of destination. Write one of: community-msk,",
        ),
        ("nwl,,ces,,,,", "column name: is blank."),
        ("nwl,,ces,A,Z9!,,", "column ods_code: 'Z9!' is not an ODS code."),
        ("nwl,,ces,A,,ask,", "column phone: 'ask' is not a telephone number."),
        ("nwl,,ces,A,,2079460001,", "column phone: '2079460001' has no leading 0 or +44."),
        ("nwl,,ces,A,,4.42079E+11,", "column phone: '4.42079E+11' was shortened by a spreadsheet."),
        ("nwl,,ces,A,,442079460001,", "column phone: '442079460001' has no leading 0 or +44."),
    ],
)
def test_a_wrong_destination_is_refused(refuse: Refuse, row: str, problem: str) -> None:
    """A wrong destination sends a patient to the wrong place."""
    assert [told.removeprefix("destinations.csv, line 2, ")[: len(problem)] for told in refuse(destinations=[row])] == [
        problem
    ]


@pytest.mark.parametrize(
    "phone",
    [
        "020 7946 0001",
        "02079460001",
        "+44 20 7946 0001",
        "(020) 7946 0001 ext. 12",
        "111",
        "111 option 2, bleep 1234",
    ],
)
def test_a_telephone_number_may_be_written_as_people_write_it(load: Load, phone: str) -> None:
    """It is shown as it was written."""
    directory = load(destinations=[f'nwl,,ces,A,,"{phone}",'])
    assert [found.phone for found in directory.destinations.values()] == [phone]


@pytest.mark.parametrize(
    "url",
    [
        "http://msk.example",
        "/msk",
        "msk.example",
        "//msk.example",
        "https://",
        "https:///path",
        "https://msk.example/a b",
        "https://user@msk.example/",
        "https://msk.example/<b>",
        "javascript:alert(1)",
        "https://[::1",
        "https://msk.example:port/",
        "https://müsk.example/",
    ],
)
def test_an_address_that_is_not_absolute_https_is_refused(refuse: Refuse, url: str) -> None:
    """A card's link opens from an EHR, so only a whole https address will do."""
    (problem,) = refuse(destinations=[f'nwl,,ces,A,,,"{url}"'])
    assert problem == (
        f"destinations.csv, line 2, column url: {url!r} is not an absolute https address. "
        "Write the whole address, beginning with https://."
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://msk.example",
        "https://msk.example/",
        "HTTPS://MSK.example:8443/a/b?c=d&e=f#g",
        "https://msk.example?x=1",
        "https://msk.example/a_(b)/~c%20d",
    ],
)
def test_an_absolute_https_address_is_accepted(load: Load, url: str) -> None:
    """It is kept as it was written."""
    directory = load(destinations=[f"nwl,,ces,A,,,{url}"])
    assert [found.url for found in directory.destinations.values()] == [url]


@pytest.mark.parametrize("column", ["as_of", "verified_on"])
def test_the_dates_of_a_destination_are_dates(refuse: Refuse, column: str) -> None:
    """A reader of the card must know how old a stated wait is."""
    (problem,) = refuse(
        destinations=f"region,borough,kind,name,ods_code,phone,url,{column}\nnwl,,ces,A,,,,October 2026\n"
    )
    assert problem.startswith(f"destinations.csv, line 2, column {column}: 'October 2026' is not a date. ")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("catalogue,K,mri,knee,A", "column system: 'catalogue' is not an absolute URI."),
        ("urn:z99,,mri,knee,A", "column code: is blank."),
        ("urn:z99,2.41E+14,mri,knee,A", "column code: '2.41E+14' was shortened by a spreadsheet."),
        ("urn:z99,K,ct,knee,A", "column modality: 'ct' is not a modality. Write one of: mri, uss, other."),
        (
            "urn:z99,K,mri,leg,A",
            "column body_region: 'leg' is not a body region. Write one of: cervical-spine,",
        ),
        ("urn:z99,K,mri,knee,", "column display: is blank."),
    ],
)
def test_a_wrong_procedure_is_refused(refuse: Refuse, row: str, problem: str) -> None:
    """A local code decides whether an order is looked at."""
    assert [told.removeprefix("procedures.csv, line 2, ")[: len(problem)] for told in refuse(procedures=[row])] == [
        problem
    ]
