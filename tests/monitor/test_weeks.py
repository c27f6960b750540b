"""Whole weeks alone are points."""

from datetime import date

from cds_service.monitor.spc import Observation
from cds_service.monitor.weeks import by_week, first_whole_week


def test_the_first_whole_week_is_that_of_a_monday_or_the_next() -> None:
    """What begins on a Tuesday has its first whole week six days on."""
    assert first_whole_week(date(2026, 11, 2)) == date(2026, 11, 2)
    assert first_whole_week(date(2026, 11, 3)) == date(2026, 11, 9)


def test_a_week_without_an_entry_is_what_the_caller_says() -> None:
    """No orders are 0 orders; a share of nothing is nothing."""
    weeks = [date(2026, 11, 2), date(2026, 11, 9)]

    assert by_week(weeks, {weeks[1]: 4}, 0) == [Observation(weeks[0], 0), Observation(weeks[1], 4)]
    assert by_week(weeks, {weeks[1]: 4}, None)[0].value is None
