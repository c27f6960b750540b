from datetime import date, timedelta

import pytest

from cds_service.directory.checking import check_directory
from cds_service.directory.errors import Findings
from cds_service.directory.loader import load_directory
from cds_service.directory.tables import FCP_REGISTER, read_table
from tests.directory.conftest import FOOTPRINTS, WriteFolder

TODAY = date(2026, 11, 29)
BOROUGHS = {"nwl": ["Brent"]}
PRACTICE = "Z99001,Larkspur Demo Surgery,general-practice,W2U3Z,Brent,"
DESTINATIONS_HEADER = "region,borough,kind,name,ods_code,phone,url,verified_by,verified_on"


def destination(
    kind: str, verified_on: str = "2026-11-02", verified_by: str = "Team", phone: str = "020 7946 0009"
) -> str:
    """A destination of the whole region."""
    return f"nwl,,{kind},Demo {kind},,{phone},,{verified_by},{verified_on}"


SOUND = [destination(kind) for kind in ("community-msk", "ces", "mscc", "cancer", "sarcoma", "oncology", "urgent-msk")]
SOUND += [destination("lump"), destination("paediatric")]


def found(
    write_folder: WriteFolder, destinations: list[str], organisations: list[str] | None = None, register: str = ""
) -> list[tuple[str, str]]:
    """What is said of a folder."""
    files: dict[str, list[str] | str] = {"destinations": "\n".join([DESTINATIONS_HEADER, *destinations])}
    if register:
        files["fcp_register"] = register
    folder = write_folder(organisations=organisations or [PRACTICE], **files)
    directory = load_directory(folder, FOOTPRINTS)
    records = read_table(folder, FCP_REGISTER, frozenset({"nwl"}), Findings())
    return [tuple(finding) for finding in check_directory(directory, records, BOROUGHS, TODAY, timedelta(days=30))]  # type: ignore[misc] # two texts


def with_ces(row: str) -> list[str]:
    """Sound destinations, but for the emergency of the cauda equina."""
    return [row if ",ces," in one else one for one in SOUND]


def test_a_sound_folder_has_nothing_to_tell(write_folder: WriteFolder) -> None:
    """Every kind has a destination, the emergency telephones were verified, and every practice has a borough."""
    assert found(write_folder, SOUND) == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (destination("ces", verified_on="2026-08-30"), "last verified 91 days ago"),
        (destination("ces", verified_on=""), "nobody has verified the phone"),
        (destination("ces", verified_on="2026-12-24"), "is in the future"),
        (destination("ces", verified_by=""), "verified_by is blank"),
        (destination("ces", phone=""), "has no phone"),
    ],
)
def test_an_emergency_telephone_that_nobody_verified_is_a_problem(
    write_folder: WriteFolder, row: str, said: str
) -> None:
    """A card says to ring it now."""
    ((level, text),) = found(write_folder, with_ces(row))
    assert level == "problem"
    assert text.startswith("destinations.csv: nwl, whole region, ces: ")
    assert said in text


def test_a_verification_counts_for_ninety_days(write_folder: WriteFolder) -> None:
    """The ninetieth day is the last."""
    assert found(write_folder, with_ces(destination("ces", verified_on="2026-08-31"))) == []


def test_other_telephones_are_not_asked_about(write_folder: WriteFolder) -> None:
    """Nobody rings a routine service in an emergency."""
    rows = [row for row in SOUND if ",lump," not in row] + [destination("lump", verified_on="", verified_by="")]
    assert found(write_folder, rows) == []


@pytest.mark.parametrize(("kind", "level"), [("ces", "problem"), ("community-msk", "problem"), ("lump", "note")])
def test_a_borough_without_a_destination_is_told_by_kind(write_folder: WriteFolder, kind: str, level: str) -> None:
    """Where no packaged link stands in, it is a problem."""
    told = found(write_folder, [row for row in SOUND if f",{kind}," not in row])
    assert (level, f"destinations.csv: nwl has no {kind} destination for Brent.") in told


def test_a_practice_without_borough_is_told(write_folder: WriteFolder) -> None:
    """So is one whose borough the pathway does not have; one outside every footprint needs none."""
    organisations = [
        "Z99002,Foxglove,general-practice,W2U3Z,,",
        "Z99003,Bluebell,urgent-care,W2U3Z,Brentt,",
        "Z99201,Honeysuckle,general-practice,93C,,",
    ]
    told = [text for level, text in found(write_folder, SOUND, organisations) if level == "problem"]
    assert told == [
        "organisations.csv: nwl: no borough for Z99002, so cards there name no local service.",
        "organisations.csv: 'Brentt' is no borough of nwl's pathway (Z99003). Is it misspelt?",
    ]


def test_a_long_list_of_practices_is_cut(write_folder: WriteFolder) -> None:
    """The first ten tell which."""
    organisations = [f"Z99{number:03},Demo,general-practice,W2U3Z,," for number in range(12)]
    assert any("Z99009 and 2 more" in text for _, text in found(write_folder, SOUND, organisations))


def test_a_listing_that_ends_soon_is_told_by_its_line(write_folder: WriteFolder) -> None:
    """The practitioner is not named: such a report is passed on."""
    register = (
        "identifier_system,identifier_value,organisation,valid_from,valid_to,assured_by\n"
        "urn:z99,999100000101,Z99001,2026-01-01,2026-12-29,Lead\n"
        "urn:z99,999100000102,Z99001,2026-01-01,2026-12-30,Lead\n"
        "urn:z99,999100000103,Z99001,2026-01-01,2026-11-28,Lead\n"
        "urn:z99,999100000104,Z99001,2026-01-01,,\n"
    )
    told = found(write_folder, SOUND, register=register)
    assert [(level, text.partition(":")[0]) for level, text in told] == [
        ("problem", "fcp-register.csv, line 2 (at Z99001)"),
        ("note", "fcp-register.csv, line 4 (at Z99001)"),
        ("note", "fcp-register.csv, line 5 (at Z99001)"),
    ]
    assert "9991" not in str(told)
