"""One drawing as SVG for a page and as PNG for a board paper, by matplotlib without its global state.

Matplotlib takes most of a second to load, and the service must start within two and stay small where it only answers
calls; so it is loaded with the first chart.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK: Final = "#212b32"
SOFT: Final = "#4c6272"
LINE: Final = "#d8dde0"
PAPER: Final = "#ffffff"
PURPLE: Final = "#490092"

ON_PAPER: Final = {"facecolor": PAPER, "edgecolor": "none", "pad": 1}
"""What a text stands on where lines would run through it."""

WIDTH: Final = 640
"""Of every drawing, in pixels."""

TEXT_SIZE: Final = 13
"""Of all text, in points; 17 pixels at the drawing's own size."""

_PIXELS_PER_INCH: Final = 96
_PNG_PIXELS_PER_INCH: Final = 192
_FONTS: Final = "Arial, Helvetica, sans-serif"
_SVG: Final = "http://www.w3.org/2000/svg"
_XLINK: Final = "http://www.w3.org/1999/xlink"
_SETTINGS: Final[dict[Any, Any]] = {
    "font.family": ["DejaVu Sans"],  # the one that comes with matplotlib; it is wider than what the SVG asks for
    "font.size": TEXT_SIZE,
    "svg.fonttype": "none",
    "svg.hashsalt": "cds-service",
    "text.parse_math": False,  # a place's name may hold a dollar sign
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A chart of values that may be shown.

    Attributes:
        title: what is drawn, one line.
        description: what the chart says, for those who do not see it.
        height: in pixels.
        draw: puts the marks on the axes.
    """

    title: str
    description: str
    height: int = 420
    draw: "Callable[[Axes], None]"

    def svg(self) -> str:
        """As a picture for a page: no script, no style, nothing from elsewhere; text is text."""
        written = BytesIO()
        self._figure().savefig(written, format="svg", metadata={"Date": None, "Creator": None})
        return _plain_svg(written.getvalue(), self.title, self.description, WIDTH, self.height)

    def png(self) -> bytes:
        """As a picture for a paper, at twice the size."""
        written = BytesIO()
        self._figure().savefig(written, format="png", dpi=_PNG_PIXELS_PER_INCH, metadata={"Software": None})
        return written.getvalue()

    def _figure(self) -> "Figure":
        figure = _new_figure()(
            figsize=(WIDTH / _PIXELS_PER_INCH, self.height / _PIXELS_PER_INCH),
            dpi=_PIXELS_PER_INCH,
            layout="constrained",
            facecolor=PAPER,
        )
        axes = figure.add_subplot()
        figure.suptitle(self.title, x=0.01, ha="left", fontsize=TEXT_SIZE, fontweight="bold")
        self.draw(axes)
        return figure


@cache
def _new_figure() -> "type[Figure]":
    import matplotlib as mpl  # noqa: PLC0415 - see the module's docstring
    from matplotlib.figure import Figure  # noqa: PLC0415 - see the module's docstring

    mpl.rcParams.update(_SETTINGS)  # nothing else in the service draws
    return Figure


def _plain_svg(drawn: bytes, title: str, description: str, width: int, height: int) -> str:
    """The same picture with attributes in place of styles, which a strict policy for content would drop."""
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)
    root = ET.fromstring(drawn)  # noqa: S314 - matplotlib has just written it
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in {f"{{{_SVG}}}style", f"{{{_SVG}}}metadata"}:
                parent.remove(child)
    for element in root.iter():
        for name, value in _declarations(element.attrib.pop("style", "")):
            element.set(name, value)
    attributes = {
        "width": str(width),
        "height": str(height),
        "role": "img",
        "aria-labelledby": "chart-title chart-description",
        "stroke-linejoin": "round",
        "stroke-linecap": "butt",
    }
    root.attrib.update(attributes)
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        told = ET.Element(f"{{{_SVG}}}{tag}", {"id": "chart-title" if tag == "title" else "chart-description"})
        told.text = text
        root.insert(place, told)
    return ET.tostring(root, encoding="unicode")


def _declarations(style: str) -> Iterator[tuple[str, str]]:
    """A style's declarations as attributes.

    A font is written out in full, since its short form, which older releases of matplotlib use, is no attribute.
    """
    for declaration in filter(None, map(str.strip, style.split(";"))):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font-family":
            yield name, _FONTS
        elif name == "font":
            yield "font-size", next(part for part in value.split() if part.endswith("px"))
            yield "font-family", _FONTS
            if "bold" in value or "700" in value:
                yield "font-weight", "bold"
        else:
            yield name, value


def plain_axes(axes: "Axes", *, grid: str = "y") -> None:
    """Light lines to read values by, behind the marks, and no ticks."""
    chosen: Any = grid  # matplotlib's types want a literal
    axes.grid(axis=chosen, color=LINE, linewidth=1)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)


_LETTERS_ACROSS: Final = 76
_LETTERS_OF_A_MARK: Final = 7
_MOST_LEGEND_COLUMNS: Final = 4


def put_legend(axes: "Axes") -> None:
    """What each mark means, below the axes, in as many columns as there is room for; nothing where nothing is named."""
    labels = axes.get_legend_handles_labels()[1]
    if labels:
        widest = max(map(len, labels)) + _LETTERS_OF_A_MARK
        columns = max(1, min(_MOST_LEGEND_COLUMNS, _LETTERS_ACROSS // widest))
        axes.figure.legend(loc="outside lower left", ncols=columns, frameon=False, fontsize=TEXT_SIZE - 1, borderpad=0)
