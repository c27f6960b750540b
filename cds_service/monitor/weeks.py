"""Whole weeks, Monday to Sunday. A week that is not over, or of which the log holds only a part, is no point."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final

from cds_service.monitor.spc import Observation, Value

_SIX_DAYS: Final = timedelta(days=6)


def week_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def first_whole_week(day: date) -> date:
    """The Monday of the first week that has no day before this one."""
    return week_of(day + _SIX_DAYS)


def by_week(weeks: Iterable[date], values: Mapping[date, Value | None], missing: Value | None) -> list[Observation]:
    """A value for each week, in order.

    Args:
        weeks: Mondays, in order.
        values: what was measured, by Monday; other days are ignored.
        missing: what a week without an entry is: 0 for a count while the log was running, None for a share.
    """
    return [Observation(week, values.get(week, missing)) for week in weeks]
