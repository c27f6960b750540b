"""Places beside each other, by how much they have to go by: a funnel, and no league table."""

from collections.abc import Sequence
from math import sqrt
from typing import TYPE_CHECKING, Final, NamedTuple

from cds_service.monitor.disclosure import ShownPercentage
from cds_service.monitor.drawing import INK, PAPER, PURPLE, SOFT, TEXT_SIZE, Drawing, plain_axes, put_legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TWO_IN_A_THOUSAND: Final = 3.09
_ONE_IN_TWENTY: Final = 1.96
_STEPS: Final = 60
_MOST_NAMED: Final = 8


class Place(NamedTuple):
    """A place on a funnel.

    Attributes:
        name: as it is known to the reader.
        share: as it may be shown.
    """

    name: str
    share: ShownPercentage


class Outlier(NamedTuple):
    """A place that differs from the whole by more than chance alone would make it.

    Attributes:
        name: of the place.
        is_high: whether it lies above.
    """

    name: str
    is_high: bool


def outliers(places: Sequence[Place], whole: ShownPercentage) -> list[Outlier]:
    """Places outside the limits of 2 in 1,000, as they are drawn: from shares and counts as they are shown."""
    found = []
    for place in places:
        drawn = _drawn(place.share)
        if drawn is None or whole.percent is None:
            continue
        size, percent = drawn
        spread = _TWO_IN_A_THOUSAND * _spread(float(whole.percent), size)
        if abs(percent - float(whole.percent)) > spread:
            found.append(Outlier(place.name, percent > float(whole.percent)))
    return found


def funnel_chart(
    title: str, description: str, places: Sequence[Place], whole: ShownPercentage, *, size_words: str
) -> Drawing:
    """Shares of places against what they are a share of, with limits around the whole; masked places are left out.

    Args:
        title: what is drawn.
        description: what it says, in a sentence.
        places: each with its share; those outside the limits are named.
        whole: the share of all of them together.
        size_words: what shares are of, such as `Redirect cards shown`.
    """

    def draw(axes: "Axes") -> None:
        plain_axes(axes)
        drawn = [(place.name, *each) for place in places if (each := _drawn(place.share)) is not None]
        largest = max((size for _, size, _ in drawn), default=10) * 1.08
        if whole.percent is not None:
            _put_funnel(axes, float(whole.percent), largest)
        outside = {each.name for each in outliers(places, whole)}
        for is_outside, label in ((False, "Within the limits"), (True, "Outside the limits")):
            chosen = [each for each in drawn if (each[0] in outside) is is_outside]
            axes.plot(
                [size for _, size, _ in chosen],
                [percent for _, _, percent in chosen],
                linestyle="none",
                marker="D" if is_outside else "o",
                markersize=8 if is_outside else 7,
                markerfacecolor=PURPLE if is_outside else PAPER,
                markeredgecolor=INK if is_outside else SOFT,
                label=label if chosen else None,
                clip_on=False,
            )
            if is_outside:
                _put_names(axes, chosen, largest, float(whole.percent or 0))
        axes.set_xlim(0, largest)
        axes.set_ylim(0, 100)
        axes.set_yticks([0, 25, 50, 75, 100], ["0%", "25%", "50%", "75%", "100%"])
        axes.set_xlabel(size_words)
        put_legend(axes)

    return Drawing(title=title, description=description, height=480, draw=draw)


def _drawn(share: ShownPercentage) -> tuple[int, float] | None:
    if share.percent is None or not share.denominator.rounded:
        return None
    return share.denominator.rounded, float(share.percent)


def _spread(percent: float, size: float) -> float:
    """The standard error of a share, in percentage points."""
    return 100 * sqrt(percent / 100 * (1 - percent / 100) / size)


def _put_funnel(axes: "Axes", percent: float, largest: float) -> None:
    sizes = [5 + (largest - 5) * step / _STEPS for step in range(_STEPS + 1)]
    axes.axhline(percent, color=INK, linewidth=2, label="All together")
    for factor, dashes, label in (
        (_ONE_IN_TWENTY, (0, (2, 3)), "Limits, 1 in 20"),
        (_TWO_IN_A_THOUSAND, (0, (6, 4)), "Limits, 2 in 1,000"),
    ):
        for sign in (1, -1):
            edge = [min(100.0, max(0.0, percent + sign * factor * _spread(percent, size))) for size in sizes]
            axes.plot(sizes, edge, color=INK, linewidth=1.3, linestyle=dashes, label=label if sign > 0 else None)


def _put_names(axes: "Axes", chosen: Sequence[tuple[str, int, float]], largest: float, middle: float) -> None:
    """Beside the marks, away from the middle: the limits, which run inwards of them, strike no name out there."""
    if len(chosen) > _MOST_NAMED:
        return  # more would lie over each other; the table beside the chart has them all
    for name, size, percent in chosen:
        is_left, is_high = size <= largest / 2, percent >= middle
        axes.annotate(
            name,
            (size, percent),
            xytext=(6 if is_left else -6, 6 if is_high else -6),
            textcoords="offset points",
            ha="left" if is_left else "right",
            va="bottom" if is_high else "top",
            fontsize=TEXT_SIZE - 1,
        )
