"""Each organisation lies where the footprints of the day have it."""

from collections.abc import Mapping
from datetime import date

from cds_service.directory.daily import DailyDirectory
from cds_service.directory.model import Directory, Organisation

MOVING = Organisation("Z99001", "Demo Surgery", "general-practice", "W2U3Z", "nwl", "Brent", None)
STAYING = Organisation("Z99101", "Other Surgery", "general-practice", "A3A8R", "nel", "Newham", None)
LEAVING = Organisation("Z99201", "Third Surgery", "general-practice", "93C", "nwl", None, None)
DIRECTORY = Directory({one.ods_code: one for one in (MOVING, STAYING, LEAVING)}, warnings=("as read",))
LAST, FIRST = date(2026, 11, 29), date(2026, 11, 30)


class Footprints:
    """Footprints that change on a day; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, day: date) -> Mapping[str, str]:
        """The region of each code."""
        self.asked += 1
        if day < FIRST:
            return {"W2U3Z": "nwl", "93C": "nwl", "A3A8R": "nel"}
        return {"W2U3Z": "nel", "A3A8R": "nel"}


def regions(directory: Directory) -> list[str | None]:
    """Where the organisations lie."""
    return [one.region for one in directory.organisations.values()]


def test_an_organisation_lies_where_its_area_is_on_the_day() -> None:
    """In another region, or in none, from the first day of the version that says so, and before it where it was."""
    daily = DailyDirectory(DIRECTORY, Footprints())
    assert regions(daily.on(FIRST)) == ["nel", "nel", None]
    assert regions(daily.on(LAST)) == ["nwl", "nel", "nwl"]


def test_all_else_stays_as_it_was_read() -> None:
    """Names, settings, boroughs, and the other files."""
    moved = DailyDirectory(DIRECTORY, Footprints()).on(FIRST)
    assert moved.organisation("z99001") == Organisation(
        "Z99001", "Demo Surgery", "general-practice", "W2U3Z", "nel", "Brent", None
    )
    assert moved.warnings == ("as read",)


def test_a_day_is_worked_out_once() -> None:
    """Calls of the same day get what is kept; where nothing moves it is the directory as read."""
    footprints = Footprints()
    daily = DailyDirectory(DIRECTORY, footprints)
    assert daily.on(LAST) is daily.on(LAST) is DIRECTORY
    assert daily.on(FIRST) is daily.on(FIRST)
    assert footprints.asked == 2
