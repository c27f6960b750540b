"""Short series for the tests of SPC charts."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from cds_service.monitor.chart_rules import Rules
from cds_service.monitor.disclosure import RawCount, disclose_parts
from cds_service.monitor.limits import Limits
from cds_service.monitor.shown_spc import ShownSeries, shown_counts
from cds_service.monitor.spc import Annotation, Direction, Observation, Value, Xmr, xmr
from cds_service.monitor.tables import is_masked

CALM: Final = (10, 12) * 10
"""Mean 11, average moving range 2: limits 11 ± 5.32, near limits 11 ± 3.5467."""

FIRST_MONDAY = date(2026, 1, 5)


def monday(number: int) -> date:
    """The Monday of a week, counted from 0."""
    return FIRST_MONDAY + timedelta(weeks=number)


def weekly(values: Sequence[Value | None]) -> list[Observation]:
    """A value for each week."""
    return [Observation(monday(number), value) for number, value in enumerate(values)]


def charted(
    counts: Sequence[int], *annotations: Annotation, better: Direction = Direction.HIGHER, rules: Rules | None = None
) -> tuple[Xmr, ShownSeries]:
    """Counts by week held against the rules, and as they may be shown, as the pages do it."""
    cells = disclose_parts({week: RawCount(count) for week, count in enumerate(counts)}).parts
    masked = {monday(week) for week, cell in cells.items() if is_masked(cell)}
    result = xmr(weekly(counts), rebase_at=annotations, rules=rules, unseen=masked)
    return result, shown_counts(result, [*cells.values()], better)


def limits_in(chart: Xmr, baseline: int = 0) -> Limits:
    """The limits of a baseline that has some."""
    limits = chart.baselines[baseline].limits
    assert limits is not None

    return limits
