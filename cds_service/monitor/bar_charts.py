"""Charts of named things beside each other, as bars. They take values as they may be shown, and nothing else.

Nothing is said by colour alone: bars have their figures, and parts of them hatches.
"""

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Final, NamedTuple

from cds_service.monitor.disclosure import MASK, Shown
from cds_service.monitor.drawing import INK, LINE, ON_PAPER, PAPER, SOFT, Drawing, plain_axes, put_legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DEEP: Final = "#12436d"
_BAR_PIXELS: Final = 44
_FRAME_PIXELS: Final = 110
_LABEL_LETTERS: Final = 26
_FILLS: Final = ((_DEEP, ""), ("#6fa8dc", "//"), (LINE, ""), (PAPER, ".."))


def bar_chart(title: str, description: str, bars: Sequence[tuple[str, Shown]]) -> Drawing:
    """Counts of named things, each with its figure; a masked one has its mark in place of a bar."""

    def draw(axes: "Axes") -> None:
        plain_axes(axes, grid="x")
        longest = max((shown.rounded or 0 for _, shown in bars), default=0) or 1
        for place, (_, shown) in enumerate(bars):
            axes.barh(place, shown.rounded or 0, height=0.6, color=_DEEP)
            axes.text((shown.rounded or 0) + longest / 60, place, str(shown), va="center")
        axes.set_xlim(0, longest * 1.2)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        _put_labels(axes, [label for label, _ in bars])

    return Drawing(title=title, description=description, height=_tall(len(bars)), draw=draw)


class SharesRow(NamedTuple):
    """A row of a chart of shares.

    Attributes:
        label: what it is called.
        whole: of what the parts are, as it may be shown.
        parts: for each kind, as it may be shown.
    """

    label: str
    whole: Shown
    parts: Sequence[Shown]


def stacked_share_chart(title: str, description: str, kinds: Sequence[str], rows: Sequence[SharesRow]) -> Drawing:
    """What each row is made of, as shares. What is left for masked parts is drawn as one, where the first would be.

    A row whose whole is masked has its mark in place of a bar.

    Raises:
        ValueError: there are more than four kinds, or a row has other parts than kinds.
    """
    if len(kinds) > len(_FILLS) or any(len(row.parts) != len(kinds) for row in rows):
        raise ValueError(f"rows: each has a part for each kind, and there are at most {len(_FILLS)} kinds")

    def draw(axes: "Axes") -> None:
        plain_axes(axes, grid="x")
        bars = [_bar(row) for row in rows]
        for number, (kind, (colour, hatch)) in enumerate(zip(kinds, _FILLS, strict=False)):
            _put_pieces(axes, kind, colour, hatch, [bar.pieces[number] for bar in bars])
        left = [bar.masked for bar in bars]
        if any(width for _, width in left):
            _put_pieces(axes, f"{MASK} Masked", PAPER, "xx", left)
        for place, (row, bar) in enumerate(zip(rows, bars, strict=True)):
            if row.whole.rounded is None:
                axes.text(1, place, f"{MASK}  masked", va="center", color=SOFT)
            elif row.whole.rounded == 0:
                axes.text(1, place, "none", va="center", color=SOFT)
            elif None in [part.rounded for part in row.parts]:
                begins, width = bar.masked
                axes.text(begins + width / 2, place, MASK, va="center", ha="center", bbox=ON_PAPER)
        axes.set_xlim(0, 100)
        axes.set_xticks([0, 25, 50, 75, 100], ["0%", "25%", "50%", "75%", "100%"])
        _put_labels(axes, [row.label for row in rows])
        put_legend(axes)

    return Drawing(title=title, description=description, height=_tall(len(rows)) + 40, draw=draw)


_Piece = tuple[float, float]
"""Where a piece of a bar begins, and how wide it is, in percent."""


class _Bar(NamedTuple):
    pieces: list[_Piece]
    masked: _Piece


def _bar(row: SharesRow) -> _Bar:
    """The pieces of a row; of masked parts together what the others leave of the whole."""
    counts = [part.rounded for part in row.parts]
    shown = sum(count or 0 for count in counts)
    is_masked = None in counts
    whole = max(shown, row.whole.rounded or 0) if is_masked else shown
    if not whole or row.whole.rounded is None:
        return _Bar([(0.0, 0.0)] * len(counts), (0.0, 0.0))
    first = counts.index(None) if is_masked else len(counts)
    pieces, masked, begins = [], (0.0, 0.0), 0.0
    for number, count in enumerate(counts):
        if number == first:
            masked = (begins, 100 * (whole - shown) / whole)
            begins += masked[1]
        width = 100 * (count or 0) / whole
        pieces.append((begins, width))
        begins += width
    return _Bar(pieces, masked)


def _put_pieces(axes: "Axes", label: str, colour: str, hatch: str, pieces: Sequence[_Piece]) -> None:
    axes.barh(
        range(len(pieces)),
        [width for _, width in pieces],
        left=[begins for begins, _ in pieces],
        height=0.6,
        color=colour,
        edgecolor=INK,
        linewidth=0.8,
        hatch=hatch,
        label=label,
    )


def _put_labels(axes: "Axes", labels: Sequence[str]) -> None:
    axes.set_yticks(range(len(labels)), [fill(label, _LABEL_LETTERS) for label in labels])
    axes.set_ylim(max(len(labels), 1) - 0.5, -0.5)  # the first at the top
    axes.spines["left"].set_visible(False)


def _tall(rows: int) -> int:
    return _FRAME_PIXELS + _BAR_PIXELS * max(rows, 1)
