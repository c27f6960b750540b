"""Natural process limits of an XmR chart: where values are expected by chance alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final

from cds_service.monitor.chart_rules import LEAST_POINTS, Rules

_LIMIT_FACTOR: Final = Fraction(266, 100)
_NEAR_FACTOR: Final = _LIMIT_FACTOR * 2 / 3
_SCREEN_FACTOR: Final = Fraction(3267, 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where values are expected by chance alone, in the unit of the values, exact.

    Attributes:
        mean: of the baseline.
        average_moving_range: mean of the steps between neighbouring points of the baseline.
        upper: upper natural process limit, mean + 2.66 times the average moving range.
        lower: lower natural process limit; may be below what is possible.
        near_upper: two thirds of the way from the mean to the upper limit.
        near_lower: the same to the lower limit.
        points: how many points the limits were worked out from.
    """

    mean: Fraction
    average_moving_range: Fraction
    upper: Fraction
    lower: Fraction
    near_upper: Fraction
    near_lower: Fraction
    points: int


def limits_of(values: Sequence[Fraction], rules: Rules) -> Limits | None:
    """The limits of a baseline; None where it has too few values.

    Args:
        values: those of the baseline, in order.
        rules: whether moving ranges are screened, and from how many of the values limits are worked out.
    """
    if len(values) < LEAST_POINTS:
        return None
    baseline = values[: rules.lock_after]
    mean = _mean(baseline)
    moving_ranges = [abs(later - earlier) for earlier, later in pairwise(baseline)]
    average = _mean(moving_ranges)
    if rules.screen_moving_ranges and average:
        # The smallest range is never above the average, so that something is left.
        average = _mean([each for each in moving_ranges if each < _SCREEN_FACTOR * average])
    return Limits(
        mean=mean,
        average_moving_range=average,
        upper=mean + _LIMIT_FACTOR * average,
        lower=mean - _LIMIT_FACTOR * average,
        near_upper=mean + _NEAR_FACTOR * average,
        near_lower=mean - _NEAR_FACTOR * average,
        points=len(baseline),
    )


def _mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)
