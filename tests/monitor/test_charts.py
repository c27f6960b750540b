"""Charts: safe to show under a strict policy for content, the same each time, and silent about what is masked."""

from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from spc_builders import charted, monday

from cds_service.monitor.bar_charts import SharesRow, _bar, bar_chart, stacked_share_chart
from cds_service.monitor.chart_rules import Rules
from cds_service.monitor.disclosure import Shown, ShownPercentage, disclose_percentage
from cds_service.monitor.drawing import WIDTH, Drawing
from cds_service.monitor.funnel import Outlier, Place, funnel_chart, outliers
from cds_service.monitor.shown_spc import shown_counts
from cds_service.monitor.spc import Annotation, Direction, xmr
from cds_service.monitor.weekly_charts import NamedLine, control_chart, line_chart

_SVG = "{http://www.w3.org/2000/svg}"
_COUNTS = [103, 101] * 10 + [180, 3, *[150, 151] * 8]
_WHOLE = disclose_percentage(Shown(300), Shown(1000))


def _control() -> Drawing:
    begun = Annotation(monday(22), "Pathway <nwl> 1.2 & $more$")
    _, series = charted(_COUNTS, begun, better=Direction.LOWER)
    return control_chart("Orders by week", "Orders rose above the upper limit.", series, Rules().in_words)


def _bars() -> Drawing:
    return bar_chart(
        "Reasons", "Most are about a wait.", [("A wait that is too long", Shown(1250)), ("Other", Shown(None))]
    )


def _shares() -> Drawing:
    rows = [
        SharesRow("CES", Shown(50), (Shown(40), Shown(10))),
        SharesRow("MSCC", Shown(40), (Shown(None), Shown(10))),
        SharesRow("Sarcoma", Shown(0), (Shown(0), Shown(0))),
        SharesRow("Cancer", Shown(None), (Shown(None), Shown(0))),
    ]
    return stacked_share_chart("Answers", "Most are answered.", ("Answered", "Not answered"), rows)


def _lines() -> Drawing:
    return line_chart("Reasons", "No change.", [monday(0), monday(1)], [NamedLine("Other", [Shown(10), Shown(None)])])


def _places() -> list[Place]:
    return [
        Place("North Network", disclose_percentage(Shown(60), Shown(200))),
        Place("South Network", disclose_percentage(Shown(160), Shown(200))),
        Place("East Network", disclose_percentage(Shown(None), Shown(200))),
        Place("West Network", disclose_percentage(Shown(0), Shown(0))),
    ]


def _funnel() -> Drawing:
    return funnel_chart("Accepted", "One stands out.", _places(), _WHOLE, size_words="Cards shown")


def _read(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - the service has just written it


def _words(drawing: Drawing) -> list[str | None]:
    return [element.text for element in _read(drawing.svg()).iter(f"{_SVG}text")]


_CHARTS = pytest.mark.parametrize("make", [_control, _bars, _shares, _lines, _funnel])


@_CHARTS
def test_an_svg_is_named_described_and_free_of_what_a_strict_policy_drops(make: Callable[[], Drawing]) -> None:
    """No style, script, document type, date or address of elsewhere; its name and description are read aloud."""
    drawing = make()
    text = drawing.svg()
    root = _read(text)

    assert root.get("role") == "img"
    assert [root.findtext(f"{_SVG}title"), root.findtext(f"{_SVG}desc")] == [drawing.title, drawing.description]
    assert root.get("aria-labelledby") == "chart-title chart-description"
    assert {element.get("id") for element in root.iter()} >= {"chart-title", "chart-description"}
    assert not {element.tag for element in root.iter()} & {f"{_SVG}style", f"{_SVG}script", f"{_SVG}metadata"}
    assert all("style" not in element.attrib for element in root.iter())
    assert {text.get("font-family") for text in root.iter(f"{_SVG}text")} == {"Arial, Helvetica, sans-serif"}
    assert "<!DOCTYPE" not in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "").replace("http://www.w3.org/1999/xlink", "")


def test_a_chart_is_the_same_each_time() -> None:
    """No date and no random id, so that it can be kept and compared; hatches are what most often differs."""
    assert _shares().svg() == _shares().svg()


def test_a_png_is_of_twice_the_size() -> None:
    """For print; width and height stand in its header."""
    png = _bars().png()

    assert png.startswith(b"\x89PNG")
    assert (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == (2 * WIDTH, 2 * _bars().height)


def test_text_is_text_and_names_are_written_as_they_are() -> None:
    """Letters can be searched and enlarged; a dollar sign begins no formula."""
    words = _words(_control())

    assert "Pathway <nwl> 1.2 & $more$" in words
    assert {"Common cause", "Concern", "Mean", "Limits"} <= set(words)


def test_each_kind_of_point_has_a_shape_of_its_own() -> None:
    """Colour is never alone: the legend has as many marks as kinds, and the masked week has its star."""
    words = _words(_control())

    assert words.count("*") == 1


@pytest.mark.parametrize(
    "names",
    [
        ["No reason", "Setting unknown", "Oncology unknown", "Known by text alone"],
        ["Changed for another scan", "Signed anyway, card in view", "Not signed"],
    ],
)
def test_a_legend_stays_within_its_picture(names: list[str]) -> None:
    """Long names get fewer columns."""
    lines = [NamedLine(name, [Shown(10), Shown(20)]) for name in names]
    figure = line_chart("Missing", "What was missing.", [monday(0), monday(1)], lines)._figure()
    FigureCanvasAgg(figure).draw()

    legend = figure.legends[0].get_window_extent()

    assert legend.x0 >= figure.bbox.x0
    assert legend.x1 <= figure.bbox.x1


def test_a_masked_bar_has_its_star_and_others_their_figure() -> None:
    """Nobody has to read a length."""
    words = set(_words(_bars()))

    assert {"1,250", "*"} <= words


def test_a_row_with_a_masked_part_has_a_bar_with_its_star_and_one_without_a_whole_has_none() -> None:
    """The row that a heading names is there; what is left for the masked part is what the table leaves."""
    words = _words(_shares())

    assert {"*", "* Masked", "*  masked", "none"} <= {*words}
    assert words.count("*") == 1


def test_masked_parts_are_drawn_as_what_the_shown_ones_leave() -> None:
    """30 of 45 not answered are two thirds, at the end of the bar; what rounding adds is not drawn beyond it."""
    assert _bar(SharesRow("MSCC", Shown(45), (Shown(None), Shown(None), Shown(30)))) == (
        [(pytest.approx(100 / 3), 0), (pytest.approx(100 / 3), 0), (pytest.approx(100 / 3), pytest.approx(200 / 3))],
        (0, pytest.approx(100 / 3)),
    )
    assert _bar(SharesRow("CES", Shown(45), (Shown(20), Shown(None), Shown(30)))).masked == (40, 0)


def test_places_outside_the_limits_are_named_and_masked_ones_left_out() -> None:
    """Within the limits nobody is named: it is no league table."""
    words = set(_words(_funnel()))

    assert outliers(_places(), _WHOLE) == [Outlier("South Network", is_high=True)]
    assert "South Network" in words
    assert not {"North Network", "East Network", "West Network"} & words


def test_nothing_is_outside_where_the_whole_is_masked() -> None:
    """There is nothing to compare with."""
    assert outliers(_places(), ShownPercentage(None, Shown(None), Shown(100))) == []


def test_empty_charts_are_drawn() -> None:
    """An empty log is no error."""
    assert "svg" in control_chart("Orders", "None.", shown_counts(xmr([]), [], Direction.LOWER), Rules().in_words).svg()
    assert "svg" in bar_chart("Reasons", "None.", []).svg()


def test_more_than_can_be_told_apart_is_refused() -> None:
    """Five dashes look alike."""
    with pytest.raises(ValueError, match="at most 4"):
        line_chart("x", "x", [monday(0)], [NamedLine(str(number), [Shown(0)]) for number in range(5)])
    with pytest.raises(ValueError, match="at most 4"):
        stacked_share_chart("x", "x", ("a",), [SharesRow("row", Shown(0), (Shown(0), Shown(0)))])


def test_a_line_ends_where_a_week_is_left_out() -> None:
    """Drawn through, it would say that the week was measured."""
    values = [Shown(10), Shown(20), Shown(30), Shown(40)]
    weeks = [monday(0), monday(1), monday(3), monday(4)]
    drawing = line_chart("Reasons", "No change.", weeks, [NamedLine("Other", values)])
    [line] = drawing._figure().axes[0].get_lines()

    assert [*map(str, line.get_ydata())] == ["10.0", "20.0", "nan", "30.0", "40.0"]
