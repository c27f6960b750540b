"""The calendar and the clocks of London."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from cds_service.london_time import in_london, london_day, london_day_and_hour


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 1, 31, 23, 59, tzinfo=UTC), (date(2026, 1, 31), 23)),
        (datetime(2026, 6, 30, 23, 59, tzinfo=UTC), (date(2026, 7, 1), 0)),
    ],
)
def test_day_and_hour_are_those_of_london(moment: datetime, expected: tuple[date, int]) -> None:
    """In summer the last hour of the day in UTC belongs to the next day in London."""
    assert london_day_and_hour(moment) == expected
    assert (london_day(moment), in_london(moment).hour) == expected


@pytest.mark.parametrize("read", [in_london, london_day, london_day_and_hour])
def test_a_moment_without_a_time_zone_is_refused(read: Callable[[datetime], object]) -> None:
    """Its day in London cannot be told."""
    with pytest.raises(ValueError, match="no time zone"):
        read(datetime(2026, 1, 1, 12))  # noqa: DTZ001 - the fault under test
