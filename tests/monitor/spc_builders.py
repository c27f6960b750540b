"""Short series for the tests of SPC charts."""

from collections.abc import Sequence
from datetime import date, timedelta

from cds_service.monitor.spc import Observation, Value

FIRST_MONDAY = date(2026, 1, 5)


def monday(number: int) -> date:
    """The Monday of a week, counted from 0."""
    return FIRST_MONDAY + timedelta(weeks=number)


def weekly(values: Sequence[Value | None]) -> list[Observation]:
    """A value for each week."""
    return [Observation(monday(number), value) for number, value in enumerate(values)]
