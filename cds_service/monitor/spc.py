"""XmR charts (individual values and moving ranges) by the rules of NHS England's Making Data Count.

Pure arithmetic on the exact counts, in fractions, so that "on the limit" and "on the mean" mean just that. Charts are
drawn from what `shown_spc` makes of the result, never from this. Sources: Making Data Count; NHSRplotthedots 0.2.2 and
its issues #194 (two of three) and #202 (trend of six or seven).
"""

from collections.abc import Collection, Sequence
from datetime import date
from enum import StrEnum
from fractions import Fraction
from itertools import groupby, pairwise
from math import isfinite
from operator import itemgetter
from typing import NamedTuple

from cds_service.monitor.chart_rules import Rules
from cds_service.monitor.limits import Limits, limits_of
from cds_service.monitor.special_causes import Cause, Found, Side, special_causes

Value = int | float | Fraction
"""A measured value."""


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


def xmr(
    series: Sequence[Observation],
    *,
    rebase_at: Sequence[Annotation] = (),
    rules: Rules | None = None,
    unseen: Collection[date] = (),
) -> Xmr:
    """Hold a series against the rules.

    Each annotation begins a baseline, and no rule looks across its beginning. A period without a value is left out:
    its neighbours follow each other.

    Args:
        series: periods in order, each once.
        rebase_at: where limits are worked out anew; of several in one period the names are joined.
        rules: what may be chosen; the defaults of Making Data Count when left out.
        unseen: periods that nobody is shown. They count in limits and end every run: were they part of one, a mark of
            their neighbours would tell on which side of the mean they lie.

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
        limits = limits_of(values, rules)
        found = iter(_causes(stretch, limits, rules, unseen))
        baselines.append(Baseline(stretch[0].period, name, limits, len(values)))
        here = len(baselines) - 1
        for period, value in stretch:
            if value is None:
                points.append(Point(period, None, here, None, None))
            else:
                points.append(Point(period, Fraction(value), here, *next(found)))
    return Xmr(tuple(points), tuple(baselines), rules)


def _causes(
    stretch: Sequence[Observation], limits: Limits | None, rules: Rules, unseen: Collection[date]
) -> list[Found]:
    """For each value of a stretch what the rules say, between one unseen period and the next."""
    found: list[Found] = []
    values = ((period in unseen, Fraction(value)) for period, value in stretch if value is not None)
    for is_unseen, members in groupby(values, key=itemgetter(0)):
        seen = [value for _, value in members]
        found += [(None, None)] * len(seen) if is_unseen or limits is None else special_causes(seen, limits, rules)
    return found


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
