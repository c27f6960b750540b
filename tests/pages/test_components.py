from typing import NamedTuple

from cds_service.pages.fields import Field, Option
from cds_service.pages.frame import Link
from tests.pages.conftest import Draw

MARKUP = "<script>alert(1)</script>"


class Figure(NamedTuple):
    """A figure as the monitor gives it."""

    label: str
    value: object
    definition: str | None
    note: str | None


def test_a_table_has_a_caption_and_scopes(draw: Draw) -> None:
    """Each row is headed by its first cell; what is too wide can be moved along by keyboard."""
    drawn = draw('{{ ui.table("By week", ["Week", "Orders"], [["1 June", 12345], ["8 June", none]], numeric=[1]) }}')

    assert [head["scope"] for head in drawn.all("th")] == ["col", "col", "row", "row"]
    assert drawn.all("div")[0] == {"class": "across", "role": "region", "aria-label": "Table: By week", "tabindex": "0"}
    assert "12,345" in drawn.words
    assert "none" in drawn.words
    assert [cell.get("class") for cell in drawn.all("td")] == ["numeric", "numeric"]


def test_an_empty_table_says_so(draw: Draw) -> None:
    """It does not stand there without a row."""
    assert "Nothing to show." in draw('{{ ui.table("By week", ["Week"], []) }}').words


def test_a_cell_can_be_a_link_a_tag_or_a_hidden_count(draw: Draw) -> None:
    """A link gets the public prefix, a tag stays markup, an asterisk stays an asterisk."""
    drawn = draw(
        '{{ ui.table("x", ["a", "b", "c"], [[link, ui.tag("Red flag", "critical"), "*"]]) }}',
        link=Link("Brent", "/monitor/where?borough=Brent"),
    )

    assert drawn.all("a") == [{"href": "/msk/monitor/where?borough=Brent"}]
    assert drawn.all("strong") == [{"class": "tag critical"}]
    assert "*" in drawn.text


def test_whatever_is_shown_is_escaped(draw: Draw) -> None:
    """In words, attributes, options, alternative texts and boxes alike."""
    field = Field("q", MARKUP, "text", values=(f'"{MARKUP}',), hint=MARKUP, error=MARKUP)
    choice = Field("c", MARKUP, "select", (Option(f'"{MARKUP}', MARKUP, MARKUP),))
    drawn = draw(
        "{{ ui.table(m, [m], [[m]], note=m) }}{{ ui.tag(m) }}{{ ui.error_summary([f]) }}{{ ui.form('/x', [f, c]) }}"
        "{{ ui.kpi(m, m, '/d', m) }}{{ ui.chart('i', m, m, '/i', [m], [[m]]) }}{{ ui.copyable('t', m, m) }}"
        "{{ ui.summary_list([(m, m, m)]) }}{{ ui.breadcrumb([l]) }}"
        "{% call ui.warning(m) %}{{ m }}{% endcall %}{% call ui.details(m) %}{{ m }}{% endcall %}",
        m=MARKUP,
        f=field,
        c=choice,
        l=Link(MARKUP, "/x"),
    )

    assert drawn.all("script") == []
    assert "<script" not in drawn.html


def test_a_form_keeps_its_state_in_the_url(draw: Draw) -> None:
    """GET, with what is chosen marked, and hidden values kept."""
    region = Field("region", "Region", "select", (Option("", "All"), Option("nwl", "North West London")), ("nwl",))
    drawn = draw(
        "{{ ui.form('/monitor', fields, reset='/monitor') }}",
        fields=[region, Field("from", "From", "date", values=("2026-06-01",)), Field("hook", "", "hidden", (), ("x",))],
    )

    assert drawn.all("form") == [{"class": "filter", "action": "/msk/monitor", "method": "get", "novalidate": None}]
    assert [option["value"] for option in drawn.all("option") if "selected" in option] == ["nwl"]
    assert {(one["type"], one["value"]) for one in drawn.all("input")} == {("hidden", "x"), ("date", "2026-06-01")}
    labelled = {label["for"] for label in drawn.all("label")}
    assert labelled == {element["id"] for element in (*drawn.all("select"), *drawn.all("input")) if "id" in element}


def test_choices_stand_under_their_headings_with_a_label_each(draw: Draw) -> None:
    """A set of checkboxes is one field with one legend; the first box bears the field's own id, for the error link."""
    reasons = Field(
        "reason",
        "Reasons",
        "checkboxes",
        (Option("a", "Pain", "Symptoms"), Option("b", "Tumour", "Cancer"), Option("c", "Ache", "Symptoms")),
        ("b", "c"),
        error="Choose fewer",
    )
    drawn = draw("{{ ui.form('/checker', [field]) }}{{ ui.error_summary([field]) }}", field=reasons)

    boxes = drawn.all("input")
    assert [box["value"] for box in boxes] == ["a", "c", "b"]
    assert [box["value"] for box in boxes if "checked" in box] == ["c", "b"]
    assert [box["id"] for box in boxes] == [label["for"] for label in drawn.all("label")]
    assert {"href": "#reason"} in drawn.all("a")
    assert boxes[0]["id"] == "reason"
    assert drawn.all("fieldset")[0]["aria-describedby"] == " reason-error"


def test_errors_are_told_at_the_top_and_at_the_field(draw: Draw) -> None:
    """And nothing is drawn where there is none."""
    good, bad = Field("a", "A", "text"), Field("b", "B", "text", values=("x",), error="b is 'x': write a number")

    assert draw("{{ ui.error_summary([field]) }}", field=good).words == ""
    drawn = draw("{{ ui.error_summary([field]) }}{{ ui.form('/', [field]) }}", field=bad)
    assert drawn.words.count("b is 'x': write a number") == 2
    assert drawn.all("input")[0]["aria-invalid"] == "true"


def test_a_chart_says_its_finding_in_words_and_in_a_table(draw: Draw) -> None:
    """The picture is never alone, and each download says of what it is."""
    drawn = draw(
        "{{ ui.chart('c1', 'Orders fell', 'Orders fell from 40 to 30 a week.', svg|image_data, ['Week', 'Orders'],"
        " [['1 June', 40]], numeric=[1], csv='/a.csv?x=1', png='/a.png') }}",
        svg="<svg/>",
    )

    (picture,) = drawn.all("img")
    assert picture == {"src": "data:image/svg+xml;base64,PHN2Zy8+", "alt": "Orders fell from 40 to 30 a week."}
    assert drawn.all("table") != []
    assert [link["href"] for link in drawn.all("a")] == ["/msk/a.csv?x=1", "/msk/a.png"]
    assert "CSV of: Orders fell" in drawn.words


def test_a_figure_leads_to_its_definition(draw: Draw) -> None:
    """One click away."""
    figure = Figure("Orders", 1234, "/monitor/definitions#orders", "26 weeks")
    drawn = draw("{{ ui.kpis([figure]) }}", figure=figure)

    assert drawn.all("a") == [{"href": "/msk/monitor/definitions#orders"}]
    assert "1,234" in drawn.text


def test_every_outcome_that_speaks_has_a_kind_of_tag(draw: Draw) -> None:
    """And what is silent is neutral."""
    assert draw("{{ ui.outcome_kind('ces') }} {{ ui.outcome_kind('fcp_exempt') }}").words == "critical neutral"


def test_a_text_to_copy_has_a_label_and_can_be_opened_alone(draw: Draw) -> None:
    """With a keyboard it is selected like any text of a form."""
    drawn = draw("{{ ui.copyable('request', 'What is sent', text, '/checker/request.json?a=b') }}", text='{"a": 1}')

    assert drawn.all("label") == [{"for": "request"}]
    assert "readonly" in drawn.all("textarea")[0]
    assert drawn.all("a") == [{"href": "/msk/checker/request.json?a=b"}]
