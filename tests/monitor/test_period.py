from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.monitor.period import Period, block_of, last_complete_sunday, whole_blocks
from cds_service.monitor.selection import PRESETS

SUNDAY = date(2026, 11, 29)
MONDAY = date(2026, 11, 30)


def test_a_week_is_complete_when_it_is_over() -> None:
    """On a Sunday its own week is still going on; on the Monday after it is over."""
    assert last_complete_sunday(SUNDAY) == date(2026, 11, 22)
    assert last_complete_sunday(MONDAY) == SUNDAY


def test_the_latest_weeks_end_with_the_last_complete_one() -> None:
    """A period begins on a Monday and ends on a Sunday."""
    period = Period.latest(26, MONDAY)

    assert period == Period(date(2026, 6, 1), SUNDAY)
    assert period.weeks == 26
    assert period.last_monday == date(2026, 11, 23)
    assert [*period.mondays()] == [date(2026, 6, 1) + timedelta(days=7 * week) for week in range(26)]


def test_the_period_before_is_as_long_and_ends_the_day_before() -> None:
    """What is compared has the same length, and no week is in both."""
    period = Period.latest(4, MONDAY)

    assert period.before.weeks == 4
    assert period.before.last == period.first - timedelta(days=1)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (date(2026, 11, 2), SUNDAY, Period(date(2026, 11, 2), SUNDAY)),
        (date(2026, 10, 6), SUNDAY, Period(date(2026, 11, 2), SUNDAY)),
        (date(2026, 10, 5), date(2026, 11, 28), Period(date(2026, 10, 5), date(2026, 11, 1))),
        (date(2026, 10, 1), date(2027, 3, 1), Period(date(2026, 10, 5), SUNDAY)),
        (date(2026, 11, 3), SUNDAY, None),
        (date(2026, 11, 30), date(2026, 12, 31), None),
    ],
)
def test_only_whole_blocks_between_two_days_count(first: date, last: date, expected: Period | None) -> None:
    """What is left over at the ends, and blocks that are not over, are left out."""
    assert Period.within(first, last, MONDAY) == expected


@given(st.dates(MONDAY, date(2028, 12, 1)))
def test_no_periods_that_can_be_chosen_tell_a_single_week(today: date) -> None:
    """Neither one less another, nor any number of them, added and taken away; those before them are shown as well."""
    latest = [Period.latest(weeks, today) for weeks in PRESETS]
    tied_to_the_end = {day for period in latest for day in (period.before.first, period.first)}
    tied_to_the_end.add(last_complete_sunday(today) + timedelta(days=1))
    on_the_grid = {block_of(min(tied_to_the_end)) + timedelta(weeks=4 * number) for number in range(70)}
    if tied_to_the_end & on_the_grid:
        tied_to_the_end |= on_the_grid

    for days_of_one in (tied_to_the_end, on_the_grid):
        assert not days_of_one & {day + timedelta(weeks=1) for day in days_of_one}


@given(st.dates(date(2024, 12, 1), MONDAY), st.dates(date(2024, 12, 1), MONDAY), st.dates(SUNDAY, date(2026, 12, 28)))
def test_no_two_periods_by_date_differ_by_less_than_four_weeks(first: date, last: date, today: date) -> None:
    """The week between them would be told."""
    period = Period.within(first, last, today)

    if period is not None:
        assert first <= period.first
        assert period.last <= min(last, last_complete_sunday(today))
        assert (block_of(period.first), period.weeks % 4) == (period.first, 0)


def test_a_period_in_words() -> None:
    """Days are told as people write them."""
    assert Period.latest(1, MONDAY).in_words() == "23 November 2026 to 29 November 2026 (1 week)"
    assert Period.latest(26, MONDAY).in_words() == "1 June 2026 to 29 November 2026 (26 weeks)"


def test_blocks_of_four_weeks_are_the_same_whatever_is_asked() -> None:
    """Periods that differ by a week have no block that differs by a week."""
    longer, shorter = (whole_blocks(Period.latest(weeks, SUNDAY).mondays()) for weeks in (26, 25))

    assert {block_of(block) for block in longer} == set(longer)
    assert set(shorter) <= set(longer)
    assert len(longer) == 5


def test_a_block_that_lacks_a_week_is_not_whole() -> None:
    """Its figures would be taken for those of four weeks."""
    block = block_of(date(2026, 11, 9))
    mondays = [block + timedelta(weeks=week) for week in range(4)]

    assert whole_blocks(mondays) == [block]
    assert whole_blocks(mondays[1:]) == []
