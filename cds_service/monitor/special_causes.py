"""The rules of Making Data Count by which a point of an XmR chart is more than noise."""

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Final

from cds_service.monitor.chart_rules import Rules
from cds_service.monitor.limits import Limits

SHIFT_POINTS: Final = 7
"""Consecutive points on one side of the mean that make a shift; other traditions say eight."""

_WINDOW_OF_THREE: Final = 3
_NEAR_OF_THREE: Final = 2


class Cause(StrEnum):
    """The rule by which a point is more than noise, in order of precedence."""

    OUTSIDE = "outside"
    TREND = "trend"
    TWO_OF_THREE = "two_of_three"
    SHIFT = "shift"


class Side(StrEnum):
    """Where a special cause points: above or below the mean; for a trend, whether it rises or falls."""

    HIGH = "high"
    LOW = "low"


Found = tuple[Cause, Side] | tuple[None, None]
"""Why a point is more than noise and which way it points; nothing for common cause."""


def special_causes(values: Sequence[Fraction], limits: Limits, rules: Rules) -> list[Found]:
    """For each value of a baseline, in order, the strongest rule that it meets."""
    found: list[Found] = [(None, None)] * len(values)
    # The least of them first, so that what takes precedence is written over it.
    for cause, sides in (
        (Cause.SHIFT, _shifts(values, limits)),
        (Cause.TWO_OF_THREE, _twos_of_three(values, limits)),
        (Cause.TREND, _trends(values, rules.trend_points)),
        (Cause.OUTSIDE, [_beyond(value, limits.lower, limits.upper) for value in values]),
    ):
        for place, side in enumerate(sides):
            if side is not None:
                found[place] = (cause, side)
    return found


def _beyond(value: Fraction, lower: Fraction, upper: Fraction) -> Side | None:
    """Strictly above or strictly below; what is equal is inside."""
    if value > upper:
        return Side.HIGH
    return Side.LOW if value < lower else None


def _shifts(values: Sequence[Fraction], limits: Limits) -> list[Side | None]:
    """Runs on one side of the mean; a point on the mean breaks them. All of a run are part of the shift."""
    sides = [_beyond(value, limits.mean, limits.mean) for value in values]
    return _runs(sides, SHIFT_POINTS, points_before=0)


def _trends(values: Sequence[Fraction], trend_points: int) -> list[Side | None]:
    """Runs of rises or of falls; two equal neighbours break them. The point that they start from is part of them."""
    steps = [_beyond(later, earlier, earlier) for earlier, later in pairwise(values)]
    return _runs([None, *steps], trend_points - 1, points_before=1)


def _runs(sides: Sequence[Side | None], least: int, *, points_before: int) -> list[Side | None]:
    """The points of runs of one side that are long enough, with the points that stand before each run."""
    marked: list[Side | None] = [None] * len(sides)
    start = 0
    for place in range(1, len(sides) + 1):
        if place < len(sides) and sides[place] == sides[start]:
            continue
        side = sides[start]
        if side is not None and place - start >= least:
            # A point where a trend turns belongs to the one that ends there, and to a new one if that alone is long.
            for member in range(start - points_before, place):
                marked[member] = side if member >= start or marked[member] is None else marked[member]
        start = place
    return marked


def _twos_of_three(values: Sequence[Fraction], limits: Limits) -> list[Side | None]:
    """Two or more near or beyond the same limit among three on that side of the mean; those two or more are marked."""
    sides = [_beyond(value, limits.mean, limits.mean) for value in values]
    near = [_beyond(value, limits.near_lower, limits.near_upper) for value in values]
    marked: list[Side | None] = [None] * len(values)
    for start in range(len(values) - _WINDOW_OF_THREE + 1):
        window = range(start, start + _WINDOW_OF_THREE)
        for side in Side:
            close = [place for place in window if near[place] is side]
            if len(close) >= _NEAR_OF_THREE and all(sides[place] is side for place in window):
                for place in close:
                    marked[place] = side
    return marked
