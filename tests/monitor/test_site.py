import csv
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from html import unescape
from io import StringIO
from pathlib import Path
from typing import Any

import figure_log
import pytest
from attackers import room
from event_builders import carded
from reader import EVERYWHERE, Reader

from cds_service.cardlog.schema import metadata
from cds_service.monitor.access.permissions import Permission
from cds_service.monitor.asked import Asked
from cds_service.monitor.contents import FIGURE_PAGES
from cds_service.monitor.definitions import DEFINITIONS
from cds_service.monitor.disclosure import ShownPercentage
from cds_service.monitor.period import Period
from cds_service.monitor.selection import Selection
from cds_service.monitor.sources import Sources
from cds_service.pathway.facts import Modality
from cds_service.pathway.model import Suspension
from cds_service.pathway.outcomes import RED_FLAGS, Outcome

_BY_PRACTICE = "/monitor/where/by-place.csv?region=nwl&borough=Brent&pcn=Larkfield+PCN"
_NONE = "\N{EN DASH} none"
_NO_COUNT = frozenset({"*", "0", "", "n/a", "none"})
FILTERS = (
    "",
    "?weeks=4",
    "?region=nwl",
    "?region=nwl&borough=Brent",
    "?region=nwl&borough=Brent&pcn=Larkfield+PCN",
    "?outcome=ces",
    "?outcome=redirect&modality=mri",
    "?hook=order-sign&client=ehr-two",
    "?from=2026-11-02&to=2026-11-29",
)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sources]:
    """A log of sixteen weeks with many small counts."""
    engine = figure_log.fill(tmp_path_factory.mktemp("log") / "log.sqlite3")
    yield figure_log.sources_of(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def analyst(sources: Sources) -> Reader:
    """Somebody who may see everything but red-flag cards one by one."""
    return Reader(sources)


def plain(html: str) -> str:
    """The words of a page."""
    return unescape(re.sub(r"<[^>]+>", " ", html))


@pytest.mark.parametrize("query", FILTERS)
def test_no_page_and_no_file_shows_a_small_count(analyst: Reader, query: str) -> None:
    """Every count about people is 0, masked, or a multiple of 5 from 10 on, whatever is asked."""
    for path in analyst.paths():
        said = analyst.text(f"{path}{query}") if not path.endswith(("svg", "png")) else ""
        for figure in _figures(path, said):
            assert figure in _NO_COUNT or (int(figure) % 5 == 0 and int(figure) >= 10), (path, figure)


def _figures(path: str, said: str) -> list[str]:
    """The counts of a page or file; percentages are made from rounded counts, and have a test of their own."""
    if path.endswith(".csv") and "data_dictionary" not in path:
        rows = list(csv.DictReader(StringIO(said)))
        return [value for row in rows for name, value in row.items() if _is_count(name)]
    if path.endswith(".json"):
        return [str(value or 0) for row in json.loads(said)["rows"] for name, value in row.items() if _is_count(name)]
    cells = re.findall(r'<td class="numeric">(.*?)</td>', said) + re.findall(r'class="value">(.*?)</p>', said)
    counts = [plain(cell).split()[-1].replace(",", "") for cell in cells]
    spoken = re.findall(r"\(([\d,]+) of ([\d,]+)\)", said)
    return [count for count in counts if "%" not in count] + [each.replace(",", "") for pair in spoken for each in pair]


def _is_count(name: str) -> bool:
    return name.startswith(
        (
            "orders",
            "firings",
            "cards",
            "accepted",
            "overrid",
            "not_",
            "calls",
            "silent",
            "out_of",
            "exempt",
            "without",
            "setting",
        )
    ) and not name.endswith("percent")


def test_what_is_masked_on_one_page_is_masked_in_its_files(analyst: Reader) -> None:
    """CSV, JSON and page are made from one table."""
    rows = list(csv.reader(StringIO(analyst.text("/monitor/red-flags/by-outcome.csv"))))
    told = json.loads(analyst.text("/monitor/red-flags/by-outcome.json"))["rows"]
    page = plain(analyst.text("/monitor/red-flags"))

    assert [row[1] for row in rows[1:]] == [str(row["cards_shown"]) for row in told]
    assert "*" in [row[1] for row in rows[1:]] + [row[4] for row in rows[1:]]
    assert "* stands for 1 to 7" in page


@pytest.mark.parametrize("outcome", RED_FLAGS)
@pytest.mark.parametrize("place", ["", "&borough=Brent", "&borough=Brent&pcn=Larkfield+PCN"])
def test_no_place_below_the_footprint_is_named_for_a_red_flag(analyst: Reader, outcome: str, place: str) -> None:
    """A list of practices that had one this week would be as good as the count; the page has the footprint alone."""
    query = f"?region=nwl&outcome={outcome}{place}"
    rows = list(csv.DictReader(StringIO(analyst.text(f"/monitor/where/by-place.csv{query}"))))
    said = plain(analyst.text(f"/monitor/where{query}"))

    assert {row["place"] for row in rows} <= {"North West London"}
    assert "Z99" not in said
    assert "Red flags are not shown below the footprint" in said or "Nothing was logged" in said


def test_orders_of_places_do_not_hold_red_flags(tmp_path: Path) -> None:
    """Else all orders of a large practice, less those of each other outcome, would be its red flags."""
    tables = []
    for outcome in (Outcome.REDIRECT, Outcome.CES):
        redirects = [carded(number) for number in range(40)]
        others = [carded(number, outcome=outcome) for number in range(40, 60)]
        engine = figure_log.of_records(tmp_path / f"{outcome}.sqlite3", [*redirects, *others])
        reader = Reader(figure_log.sources_of(engine))
        tables.append([row["firings"] for row in csv.DictReader(StringIO(reader.text(_BY_PRACTICE)))])
        engine.dispose()

    assert tables == [["60"], ["40"]]


@pytest.mark.parametrize(
    ("field", "values", "facts"),
    [
        ("client", ["ehr-a", "ehr-b", "ehr-c"], [{"client_id": each} for each in ("ehr-a", "ehr-b", "ehr-c")]),
        ("modality", list(Modality), [{"modality": each} for each in Modality]),
        ("region", ["nwl", "nel", "unresolved"], [{"region": each} for each in ("nwl", "nel", "unresolved")]),
        ("outcome", [*RED_FLAGS[:3]], [{"outcome": each} for each in RED_FLAGS[:3]]),
    ],
)
def test_a_page_that_is_narrowed_to_each_value_does_not_tell_the_smallest(
    tmp_path: Path, field: str, values: list[str], facts: list[dict[str, Any]]
) -> None:
    """8, 8 and 1 cards are 17: 15 or more in all, less 10 and 10 rounded, would leave nothing but 1."""
    kinds = [fact for fact, count in zip(facts, (8, 8, 1), strict=True) for _ in range(count)]
    records = [carded(number, **{"outcome": Outcome.ONCOLOGY, **fact}) for number, fact in enumerate(kinds)]
    engine = figure_log.of_records(tmp_path / "log.sqlite3", records)
    reader = Reader(figure_log.sources_of(engine))
    for address, column, row in (
        ("/monitor/red-flags/by-outcome.csv", "cards_shown", -1),
        ("/monitor/red-flags/by-ehr.csv", "cards_shown", -1),
        ("/monitor/red-flags/over-time.csv", "cards_shown", -1),
        ("/monitor/overview/outcomes.csv", None, -1),
        ("/monitor/overview/weekly-firings.csv", None, 0),
        ("/monitor/overrides/by-outcome.csv", "cards_shown", -1),
        ("/monitor/data-quality/by-week.csv", None, 0),
    ):
        parts = [_last(reader.text(f"{address}?{field}={value}"), column, row) for value in values]

        assert parts[2] == "*"
        assert len(room("15", parts[:2])) > 2, (address, parts)
    engine.dispose()


def _last(said: str, column: str | None, row: int) -> str:
    rows = list(csv.DictReader(StringIO(said)))
    return rows[row][column] if column else list(rows[row].values())[1]


def test_every_address_needs_a_permission_of_its_kind(analyst: Reader) -> None:
    """Files of figures are for those who may export, the list of cards for the clinical safety role."""
    files = {path for path in analyst.pages if path.endswith((".csv", ".json", ".png"))}

    assert {analyst.permission(path) for path in files} == {Permission.EXPORT_FIGURES}
    assert analyst.permission("/monitor/red-flags/cards") is Permission.SEE_RED_FLAG_CARDS
    assert len(files) > 30


def test_a_picture_is_a_file_for_those_who_may_export(sources: Sources, analyst: Reader) -> None:
    """Whoever only sees the charts is led to none, and to no picture to take away."""
    shown, exported = Reader(sources, "viewer").text("/monitor"), analyst.text("/monitor")

    assert [ending in shown for ending in (".svg", ".png", ".csv")] == [True, False, False]
    assert [ending in exported for ending in (".svg", ".png", ".csv")] == [True, True, True]


def test_a_viewer_is_offered_no_file_and_no_page_that_is_closed(sources: Sources) -> None:
    """A link that would be refused is not drawn."""
    said = Reader(sources, "viewer").text("/monitor")

    assert ".csv" not in said
    assert "/monitor/downloads" not in said
    assert "/monitor/access-log" not in said


@pytest.mark.parametrize("query", ["?outcome=redirected", "?from=2026-11-02", "?practice=Z99001"])
def test_an_address_that_cannot_be_meant_is_told_beside_its_field(analyst: Reader, query: str) -> None:
    """With 400, without any figure, and the same on pages and for files."""
    for path in analyst.paths():
        answer = analyst.get(f"{path}{query}")
        said = bytes(answer.body).decode()

        assert answer.status_code == 400
        assert "There is a problem" in said
        assert not re.search(r'class="value"', said)


@pytest.mark.parametrize("field", ["borough", "pcn"])
def test_the_error_of_a_place_leads_to_a_field(analyst: Reader, field: str) -> None:
    """It is hidden otherwise, and a link to it would lead nowhere."""
    said = bytes(analyst.get(f"/monitor/where?region=nwl&{field}={'x' * 81}").body).decode()

    assert f'href="#{field}"' in said
    assert re.search(rf'<input[^>]* id="{field}"', said)


def test_filters_go_along_from_page_to_page(analyst: Reader) -> None:
    """Every link of the navigation and every file keeps them, also those that this page cannot meet."""
    said = unescape(analyst.text("/monitor/episodes?region=nwl&hook=order-sign&weeks=16"))

    for address in ("/monitor/overrides", "/monitor/where", "/monitor/episodes/states.csv", "/monitor/downloads"):
        assert f'href="{address}?region=nwl&weeks=16&hook=order-sign"' in said
    assert "Not narrowed by hook: an episode is made of both hooks." in said


def test_a_file_says_of_what_it_is(analyst: Reader) -> None:
    """Its name has table, footprint, period, filters, pathway version and state."""
    headers = analyst.headers("/monitor/overview/outcomes.csv?region=nwl&modality=mri&weeks=4")

    assert headers["content-disposition"] == (
        'attachment; filename="overview-outcomes_nwl_2026-11-02_2026-11-29_mri_nwl-1.2_demo_suppressed.csv"'
    )
    assert headers["cache-control"] == "no-store"


def test_a_spreadsheet_takes_no_code_for_a_formula(analyst: Reader) -> None:
    """A code comes from an EHR and could begin like one."""
    rows = list(csv.reader(StringIO(analyst.text("/monitor/data-quality/unknown-procedures.csv"))))

    assert [row[2] for row in rows[1:]] == ["MRXYZ", "'=1+1", "USABC"]


def test_the_data_dictionary_explains_every_field(analyst: Reader) -> None:
    """Each column of each table has a meaning."""
    explained = {(row["table"], row["field"]): row["meaning"] for row in _dictionary(analyst)}
    tables = [path for path in analyst.paths() if path.endswith(".csv") and "dictionary" not in path]

    for path in tables:
        name = path.removeprefix("/monitor/").removesuffix(".csv").replace("/", "-")
        header = analyst.text(path).splitlines()[0].split(",")
        assert all(explained[name, field] for field in header)


def _dictionary(reader: Reader) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(reader.text("/monitor/downloads/data_dictionary.csv"))))


def test_calls_of_an_ehr_are_for_those_who_see_all_its_footprints(sources: Sources) -> None:
    """A call has no footprint; both EHRs order in both."""
    assert "ehr-one" in Reader(sources).text("/monitor/data-quality/calls.csv")
    assert "ehr-one" not in Reader(sources, footprints=("nwl",)).text("/monitor/data-quality/calls.csv")


def test_places_stand_in_the_order_of_their_names_and_can_be_looked_into(analyst: Reader) -> None:
    """Footprint, borough, network, practice; nobody is ranked."""
    said = unescape(analyst.text("/monitor/where?region=nwl"))

    assert said.index("borough=Brent") < said.index("borough=Ealing")
    assert "Larkspur Demo Surgery (Z99001)" in analyst.text("/monitor/where?region=nwl&borough=Brent&pcn=Larkfield+PCN")


def test_pathways_say_how_many_days_are_left_to_review(analyst: Reader) -> None:
    """North West London's review is due on 1 January 2027."""
    said = plain(analyst.text("/monitor/pathways"))

    assert "32 days to review" in said
    assert "implausible" in said


def test_a_pathway_past_its_review_says_so(sources: Sources) -> None:
    """The day after, and each day more."""
    later = figure_log.sources_of(sources.engine, datetime(2027, 1, 3, 9, tzinfo=UTC))

    assert "Past review by 2 days" in plain(Reader(later).text("/monitor/pathways"))


def test_pathways_say_what_changed_when(sources: Sources) -> None:
    """Every version, the newest first: its days, who suspended it and why, and its sign-off without a name."""
    first = sources.pathways()["nwl"].model_copy(update={"until": date(2026, 8, 31)})
    stopped = Suspension(by="A. Name, Example ICB", reason="a wrong telephone number", since=date(2026, 11, 2))
    second = first.model_copy(
        update={"version": "1.3", "effective": date(2026, 9, 3), "until": None, "suspension": stopped}
    )
    changed = replace(
        sources,
        pathways=lambda: {"nwl": second},
        versions=lambda: [first, second],
        sign_offs=lambda: {("nwl", "1.2"): "signed off on 1 June 2025 (Clinical Safety Officer)"},
    )

    said = Reader(changed).text("/monitor/pathways")
    table = said[said.index("What changed when: North West London</caption>") :]
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)[1:]

    assert "suspended: CES and MSCC alone speak, nationally" in said
    assert [[" ".join(plain(cell).split()) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in rows] == [
        [
            "1.3",
            "3 September 2026",
            _NONE,
            "from 2 November 2026, by A. Name, Example ICB: a wrong telephone number",
            "1 January 2027",
            "not signed off",
            "7 September 2026",
        ],
        [
            "1.2",
            "1 July 2025",
            "until 31 August 2026; superseded on 3 September 2026 by 1.3",
            _NONE,
            "1 January 2027",
            "signed off on 1 June 2025 (Clinical Safety Officer)",
            "7 July 2025",
        ],
    ]
    assert "since North West London pathway 1.3" in plain(Reader(changed).text("/monitor?region=nwl"))


def test_versions_of_another_region_are_not_told(sources: Sources) -> None:
    """A footprint's reader sees the history of that footprint."""
    said = Reader(sources, footprints=("nwl",)).text("/monitor/pathways")

    assert "What changed when: North West London" in said
    assert "North East London" not in said


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"effective": date(2026, 12, 1)}, "not yet: from 1 December 2026"),
        ({"until": date(2026, 11, 29)}, "no longer: until 29 November 2026"),
    ],
)
def test_a_pathway_that_is_not_in_force_says_so(sources: Sources, changes: dict[str, date], told: str) -> None:
    """Before its first day and after its last."""
    pathway = sources.pathways()["nwl"].model_copy(update=changes)
    changed = replace(sources, pathways=lambda: {"nwl": pathway})

    assert told in Reader(changed).text("/monitor/pathways")


def test_every_number_leads_to_its_definition(analyst: Reader) -> None:
    """One click away, and there is such an entry."""
    definitions = analyst.text("/monitor/definitions")
    linked = {
        name
        for path in analyst.paths()
        if "." not in path
        for name in re.findall(r'href="/monitor/definitions#([\w-]+)"', analyst.text(path))
    }

    assert len(linked) > 10
    assert all(f'id="{name}"' in definitions for name in linked)


@pytest.mark.parametrize("page", ["", "/red-flags", "/overrides", "/first-contact-practitioners", "/data-quality"])
def test_a_period_that_the_log_does_not_reach_back_over_is_not_compared_with(analyst: Reader, page: str) -> None:
    """The log has sixteen weeks: nothing was counted in the 26 before them, which is not 0."""
    whole, part = (plain(analyst.text(f"/monitor{page}{weeks}")) for weeks in ("?weeks=4", ""))

    assert "compared with as many weeks before" in whole
    assert "Period before: " in whole
    assert "does not reach back over as many weeks before" in part
    assert "No figures of the whole period before" in part
    assert "Period before: " not in part


def test_reasons_of_a_period_that_was_not_logged_are_empty_and_not_nought(analyst: Reader) -> None:
    """Nor said to be 0."""
    [whole, part] = [
        list(csv.DictReader(StringIO(analyst.text(f"/monitor/overrides/reasons.csv{weeks}"))))
        for weeks in ("?weeks=4", "")
    ]

    assert all(row["overrides_before"] for row in whole)
    assert not any(row["overrides_before"] for row in part)
    assert "in the period before, " not in plain(analyst.text("/monitor/overrides"))


@pytest.mark.parametrize("query", ["?borough=Brent", "?region=nwl&pcn=Larkfield+PCN", "?pcn=Larkfield+PCN"])
def test_a_place_cannot_be_meant_without_the_one_that_it_lies_in(analyst: Reader, query: str) -> None:
    """Its file would hold the figures of all, under its name; a page that has no places leaves it alone and says so."""
    for address in ("/monitor/where", "/monitor/where/by-place.csv"):
        assert analyst.get(f"{address}{query}").status_code == 400
    assert "Stands without its" in analyst.text(f"/monitor/where{query}")
    assert "Not narrowed by" in analyst.text(f"/monitor{query}")


def test_red_flags_of_a_borough_are_in_no_file_that_is_named_after_it(analyst: Reader) -> None:
    """They are told of the footprint alone: the file says so, and the page."""
    query = "?region=nwl&borough=Brent&pcn=Larkfield+PCN&outcome=ces"
    told = json.loads(analyst.text(f"/monitor/where/by-place.json{query}"))

    assert "Brent" not in analyst.headers(f"/monitor/where/by-place.csv{query}")["content-disposition"]
    assert told["filters"] == {"outcome": "ces"}
    assert told["not_narrowed_by"] == ["borough", "pcn"]
    assert "Not narrowed by borough: red flags are not shown below the footprint." in analyst.text(
        f"/monitor/where{query}"
    )


def test_what_is_not_known_is_not_counted_as_a_place(analyst: Reader) -> None:
    """It is a row of the table; two boroughs are two boroughs."""
    assert "came from 2 boroughs, and orders of no known borough." in plain(analyst.text("/monitor/where?region=nwl"))
    assert "came from 2 footprints, and orders of no known footprint." in plain(analyst.text("/monitor/where"))


def test_a_period_longer_than_the_log_is_said_to_be_so(analyst: Reader) -> None:
    """Sixteen weeks are not twenty-six, and what is compared with nothing does not say that it is."""
    for page in ("", "/where", "/episodes", "/downloads"):
        said = plain(analyst.text(f"/monitor{page}"))
        assert "(26 weeks), of which the log has 16, from the week of 10 August 2026 on." in said
    assert "of which the log has" not in analyst.text("/monitor?weeks=16")
    for page in ("/where", "/episodes", "/downloads"):
        assert "weeks before" not in analyst.text(f"/monitor{page}?weeks=4")
    assert "compared with as many weeks before" in analyst.text("/monitor?weeks=4")


def test_every_percentage_leads_to_what_it_is_divided_by(sources: Sources) -> None:
    """Numerator, denominator and caveat are one click away from each key figure."""
    period = Period.latest(26, figure_log.TODAY)
    asked = Asked(
        selection=Selection(period=period),
        regions=EVERYWHERE,
        all_regions=EVERYWHERE,
        sources=sources,
        today=figure_log.TODAY,
    )
    kpis = [kpi for page in FIGURE_PAGES for kpi in page.open(asked).kpis if isinstance(kpi.value, ShownPercentage)]

    assert len(kpis) > 10
    assert [kpi.label for kpi in kpis if DEFINITIONS[kpi.definition].denominator.startswith("nothing")] == []


def test_an_empty_log_has_honest_pages(tmp_path: Path) -> None:
    """No error, no zero that was not counted, and no chart of nothing."""
    engine = figure_log.empty(tmp_path / "empty.sqlite3")
    reader = Reader(figure_log.sources_of(engine))

    for path in reader.paths():
        if not path.endswith((".svg", ".png")):
            assert reader.get(path).status_code == 200
    assert "Nothing was logged for this choice" in reader.text("/monitor")
    engine.dispose()


def test_four_weeks_of_data_have_pages_without_limits(analyst: Reader) -> None:
    """They are shown; control limits need thirteen."""
    said = plain(analyst.text("/monitor?from=2026-11-01&to=2026-11-30"))

    assert "2 November 2026 to 29 November 2026 (4 weeks)" in said
    assert "too few weeks for control limits" in said


def test_a_database_that_is_away_is_told_as_such(tmp_path: Path) -> None:
    """With 503 and words, and nothing of the database's message."""
    engine = figure_log.empty(tmp_path / "away.sqlite3")
    metadata.drop_all(engine)
    answer = Reader(figure_log.sources_of(engine)).get("/monitor")

    assert answer.status_code == 503
    assert "does not answer" in bytes(answer.body).decode()
    assert "no such table" not in bytes(answer.body).decode()
    engine.dispose()
