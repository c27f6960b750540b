"""Short series for the tests of SPC charts."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from cds_service.monitor.limits import Limits
from cds_service.monitor.spc import Observation, Value, Xmr

CALM: Final = (10, 12) * 10
"""Mean 11, average moving range 2: limits 11 ± 5.32, near limits 11 ± 3.5467."""

FIRST_MONDAY = date(2026, 1, 5)


def monday(number: int) -> date:
    """The Monday of a week, counted from 0."""
    return FIRST_MONDAY + timedelta(weeks=number)


def weekly(values: Sequence[Value | None]) -> list[Observation]:
    """A value for each week."""
    return [Observation(monday(number), value) for number, value in enumerate(values)]


def limits_in(chart: Xmr, baseline: int = 0) -> Limits:
    """The limits of a baseline that has some."""
    limits = chart.baselines[baseline].limits
    assert limits is not None

    return limits
