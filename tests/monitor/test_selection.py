from datetime import date
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.cardlog.report_rows import Filters
from cds_service.monitor.period import Period
from cds_service.monitor.selection import Field, Selection, SelectionError, read_selection

TODAY = date(2026, 11, 30)
REGIONS = ("nel", "nwl")
EVERYTHING = [
    ("region", "nwl"),
    ("from", "2026-11-02"),
    ("to", "2026-11-29"),
    ("outcome", "redirect"),
    ("modality", "mri"),
    ("hook", "order-sign"),
    ("client", "demo-ehr"),
    ("borough", "Brent"),
    ("pcn", "Z99P01"),
]


def read(*query: tuple[str, str]) -> Selection:
    """What a query asks for."""
    return read_selection(query, REGIONS, TODAY)


def test_nothing_asks_for_the_latest_half_year() -> None:
    """The usual period, and nothing narrowed."""
    selection = read()

    assert selection == Selection(period=Period.latest(26, TODAY))
    assert selection.narrowed_by() == ()
    assert selection.query() == ""


def test_everything_can_be_asked() -> None:
    """Each parameter narrows, and what the log is asked says so."""
    selection = read(*EVERYTHING)

    assert selection.filters(REGIONS) == Filters(
        first=date(2026, 11, 2),
        last=date(2026, 11, 29),
        regions=("nwl",),
        outcomes=("redirect",),
        modality="mri",
        hook="order-sign",
        client_id="demo-ehr",
    )
    assert (selection.borough, selection.pcn) == ("Brent", "Z99P01")


def test_without_a_region_the_readers_own_are_asked_for() -> None:
    """Never all: a reader may see some footprints alone."""
    assert read().filters(("nel",)).regions == ("nel",)


def test_an_empty_parameter_asks_for_nothing() -> None:
    """A form sends every field."""
    assert read(("region", ""), ("from", ""), ("to", " "), ("weeks", "26")) == read()


@pytest.mark.parametrize("query", [[], EVERYTHING, [("weeks", "52")], [("weeks", "4"), ("pcn", "A & B, 50% = x")]])
def test_a_link_says_what_the_page_was_asked(query: list[tuple[str, str]]) -> None:
    """The query of a selection reads as the same selection."""
    selection = read(*query)

    assert read(*parse_qsl(selection.query().removeprefix("?"))) == selection


def test_a_link_changes_one_thing_and_keeps_the_rest() -> None:
    """So that filters go along from page to page."""
    assert read(*EVERYTHING).query(pcn=None, borough="Ealing") == (
        "?region=nwl&from=2026-11-02&to=2026-11-29&outcome=redirect&modality=mri&hook=order-sign&client=demo-ehr"
        "&borough=Ealing"
    )


def test_what_a_page_cannot_be_narrowed_by_is_taken_away_by_name() -> None:
    """The page says which; it does not happen by itself."""
    selection = read(*EVERYTHING).without([Field.HOOK, Field.CLIENT])

    assert (selection.hook, selection.client) == (None, None)
    assert selection.region == "nwl"


def test_two_days_say_more_than_the_preset_that_the_form_sends_along() -> None:
    """A form with dates filled in sends its number of weeks too."""
    assert read(("weeks", "26"), ("from", "2026-11-02"), ("to", "2026-11-29")).weeks is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ([("region", "Z9B2Z")], "region"),
        ([("region", "NWL")], "region"),
        ([("region", "nwl"), ("region", "nel")], "region"),
        ([("outcome", "redirected")], "outcome"),
        ([("modality", "MRI")], "modality"),
        ([("hook", "patient-view")], "hook"),
        ([("client", "<script>")], "client"),
        ([("client", "x" * 65)], "client"),
        ([("borough", "x" * 81)], "borough"),
        ([("weeks", "0")], "weeks"),
        ([("weeks", "109")], "weeks"),
        ([("weeks", "25")], "weeks"),
        ([("weeks", "-4")], "weeks"),
        ([("weeks", "2²")], "weeks"),
        ([("weeks", "9" * 5000)], "weeks"),
        ([("from", "2026-11-02")], "to"),
        ([("to", "2026-11-29")], "from"),
        ([("from", "02/11/2026"), ("to", "2026-11-29")], "from"),
        ([("from", "20261102"), ("to", "2026-11-29")], "from"),
        ([("from", "2026-W45-1"), ("to", "2026-11-29")], "from"),
        ([("from", "2026-11-02"), ("to", "2026-11-31")], "to"),
        ([("from", "0001-01-01"), ("to", "2026-11-29")], "from"),
        ([("from", "2026-11-29"), ("to", "2026-11-02")], "to"),
        ([("from", "2026-11-03"), ("to", "2026-11-29")], "from"),
        ([("from", "2027-01-04"), ("to", "2027-01-31")], "from"),
        ([("from", "2020-01-06"), ("to", "2026-11-29")], "from"),
        ([("practice", "Z99001")], "region"),
    ],
)
def test_what_cannot_be_meant_is_an_error_beside_its_field(query: list[tuple[str, str]], field: str) -> None:
    """And never a page with other figures than were asked for; the message says how to mend it."""
    with pytest.raises(SelectionError) as raised:
        read(*query)

    assert [problem.field for problem in raised.value.problems] == [field]
    assert all(problem.message.endswith(".") for problem in raised.value.problems)


def test_all_errors_are_told_at_once() -> None:
    """Nobody likes to be told of one after the other."""
    with pytest.raises(SelectionError, match=r"outcome: .*; modality: ") as raised:
        read(("outcome", "x"), ("modality", "y"))

    assert len(raised.value.problems) == 2


@given(st.lists(st.tuples(st.sampled_from([*Field, "else"]), st.text(max_size=12)), max_size=6))
def test_any_query_is_read_or_refused(query: list[tuple[str, str]]) -> None:
    """Nothing that a reader can write into an address raises anything else, and what is read can be written back."""
    try:
        selection = read_selection(query, REGIONS, TODAY)
    except SelectionError:
        return
    assert read_selection(parse_qsl(selection.query().removeprefix("?")), REGIONS, TODAY) == selection
