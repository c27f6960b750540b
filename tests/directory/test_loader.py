from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from cds_service.directory import (
    ConfigurationError,
    Destination,
    Directory,
    LocalProcedure,
    Organisation,
    RegisterEntry,
    load_directory,
)

Load = Callable[..., Directory]
Refuse = Callable[..., tuple[str, ...]]

SYSTEM = "https://fhir.nhs.uk/Id/sds-user-id"
KEYS = {
    "organisations": "ods_code",
    "destinations": "region, borough, kind",
    "procedures": "system, code",
}
PRACTICE = "Z99001,Demo Surgery,general-practice,W2U3Z,Brent,Z99P01"


def test_an_organisation_is_read_with_its_region(load: Load) -> None:
    """The region is the footprint of the sub-ICB location."""
    assert load(organisations=[PRACTICE]).organisation("Z99001") == Organisation(
        "Z99001", "Demo Surgery", "general-practice", "W2U3Z", "nwl", "Brent", "Z99P01"
    )


@pytest.mark.parametrize(
    ("sub_icb", "region"),
    [("W2U3Z", "nwl"), ("qrv", "nwl"), (" a3a8r ", "nel"), ("QMF", "nel"), ("93C", None), ("QMJ", None)],
)
def test_a_region_is_a_footprint_and_nothing_wider(load: Load, sub_icb: str, region: str | None) -> None:
    """Legacy codes stand in for the sub-ICB location; what is in no footprint is known and outside."""
    organisation = load(organisations=[f"Z99001,Demo Surgery,general-practice,{sub_icb},,"]).organisation("Z99001")
    assert organisation is not None
    assert (organisation.region, organisation.borough, organisation.pcn) == (region, None, None)


def test_footprints_compare_without_case(write_folder: Callable[..., Path]) -> None:
    """The wiring may hand over codes and region ids as they are written in a pathway file."""
    directory = load_directory(write_folder(organisations=[PRACTICE]), {" w2u3z ": "NWL"})
    assert directory.organisations["Z99001"].region == "nwl"


def test_the_merged_icb_is_refused(refuse: Refuse) -> None:
    """It spans two footprints, so the sub-ICB location is asked for."""
    assert refuse(organisations=["Z99001,Demo Surgery,general-practice,z9b2z,,"]) == (
        (
            "organisations.csv, line 2, column sub_icb: 'z9b2z' is the merged ICB, "
            "which spans two footprints. "
            "Write the sub-ICB location instead, "
            "W2U3Z for North West London or 93C for North Central London."
        ),
    )


def test_a_listing_is_read(load: Load) -> None:
    """Several rows of one practitioner stand together; spine may be left out and is then yes."""
    directory = load(
        organisations=[PRACTICE],
        fcp_register=[f"{SYSTEM},A1,z99p01,2026-01-01,2026-06-30", f"{SYSTEM},a1,Z99001,2026-07-01,"],
    )
    assert directory.fcp_register == {
        (SYSTEM, "a1"): (
            RegisterEntry("Z99P01", date(2026, 1, 1), date(2026, 6, 30), spine=True),
            RegisterEntry("Z99001", date(2026, 7, 1), None, spine=True),
        )
    }


@pytest.mark.parametrize(("written", "spine"), [("yes", True), ("NO", False), ("no", False), ("", True), ("Yes", True)])
def test_spine_is_yes_unless_no_is_written(load: Load, written: str, spine: bool) -> None:
    """The optional column narrows a listing."""
    directory = load(
        organisations=[PRACTICE],
        fcp_register="identifier_system,identifier_value,organisation,valid_from,valid_to,spine\n"
        f"{SYSTEM},1,Z99001,2026-01-01,,{written}\n",
    )
    assert [entry.spine for entry in directory.fcp_register[SYSTEM, "1"]] == [spine]


def test_a_destination_is_read_whole(load: Load) -> None:
    """The optional columns are dates and words; blank is None."""
    directory = load(
        destinations="region,borough,kind,name,ods_code,phone,url,ers_service_id,wait,as_of,verified_by,verified_on\n"
        'NWL,Brent,Community-MSK,"Demo, MSK",z99d01,020 7946 0001,https://msk.example/a?b=c,9990001,6 weeks,'
        "2026-10-31,Demo team,2026-11-02\n"
        "nel,,ces,Demo ED,,,,,,,,\n",
    )
    assert tuple(directory.destinations.values()) == (
        Destination(
            "nwl",
            "Brent",
            "community-msk",
            "Demo, MSK",
            "Z99D01",
            "020 7946 0001",
            "https://msk.example/a?b=c",
            "9990001",
            "6 weeks",
            date(2026, 10, 31),
            "Demo team",
            date(2026, 11, 2),
        ),
        Destination("nel", None, "ces", "Demo ED"),
    )


def test_a_procedure_is_read(load: Load) -> None:
    """A local code says modality and body region."""
    directory = load(procedures=["https://z99.example/catalogue,mknee,MRI,Knee,MRI knee"])
    assert directory.procedures == {
        ("https://z99.example/catalogue", "MKNEE"): LocalProcedure("mri", "knee", "MRI knee")
    }


def test_a_quoted_line_end_in_a_name_is_a_space(load: Load) -> None:
    """A name is one line wherever it is shown."""
    directory = load(organisations=['Z99001,"Demo\r\n  Surgery",general-practice,W2U3Z,Brent,'])
    assert directory.organisations["Z99001"].name == "Demo Surgery"


def test_a_region_that_holds_no_area_on_the_day_may_be_named(
    write_folder: Callable[..., Path], footprints: dict[str, str]
) -> None:
    """One that takes an area over is prepared before, and one that gave its own up is cleared away after."""
    folder = write_folder(organisations=[PRACTICE], destinations=["wel,,ces,Demo A&E,,020 7946 0001,"])
    found = load_directory(folder, footprints, {"WEL"}).destination("wel", None, "ces")
    assert found is not None
    assert found.name == "Demo A&E"


def test_missing_optional_files_are_empty_tables(load: Load) -> None:
    """Nobody is exempt, no local service is named, no local code is known."""
    directory = load(organisations=[PRACTICE])
    assert (directory.fcp_register, directory.destinations, directory.procedures) == ({}, {}, {})


def test_columns_may_stand_in_any_order_and_case(load: Load) -> None:
    """The header names the columns; their place does not."""
    directory = load(organisations="PCN,Borough,Sub_ICB,Setting,Name,ODS_Code\n,,W2U3Z,urgent-care,Demo UTC,z99010\n")
    assert directory.organisations["Z99010"].setting == "urgent-care"


def test_organisations_csv_is_required(tmp_path: Path, footprints: dict[str, str]) -> None:
    """Without it nobody's setting is known, and a wrong folder looks just so."""
    with pytest.raises(ConfigurationError) as raised:
        load_directory(tmp_path, footprints)
    assert [str(problem) for problem in raised.value.problems] == [
        f"organisations.csv: is missing. Write it, and check that {tmp_path} is the configuration folder."
    ]


@pytest.mark.parametrize("name", ["nowhere", "organisations.csv"])
def test_a_path_that_is_no_folder_is_refused(
    write_folder: Callable[..., Path], footprints: dict[str, str], name: str
) -> None:
    """A mistyped option gives the same friendly error."""
    with pytest.raises(ConfigurationError, match=r"organisations\.csv: "):
        load_directory(write_folder() / name, footprints)


def test_every_problem_of_every_file_is_told_at_once(refuse: Refuse) -> None:
    """An ICB mends its files in one go."""
    problems = refuse(
        organisations=["Z99 01,,GP,Z9B2Z,,", PRACTICE, "z99001,Other,general-practice,W2U3Z,,"],
        fcp_register=["sds,1,Z99001,2026-02-30,01/07/2026"],
        destinations=["sel,Brent,msk,Demo,,,http://msk.example", "nwl,,ces,Demo,,none,"],
        procedures=["https://z99.example,MKNEE,ct,leg,"],
    )
    assert [problem.split(":", 1)[0] for problem in problems] == [
        "destinations.csv, line 2, column region",
        "destinations.csv, line 2, column kind",
        "destinations.csv, line 2, column url",
        "destinations.csv, line 3, column phone",
        "fcp-register.csv, line 2, column identifier_system",
        "fcp-register.csv, line 2, column valid_from",
        "fcp-register.csv, line 2, column valid_to",
        "organisations.csv, line 2, column ods_code",
        "organisations.csv, line 2, column name",
        "organisations.csv, line 2, column setting",
        "organisations.csv, line 2, column sub_icb",
        "organisations.csv, line 4, column ods_code",
        "procedures.csv, line 2, column modality",
        "procedures.csv, line 2, column body_region",
        "procedures.csv, line 2, column display",
    ]


def test_a_problem_below_a_quoted_line_end_is_told_on_its_own_line(refuse: Refuse) -> None:
    """The line is where the row begins in an editor."""
    (problem,) = refuse(organisations=['Z99001,"Demo\nSurgery",general-practice,W2U3Z,,', "", "Z99002,B,GP,W2U3Z,,"])
    assert problem.startswith("organisations.csv, line 5, column setting: 'GP' is not a setting. ")


def test_missing_columns_are_told_once_and_the_rest_is_still_checked(refuse: Refuse) -> None:
    """A file without one column may have other mistakes too."""
    problems = refuse(organisations="ods_code,name,setting,sub_icb,borough\nZ99001,A,GP,W2U3Z,\n")
    assert problems == (
        (
            "organisations.csv, line 1, column pcn: is missing from the header. "
            "Make the header line ods_code,name,setting,sub_icb,borough,pcn, separated by commas."
        ),
        (
            "organisations.csv, line 2, column setting: 'GP' is not a setting. "
            "Write one of: general-practice, urgent-care, community-msk, secondary-care."
        ),
    )


def test_a_file_separated_by_semicolons_is_refused(refuse: Refuse) -> None:
    """Every column is then missing, and each mend shows the header with commas."""
    problems = refuse(organisations="ods_code;name;setting;sub_icb;borough;pcn\n")
    assert len(problems) == 6
    assert all("separated by commas" in problem for problem in problems)


@pytest.mark.parametrize(
    ("file", "first", "second", "value"),
    [
        ("organisations", PRACTICE, " z99001 ,B,urgent-care,A3A8R,,", "'z99001' is already on line 2"),
        (
            "destinations",
            "nwl,Hammersmith & Fulham,community-msk,A,,,",
            "NWL,hammersmith and  fulham,community-msk,B,,,",
            "'NWL, hammersmith and  fulham, community-msk' is already on line 2",
        ),
        ("destinations", "nwl,,ces,A,,,", "nwl, ,CES,B,,,", "'nwl, (blank), CES' is already on line 2"),
        (
            "procedures",
            "urn:z99,mknee,mri,knee,A",
            "urn:z99,MKNEE,uss,knee,B",
            "'urn:z99, MKNEE' is already on line 2",
        ),
    ],
)
def test_no_row_may_stand_twice(refuse: Refuse, file: str, first: str, second: str, value: str) -> None:
    """Which of two was meant cannot be known, whatever the spelling."""
    (problem,) = refuse(**{file: [first, second]})
    assert f", line 3, column {KEYS[file]}: {value}. Keep one of the two rows." in problem


def test_the_same_code_in_two_systems_is_two_procedures(load: Load) -> None:
    """Code systems are compared exactly."""
    directory = load(procedures=["urn:z99:a,K,mri,knee,A", "urn:z99:A,K,uss,knee,B"])
    assert len(directory.procedures) == 2


def test_two_rows_that_are_both_blank_are_not_also_told_as_twice_the_same(refuse: Refuse) -> None:
    """One mistake is told once."""
    problems = refuse(organisations=[",A,urgent-care,W2U3Z,,", ",B,urgent-care,W2U3Z,,"])
    assert problems == tuple(
        f"organisations.csv, line {line}, column ods_code: is blank. Write 3 to 12 letters and digits, without spaces."
        for line in (2, 3)
    )


def test_the_directory_cannot_be_changed(load: Load) -> None:
    """What was read at start holds until the next start."""
    directory = load(organisations=[PRACTICE])
    with pytest.raises(TypeError):
        directory.organisations["Z99002"] = directory.organisations["Z99001"]  # type: ignore[index] # the point
    with pytest.raises(AttributeError):
        directory.warnings = ()  # type: ignore[misc] # the point
