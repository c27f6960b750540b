from collections.abc import Callable
from datetime import date

import pytest

from cds_service.directory import Directory, load_directory
from cds_service.directory.csv_edits import EditableCsv, open_csv
from cds_service.directory.register_edits import LaterListing, Listing, RegisterEditError, add_listing, expire_listings
from cds_service.directory.tables import FCP_REGISTER
from tests.directory.conftest import FOOTPRINTS, WriteFolder

SYSTEM = "https://fhir.nhs.uk/Id/sds-user-id"
PRACTICE = "Z99101,Primrose Demo Surgery,general-practice,A3A8R,Newham,Z99P11"
JANUARY, JUNE, JULY = date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 1)
NEW = Listing(SYSTEM, "999100000101", "Z99101", JANUARY, None, True, "Demo lead, ICB", JANUARY)

Opened = Callable[..., tuple[EditableCsv, Directory]]


@pytest.fixture
def opened(write_folder: WriteFolder) -> Opened:
    """A folder with one practice and the rows of a register, opened."""

    def open_with(*rows: str) -> tuple[EditableCsv, Directory]:
        folder = write_folder(organisations=[PRACTICE], fcp_register=list(rows))
        return open_csv(folder, FCP_REGISTER), load_directory(folder, FOOTPRINTS)

    return open_with


def row(valid_from: str, valid_to: str, organisation: str = "Z99101") -> str:
    """A row of the practitioner's."""
    return f"{SYSTEM},999100000101,{organisation},{valid_from},{valid_to}"


@pytest.mark.parametrize("place", ["Z99101", "z99p11"])
def test_a_listing_counts_from_its_first_day(opened: Opened, place: str) -> None:
    """At a practice or in a network that is known; somebody answers for it by name."""
    table, directory = opened()
    add_listing(table, directory, NEW._replace(organisation=place))
    assert table.rows == [
        {
            "identifier_system": SYSTEM,
            "identifier_value": "999100000101",
            "organisation": place.upper(),
            "valid_from": "2026-01-01",
            "valid_to": "",
            "spine": "yes",
            "assured_by": "Demo lead, ICB",
            "assured_on": "2026-01-01",
        }
    ]
    table.check(FOOTPRINTS)
    table.save()
    listed = load_directory(table.path.parent, FOOTPRINTS)
    primrose = listed.organisation("Z99101")
    assert listed.fcp_listing([(SYSTEM, "999100000101")], primrose, JANUARY) == "current"


def test_a_listing_at_a_place_that_is_not_known_is_refused(opened: Opened) -> None:
    """It would count nowhere, and its owner would believe that it does."""
    table, directory = opened()
    with pytest.raises(RegisterEditError, match="Z99999 is no ods_code or pcn"):
        add_listing(table, directory, NEW._replace(organisation="Z99999"))
    assert not table.is_changed


@pytest.mark.parametrize("nobody", ["", " \t"])
def test_a_listing_for_which_nobody_answers_is_refused(opened: Opened, nobody: str) -> None:
    """It exempts from cards, so somebody has to stand behind it by name."""
    table, directory = opened()
    with pytest.raises(RegisterEditError, match="--assured-by is blank: state who assured the practitioner"):
        add_listing(table, directory, NEW._replace(assured_by=nobody))
    assert not table.is_changed


@pytest.mark.parametrize(
    ("existing", "last_day", "is_refused"),
    [
        (row("2025-11-17", ""), None, True),
        (row("2025-11-17", "2026-01-01"), None, True),
        (row("2025-11-17", "2025-12-31"), None, False),
        (row("2026-07-01", ""), JULY, True),
        (row("2026-07-01", ""), JUNE, False),
        (row("2025-11-17", "", "Z99P11"), None, False),
    ],
)
def test_two_listings_at_one_place_never_run_at_once(
    opened: Opened, existing: str, last_day: date | None, is_refused: bool
) -> None:
    """Otherwise the one that was meant to end the other would not; both days count."""
    table, directory = opened(existing)
    if is_refused:
        with pytest.raises(RegisterEditError, match=r"runs at the same time\. End it first"):
            add_listing(table, directory, NEW._replace(valid_to=last_day))
    else:
        add_listing(table, directory, NEW._replace(valid_to=last_day))
        assert len(table.rows) == 2


def test_ending_keeps_the_row(opened: Opened) -> None:
    """What was in force on a past day can be read afterwards; one that ended before stays as it is."""
    table, _ = opened(row("2025-11-17", ""), row("2025-01-01", "2025-06-30", "Z99P11"))
    assert expire_listings(table, SYSTEM, "999100000101", None, JUNE) == (["Z99101"], [])
    assert [listed["valid_to"] for listed in table.rows] == ["2026-06-30", "2025-06-30"]


def test_ending_can_be_for_one_place(opened: Opened) -> None:
    """The other listings run on."""
    table, _ = opened(row("2025-11-17", ""), row("2025-11-17", "", "Z99P11"))
    assert expire_listings(table, SYSTEM, "999100000101", "Z99P11", JUNE) == (["Z99P11"], [])
    assert [listed["valid_to"] for listed in table.rows] == ["", "2026-06-30"]


def test_a_listing_that_is_not_there_cannot_end(opened: Opened) -> None:
    """A misspelt identifier must not look as if it had worked."""
    table, _ = opened(row("2025-11-17", ""))
    with pytest.raises(RegisterEditError, match="There is no such listing"):
        expire_listings(table, SYSTEM, "999100000109", None, JUNE)


def test_a_listing_that_has_not_begun_keeps_none_running(opened: Opened) -> None:
    """Whoever is no longer assured orders without a card no longer; what begins later is told, and stays."""
    table, _ = opened(row("2025-11-17", ""), row("2026-07-01", "", "Z99P11"), row("2024-01-01", "2025-01-01"))
    ended, later = expire_listings(table, SYSTEM, "999100000101", None, JUNE)
    assert (ended, later) == (["Z99101"], [LaterListing("Z99P11", "2026-07-01")])
    assert [listed["valid_to"] for listed in table.rows] == ["2026-06-30", "", "2025-01-01"]


def test_a_listing_cannot_end_before_it_begins(opened: Opened) -> None:
    """The folder would not load."""
    table, _ = opened(row("2026-07-01", ""))
    with pytest.raises(RegisterEditError, match=r"begins on 2026-07-01, after 2026-06-30, and stays\. Remove its row"):
        expire_listings(table, SYSTEM, "999100000101", None, JUNE)
    assert not table.is_changed
