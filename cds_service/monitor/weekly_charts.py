"""Charts by week. They take values as they may be shown, and nothing else.

Nothing is said by colour alone: marks have shapes of their own, and lines dashes.
"""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from textwrap import fill
from typing import TYPE_CHECKING, Final, NamedTuple

from cds_service.monitor.disclosure import MASK, Shown, ShownPercentage
from cds_service.monitor.drawing import (
    INK,
    ON_PAPER,
    PAPER,
    PURPLE,
    SOFT,
    TEXT_SIZE,
    Drawing,
    plain_axes,
    put_legend,
)
from cds_service.monitor.shown_spc import ShownBaseline, ShownPoint, ShownSeries
from cds_service.monitor.spc import Meaning

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BLUE: Final = "#005eb8"
_ORANGE: Final = "#f46a25"
_MOST_DATES: Final = 7
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ON_EXACT_FIGURES: Final = "Marks and limits go by exact figures, values are drawn rounded."
_CAPTION_LETTERS: Final = 74


class _Mark(NamedTuple):
    words: str
    shape: str
    fill: str
    edge: str


_MARKS: Final = {
    Meaning.COMMON_CAUSE: _Mark("Common cause", "o", PAPER, SOFT),
    Meaning.IMPROVEMENT: _Mark("Improvement", "s", _BLUE, _BLUE),
    Meaning.CONCERN: _Mark("Concern", "^", _ORANGE, INK),
    Meaning.NEUTRAL: _Mark("Change", "D", PURPLE, PURPLE),
}
_LINES: Final = (("o", _BLUE, "-"), ("^", PURPLE, "--"), ("s", "#7a3e00", "-."), ("D", SOFT, ":"))


def control_chart(title: str, description: str, series: ShownSeries, rules: str, *, unit: str = "") -> Drawing:
    """A series by week with its mean and limits.

    Args:
        title: what is drawn.
        description: what it says, in a sentence.
        series: from `shown_counts` or `shown_percentages`.
        rules: those that hold, in words; they stand below the chart, and end its description.
        unit: what follows a value, such as `%`.
    """

    def draw(axes: "Axes") -> None:
        plain_axes(axes)
        periods = [point.period for point in series.points]
        _connect(axes, series)
        for meaning, mark in _MARKS.items():
            chosen = [point for point in series.points if point.value is not None and point.meaning is meaning]
            _put_marks(axes, chosen, mark)
        for number, baseline in enumerate(series.baselines):
            _put_limits(axes, baseline, unit, is_last=number == len(series.baselines) - 1)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter("{x:,.10g}" + unit)
        _put_masks(axes, [point.period for point in series.points if point.is_masked])
        _put_names(axes, series.baselines, periods)
        _put_dates(axes, periods)
        caption = f"{_ON_EXACT_FIGURES}\n{fill(rules, _CAPTION_LETTERS)}"
        axes.set_xlabel(caption, loc="left", fontsize=TEXT_SIZE - 2, color=SOFT)
        put_legend(axes)

    return Drawing(title=title, description=f"{description} {rules}", height=500, draw=draw)


class NamedLine(NamedTuple):
    """A line of a chart by week.

    Attributes:
        name: in the legend.
        values: for each week, as it may be shown.
    """

    name: str
    values: Sequence[Shown | ShownPercentage]


def line_chart(
    title: str, description: str, periods: Sequence[date], lines: Sequence[NamedLine], unit: str = ""
) -> Drawing:
    """Up to four counts or shares by week; a masked one is a gap, and so is a share of nothing.

    Raises:
        ValueError: there are more than four lines, which nobody could tell apart.
    """
    if len(lines) > len(_LINES):
        raise ValueError(f"lines: are {len(lines)}; at most {len(_LINES)} can be told apart, so add some up")

    def draw(axes: "Axes") -> None:
        plain_axes(axes)
        for line, (shape, colour, dashes) in zip(lines, _LINES, strict=False):
            axes.plot(
                *_broken(periods, [_height(each) for each in line.values]),
                color=colour,
                linestyle=dashes,
                linewidth=2,
                marker=shape,
                markersize=5,
                label=line.name,
                clip_on=False,
            )
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter("{x:,.10g}" + unit)
        _put_masks(axes, [p for n, p in enumerate(periods) if any(line.values[n].cell == MASK for line in lines)])
        _put_dates(axes, periods)
        put_legend(axes)

    return Drawing(title=title, description=description, draw=draw)


def _height(value: Shown | ShownPercentage) -> float:
    """Where a point of a line stands; not a number where it is not shown."""
    height = value.rounded if isinstance(value, Shown) else value.percent
    return float("nan") if height is None else float(height)


def _connect(axes: "Axes", series: ShownSeries) -> None:
    values = [float("nan") if point.value is None else point.value for point in series.points]
    days, heights = _broken([point.period for point in series.points], values)
    axes.plot(days, heights, color=SOFT, linewidth=1.2, zorder=2)


def _broken(periods: Sequence[date], heights: Sequence[float]) -> tuple[list[int], list[float]]:
    """The points of a line, which ends where a period is left out and begins anew after it."""
    days = [each.toordinal() for each in periods]
    step = min((later - earlier for earlier, later in pairwise(days)), default=0)
    drawn: list[tuple[int, float]] = []
    for day, height in zip(days, heights, strict=True):
        if drawn and day - drawn[-1][0] > step:
            drawn.append((drawn[-1][0] + step, float("nan")))
        drawn.append((day, height))
    return [day for day, _ in drawn], [height for _, height in drawn]


def _put_marks(axes: "Axes", points: Sequence[ShownPoint], mark: _Mark) -> None:
    if not points:
        return
    axes.plot(
        [point.period.toordinal() for point in points],
        [point.value or 0.0 for point in points],
        linestyle="none",
        marker=mark.shape,
        markersize=7,
        markerfacecolor=mark.fill,
        markeredgecolor=mark.edge,
        markeredgewidth=1.4,
        label=mark.words,
        zorder=3,
        clip_on=False,
    )


def _put_limits(axes: "Axes", baseline: ShownBaseline, unit: str, *, is_last: bool) -> None:
    if baseline.mean is None or baseline.upper is None or baseline.lower is None:
        return
    ends = [baseline.first.toordinal(), baseline.last.toordinal()]
    axes.plot(ends, [baseline.mean] * 2, color=INK, linewidth=2, zorder=1, label="Mean" if is_last else None)
    for number, value in enumerate((baseline.upper, baseline.lower)):
        label = "Limits" if is_last and number == 0 else None
        axes.plot(ends, [value] * 2, color=INK, linewidth=1.4, linestyle=(0, (6, 4)), zorder=1, label=label)
    if is_last:
        for value in sorted({baseline.mean, baseline.upper, baseline.lower}):
            axes.annotate(
                f"{value:,.10g}{unit}",
                (ends[1], value),
                xytext=(8, 0),
                textcoords="offset points",
                va="center",
                fontsize=TEXT_SIZE - 1,
            )


def _put_masks(axes: "Axes", periods: Sequence[date]) -> None:
    for period in periods:
        axes.annotate(MASK, (period.toordinal(), 0), xytext=(0, 2), textcoords="offset points", ha="center", color=SOFT)


def _put_names(axes: "Axes", baselines: Sequence[ShownBaseline], periods: Sequence[date]) -> None:
    """A line at each named change, its name at the top, on the side where there is room."""
    named = [baseline for baseline in baselines if baseline.name is not None]
    if not named:
        return
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + (high - low) * 0.11 * len(named))
    top = axes.get_ylim()[1]
    middle = (periods[0].toordinal() + periods[-1].toordinal()) / 2
    for level, baseline in enumerate(named):
        where = baseline.first.toordinal() - 3.5  # between two weeks
        is_left = where <= middle
        axes.axvline(where, color=PURPLE, linewidth=1.4, linestyle=":")
        axes.annotate(
            baseline.name or "",
            (where, top - (high - low) * 0.11 * level),
            xytext=(5 if is_left else -5, -2),
            textcoords="offset points",
            ha="left" if is_left else "right",
            va="top",
            color=PURPLE,
            fontsize=TEXT_SIZE - 1,
            bbox=ON_PAPER,
        )


def _put_dates(axes: "Axes", periods: Sequence[date]) -> None:
    """As many dates as can be read, evenly apart, the last one among them; a year where it changes."""
    step = max(1, -(-len(periods) // _MOST_DATES))
    chosen = list(reversed(periods[::-1][::step]))
    labels = []
    for number, period in enumerate(chosen):
        is_new_year = number == 0 or period.year != chosen[number - 1].year
        labels.append(f"{period.day} {_MONTHS[period.month - 1]}" + (f"\n{period.year}" if is_new_year else ""))
    axes.set_xticks([period.toordinal() for period in chosen], labels)
