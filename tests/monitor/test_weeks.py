"""Whole weeks alone are points."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.monitor.spc import Observation
from cds_service.monitor.weeks import ONE_WEEK, by_week, complete_weeks, first_whole_week, last_complete_week

_SUNDAY = date(2026, 11, 29)
_MONDAY = date(2026, 11, 30)


def test_a_week_is_not_over_on_its_sunday() -> None:
    """Orders of the evening are still to come."""
    assert last_complete_week(_SUNDAY) == date(2026, 11, 16)
    assert last_complete_week(_MONDAY) == date(2026, 11, 23)


def test_the_first_whole_week_is_that_of_a_monday_or_the_next() -> None:
    """What begins on a Tuesday has its first whole week six days on."""
    assert first_whole_week(date(2026, 11, 2)) == date(2026, 11, 2)
    assert first_whole_week(date(2026, 11, 3)) == date(2026, 11, 9)


def test_weeks_that_a_period_cuts_are_left_out() -> None:
    """From a Tuesday to a Saturday two weeks on there is one whole week."""
    assert complete_weeks(date(2026, 11, 3), date(2026, 11, 21), today=_SUNDAY) == [date(2026, 11, 9)]


def test_a_period_of_whole_weeks_has_all_of_them() -> None:
    """Monday to Sunday, both inclusive."""
    assert complete_weeks(date(2026, 11, 2), date(2026, 11, 15), today=_SUNDAY) == [
        date(2026, 11, 2),
        date(2026, 11, 9),
    ]


def test_the_week_of_today_is_no_point_though_the_period_reaches_beyond_it() -> None:
    """Else every chart would end in a fall."""
    assert complete_weeks(date(2026, 11, 16), date(2027, 1, 1), today=_SUNDAY) == [date(2026, 11, 16)]


def test_a_week_without_an_entry_is_what_the_caller_says() -> None:
    """No orders are 0 orders; a share of nothing is nothing."""
    weeks = [date(2026, 11, 2), date(2026, 11, 9)]

    assert by_week(weeks, {weeks[1]: 4}, 0) == [Observation(weeks[0], 0), Observation(weeks[1], 4)]
    assert by_week(weeks, {weeks[1]: 4}, None)[0].value is None


@settings(max_examples=50, deadline=None)  # a busy machine is no fault
@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 200), st.integers(0, 200))
def test_every_point_is_a_whole_week_within_the_period_and_over(first: date, days: int, later: int) -> None:
    """Whatever days are asked for."""
    last = first + ONE_WEEK / 7 * days
    today = first + ONE_WEEK / 7 * later
    for week in complete_weeks(first, last, today=today):
        assert week.weekday() == 0
        assert first <= week
        assert week + ONE_WEEK <= min(last + ONE_WEEK / 7, today)
