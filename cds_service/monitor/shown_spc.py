"""What may be shown of an XmR chart: points as they are disclosed, and limits that tell no masked one.

The rules see exact figures. A mean over weeks of which all but one are shown would tell that one, so that limits are
rounded, more coarsely where a point is masked, and left out where rounding is not enough.
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
    """

    first: date
    last: date
    name: str | None
    mean: float | None
    upper: float | None
    lower: float | None


class ShownSeries(NamedTuple):
    """A series as a chart may draw it.

    Attributes:
        points: each period, in order.
        baselines: stretches with limits of their own, in order.
    """

    points: tuple[ShownPoint, ...]
    baselines: tuple[ShownBaseline, ...]


_Rounding = Callable[[Limits], tuple[float, float, float]]


def shown_counts(result: Xmr, shown: Sequence[Shown], better: Direction) -> ShownSeries:
    """A series of counts. Limits are whole numbers, and go to the nearest 5 where a point of theirs is masked.

    Args:
        result: of the exact counts.
        shown: the same periods as they may be shown together, from `disclose_parts` or `disclose_table`.
        better: which way is better.

    Raises:
        ValueError: there are more or fewer of them than periods.
    """
    values = [None if each.rounded is None else float(each.rounded) for each in shown]
    return _series(result, values, [each.rounded is None for each in shown], better, when_masked=_coarsely)


def shown_percentages(result: Xmr, shown: Sequence[ShownPercentage], better: Direction) -> ShownSeries:
    """A series of percentages. Limits have one decimal place; where a point of theirs is masked there are none.

    Args:
        result: of the exact percentages, 0 to 100.
        shown: the same periods as they may be shown.
        better: which way is better.

    Raises:
        ValueError: there are more or fewer of them than periods.
    """
    values = [None if each.percent is None else float(each.percent) for each in shown]
    masked = [each.percent is None and each.denominator.rounded != 0 for each in shown]
    return _series(result, values, masked, better, when_masked=None)


def _series(
    result: Xmr,
    values: Sequence[float | None],
    masked: Sequence[bool],
    better: Direction,
    *,
    when_masked: _Rounding | None,
) -> ShownSeries:
    of_percentages = when_masked is None
    points = [
        _point(point, value, is_masked, better)
        for point, value, is_masked in zip(result.points, values, masked, strict=True)
    ]
    baselines = []
    for number, members in groupby(range(len(points)), key=lambda place: result.points[place].baseline):
        here = [points[place] for place in members]
        hidden = sum(point.is_masked for point in here)
        rounding: _Rounding | None = _to_a_tenth if of_percentages else _to_a_whole
        if hidden:
            rounding = when_masked if 2 * hidden <= len(here) else None
        baselines.append(_baseline(result.baselines[number], here, rounding))
    return ShownSeries(tuple(points), tuple(baselines))


def _point(point: Point, value: float | None, is_masked: bool, better: Direction) -> ShownPoint:  # noqa: FBT001 - one of a point's facts
    is_drawn = value is not None and point.value is not None
    meaning = point.meaning(better) if is_drawn else Meaning.COMMON_CAUSE
    return ShownPoint(point.period, value if is_drawn else None, is_masked and point.value is not None, meaning)


def _baseline(exact: Baseline, points: Sequence[ShownPoint], rounding: _Rounding | None) -> ShownBaseline:
    first, last = points[0].period, points[-1].period
    if exact.limits is None or rounding is None:
        return ShownBaseline(first, last, exact.name, None, None, None)
    mean, upper, lower = rounding(exact.limits)
    return ShownBaseline(first, last, exact.name, mean, upper, max(lower, 0.0))


def _to_a_whole(limits: Limits) -> tuple[float, float, float]:
    return _to_multiples_of(Fraction(1), limits)


def _to_a_tenth(limits: Limits) -> tuple[float, float, float]:
    return _to_multiples_of(Fraction(1, 10), limits)


def _coarsely(limits: Limits) -> tuple[float, float, float]:
    return _to_multiples_of(Fraction(ROUND_TO), limits)


def _to_multiples_of(step: Fraction, limits: Limits) -> tuple[float, float, float]:
    mean, upper, lower = (float(step * round(each / step)) for each in (limits.mean, limits.upper, limits.lower))
    return mean, upper, lower
