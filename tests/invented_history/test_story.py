"""When what happens in the invented history."""

from datetime import date

from cds_service.invented_history.story import WEEKS, Story

_TODAY = date(2026, 11, 29)


def test_the_history_ends_yesterday_and_begins_on_a_monday_eighteen_months_before() -> None:
    """Its weeks are whole, as charts want them."""
    story = Story(_TODAY)

    assert story.days()[0] == date(2026, 11, 28)
    assert story.days()[-1] == story.first
    assert story.first.weekday() == 0
    assert (_TODAY - story.first).days // 7 == WEEKS


def test_august_christmas_and_weekends_are_quiet() -> None:
    """Seasons as a chart should show them."""
    story = Story(_TODAY)

    assert story.season(date(2026, 8, 5)) < story.season(date(2026, 7, 1)) < story.season(date(2026, 1, 7))
    assert story.season(date(2025, 12, 24)) < story.season(date(2025, 12, 10)) / 2
    assert story.season(date(2026, 7, 5)) < story.season(date(2026, 7, 1)) / 10


def test_the_fault_lasts_six_weeks_and_is_over() -> None:
    """It lies within the half year that the monitor shows first."""
    days = [day for day in Story(_TODAY).days() if Story(_TODAY).is_in_fault(day)]

    assert len(days) == 42
    assert date(2026, 6, 1) < min(days) < max(days) < date(2026, 9, 30)
