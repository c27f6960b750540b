"""What may be shown of an XmR chart: points as they are disclosed, and limits that tell no masked one.

The rules see exact figures. A mean over weeks of which all but one are shown would tell that one, so that limits are
rounded, more coarsely where a point is masked, and left out where rounding is not enough. It is not where most points
are masked or 0: a rounded count hides what part of a limit is a masked one's, and 0 does not.
"""

from collections.abc import Callable, Sequence
from datetime import date
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple

from cds_service.monitor.attack import ROUND_TO
from cds_service.monitor.disclosure import Shown, ShownPercentage
from cds_service.monitor.limits import Limits
from cds_service.monitor.spc import Baseline, Direction, Meaning, Point, Xmr


class ShownPoint(NamedTuple):
    """A period of a chart.

    Attributes:
        period: its first day.
        value: as it may be shown; None where it is masked or there is none.
        is_masked: whether there is a value that is not shown.
        meaning: common cause for a masked point, whatever the rules found.
    """

    period: date
    value: float | None
    is_masked: bool
    meaning: Meaning


class ShownBaseline(NamedTuple):
    """A stretch of a chart with limits of its own.

    Attributes:
        first: its first period.
        last: its last period.
        name: of the annotation that begins it; None for the beginning of the series.
        mean: rounded; None where limits are not shown.
        upper: upper limit, rounded.
        lower: lower limit, rounded, at 0 where it would be below.
        is_marked: whether it may be told which of its points are special.
    """

    first: date
    last: date
    name: str | None
    mean: float | None
    upper: float | None
    lower: float | None
    is_marked: bool


class ShownSeries(NamedTuple):
    """A series as a chart may draw it.

    Attributes:
        points: each period, in order.
        baselines: stretches with limits of their own, in order.
    """

    points: tuple[ShownPoint, ...]
    baselines: tuple[ShownBaseline, ...]


class _Held(NamedTuple):
    """A point as the rules saw it, and as it may be shown."""

    point: Point
    value: float | None
    is_masked: bool


def shown_counts(result: Xmr, shown: Sequence[Shown], better: Direction) -> ShownSeries:
    """A series of counts. Limits are whole numbers, and go to the nearest 5 where a point of the series is masked.

    Where one is, and most of the points that limits rest on are masked or 0, there are none, and no point is marked.

    Args:
        result: of the exact counts; of `xmr` with the masked periods as unseen.
        shown: the same periods as they may be shown together, from `disclose_parts` or `disclose_table`.
        better: which way is better.

    Raises:
        ValueError: there are more or fewer of them than periods.
    """
    held = [
        _Held(point, None if each.rounded is None else float(each.rounded), each.rounded is None)
        for point, each in zip(result.points, shown, strict=True)
    ]
    has_masked = any(each.is_masked for each in held)
    step = Fraction(ROUND_TO if has_masked else 1)

    def step_of(limits: Limits, members: Sequence[_Held]) -> Fraction | None:
        resting_on = [each for each in members if each.point.value is not None][: limits.points]
        rounded = sum(bool(each.value) for each in resting_on)
        return None if has_masked and 2 * rounded < len(resting_on) else step

    return _series(result, held, better, step_of, marks_need_limits=True)


def shown_percentages(result: Xmr, shown: Sequence[ShownPercentage], better: Direction) -> ShownSeries:
    """A series of percentages. Limits have one decimal place; where a point of theirs is masked there are none.

    Args:
        result: of the exact percentages, 0 to 100; of `xmr` with the masked periods as unseen.
        shown: the same periods as they may be shown.
        better: which way is better.

    Raises:
        ValueError: there are more or fewer of them than periods.
    """
    held = [
        _Held(
            point,
            None if each.percent is None else float(each.percent),
            each.percent is None and each.denominator.rounded != 0,
        )
        for point, each in zip(result.points, shown, strict=True)
    ]

    def step_of(_: Limits, members: Sequence[_Held]) -> Fraction | None:
        return None if any(each.is_masked for each in members) else Fraction(1, 10)

    return _series(result, held, better, step_of, marks_need_limits=False)


def _series(
    result: Xmr,
    held: Sequence[_Held],
    better: Direction,
    step_of: Callable[[Limits, Sequence[_Held]], Fraction | None],
    *,
    marks_need_limits: bool,
) -> ShownSeries:
    """The series, with the limits of each baseline to multiples of its step, or without where there is no step."""
    points: list[ShownPoint] = []
    baselines = []
    for number, grouped in groupby(held, key=lambda each: each.point.baseline):
        members = list(grouped)
        exact = result.baselines[number]
        step = None if exact.limits is None else step_of(exact.limits, members)
        is_marked = step is not None or not marks_need_limits
        points += [_point(each, better if is_marked else None) for each in members]
        baselines.append(_baseline(exact, members, step, is_marked=is_marked))
    return ShownSeries(tuple(points), tuple(baselines))


def _point(held: _Held, better: Direction | None) -> ShownPoint:
    """A point; without a direction it has no meaning of its own."""
    point, value, is_masked = held
    is_drawn = value is not None and point.value is not None
    meaning = point.meaning(better) if is_drawn and better is not None else Meaning.COMMON_CAUSE
    return ShownPoint(point.period, value if is_drawn else None, is_masked and point.value is not None, meaning)


def _baseline(exact: Baseline, members: Sequence[_Held], step: Fraction | None, *, is_marked: bool) -> ShownBaseline:
    first, last = members[0].point.period, members[-1].point.period
    if exact.limits is None or step is None:
        return ShownBaseline(first, last, exact.name, None, None, None, is_marked)
    limits = exact.limits
    mean, upper, lower = (float(step * round(each / step)) for each in (limits.mean, limits.upper, limits.lower))
    return ShownBaseline(first, last, exact.name, mean, upper, max(lower, 0.0), is_marked)
