"""XmR charts (individual values and moving ranges) by the rules of NHS England's Making Data Count.

Pure arithmetic on the exact counts, in fractions, so that "on the limit" and "on the mean" mean just that. Charts are
drawn from what `shown_spc` makes of the result, never from this. Sources: Making Data Count; NHSRplotthedots 0.2.2 and
its issues #194 (two of three) and #202 (trend of six or seven).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from math import isfinite
from typing import Final, Literal, NamedTuple

LEAST_POINTS: Final = 13
"""Fewer points than these have no limits and no special causes: a run chart alone."""
SHIFT_POINTS: Final = 7
"""Consecutive points on one side of the mean that make a shift; other traditions say eight."""

_LIMIT_FACTOR: Final = Fraction(266, 100)
_NEAR_FACTOR: Final = _LIMIT_FACTOR * 2 / 3
_SCREEN_FACTOR: Final = Fraction(3267, 1000)
_WINDOW_OF_THREE: Final = 3
_NEAR_OF_THREE: Final = 2

Value = int | float | Fraction
"""A measured value."""


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


class Direction(StrEnum):
    """Which way is better."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


class Meaning(StrEnum):
    """What a point says, given which way is better; charts show each with a mark of its own."""

    COMMON_CAUSE = "common_cause"
    IMPROVEMENT = "improvement"
    CONCERN = "concern"
    NEUTRAL = "neutral"


class Observation(NamedTuple):
    """What was measured in a period.

    Attributes:
        period: its first day, such as the Monday of a week.
        value: None where there is nothing to measure; the point is left out, not made up.
    """

    period: date
    value: Value | None


class Annotation(NamedTuple):
    """A named, dated change of what is measured, from which limits are worked out anew.

    Attributes:
        period: the first period that it touches.
        name: what happened, such as `Pathway nwl 1.2`.
    """

    period: date
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What Making Data Count leaves to the user.

    Attributes:
        trend_points: points in a trend; seven are six rises or falls one after the other.
        screen_moving_ranges: leave out moving ranges of 3.267 times their average or more, and average again.
        lock_after: work limits out from this many first points of each baseline; None for all of them.

    Raises:
        ValueError: `lock_after` is too few points for limits, or `trend_points` is neither 6 nor 7.
    """

    trend_points: Literal[6, 7] = 7
    screen_moving_ranges: bool = False
    lock_after: int | None = None

    def __post_init__(self) -> None:
        """Refuse what would give limits that mean nothing."""
        if self.trend_points not in {6, 7}:
            raise ValueError(f"trend_points: is {self.trend_points}; Making Data Count knows 6 and 7")
        if self.lock_after is not None and self.lock_after < LEAST_POINTS:
            raise ValueError(f"lock_after: is {self.lock_after}; limits need {LEAST_POINTS} points or more")


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


class Baseline(NamedTuple):
    """A stretch of the series with limits of its own.

    Attributes:
        first: its first period.
        name: of the annotation that begins it; None for the beginning of the series.
        limits: None when it has fewer than 13 points.
        points: how many values it has.
    """

    first: date
    name: str | None
    limits: Limits | None
    points: int


class Point(NamedTuple):
    """A period with what the rules say of it.

    Attributes:
        period: its first day.
        value: what was measured, exact; None where nothing was.
        baseline: place of its baseline in `Xmr.baselines`.
        cause: why it is more than noise; None for common cause.
        side: which way the cause points; None without one.
    """

    period: date
    value: Fraction | None
    baseline: int
    cause: Cause | None
    side: Side | None

    def meaning(self, better: Direction) -> Meaning:
        """What the point says, given which way is better."""
        if self.side is None:
            return Meaning.COMMON_CAUSE
        if better is Direction.NEITHER:
            return Meaning.NEUTRAL
        return Meaning.IMPROVEMENT if (self.side is Side.HIGH) == (better is Direction.HIGHER) else Meaning.CONCERN


class Xmr(NamedTuple):
    """A series held against the rules. Exact, and so not for showing: `shown_spc` says what may be shown.

    Attributes:
        points: each period, in order.
        baselines: stretches with limits of their own, in order.
        rules: how they were worked out.
    """

    points: tuple[Point, ...]
    baselines: tuple[Baseline, ...]
    rules: Rules


def xmr(series: Sequence[Observation], *, rebase_at: Sequence[Annotation] = (), rules: Rules | None = None) -> Xmr:
    """Hold a series against the rules.

    Each annotation begins a baseline, and no rule looks across its beginning. A period without a value is left out:
    its neighbours follow each other.

    Args:
        series: periods in order, each once.
        rebase_at: where limits are worked out anew; of several in one period the names are joined.
        rules: what may be chosen; the defaults of Making Data Count when left out.

    Raises:
        ValueError: periods are out of order or twice, or a value is not a finite number.
    """
    rules = rules if rules is not None else Rules()
    periods = [observation.period for observation in series]
    if any(later <= earlier for earlier, later in pairwise(periods)):
        raise ValueError("series: periods are not in order, each once; sort them and add up what shares a period")
    points: list[Point] = []
    baselines: list[Baseline] = []
    for name, stretch in _stretches(series, rebase_at):
        values = [_exact(observation) for observation in stretch if observation.value is not None]
        limits = _limits(values, rules)
        found = iter(_causes(values, limits, rules))
        baselines.append(Baseline(stretch[0].period, name, limits, len(values)))
        here = len(baselines) - 1
        for period, value in stretch:
            if value is None:
                points.append(Point(period, None, here, None, None))
            else:
                points.append(Point(period, Fraction(value), here, *next(found)))
    return Xmr(tuple(points), tuple(baselines), rules)


def _stretches(
    series: Sequence[Observation], rebase_at: Sequence[Annotation]
) -> list[tuple[str | None, list[Observation]]]:
    """The series cut where an annotation begins; one before or after the series cuts nothing."""
    stretches: list[tuple[str | None, list[Observation]]] = []
    waiting = sorted(rebase_at)
    for observation in series:
        names = [annotation.name for annotation in waiting if annotation.period <= observation.period]
        waiting = waiting[len(names) :]
        if not stretches:
            stretches.append((None, [observation]))
        elif names:
            stretches.append(("; ".join(names), [observation]))
        else:
            stretches[-1][1].append(observation)
    return stretches


def _exact(observation: Observation) -> Fraction:
    value = observation.value
    if value is None or not isfinite(value):
        raise ValueError(f"series: the value of {observation.period} is {value}; leave out what is not known as None")
    return Fraction(value)


def _limits(values: Sequence[Fraction], rules: Rules) -> Limits | None:
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


_Found = tuple[Cause, Side] | tuple[None, None]


def _causes(values: Sequence[Fraction], limits: Limits | None, rules: Rules) -> list[_Found]:
    found: list[_Found] = [(None, None)] * len(values)
    if limits is None:
        return found
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
