"""Whose calls and codes the page of data quality shows."""

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import figure_log
import pytest
from event_builders import WRITER_ID, carded
from reader import Reader
from test_site import plain

from cds_service.cardlog.databases import open_engine
from cds_service.cardlog.migrating import bring_up_to_date
from cds_service.cardlog.rollups import roll_up_due
from cds_service.cardlog.store import CardLogStore, Counts
from cds_service.monitor.sources import Sources
from cds_service.pathway.facts import Oncology, Setting

_CALLS = "/monitor/data-quality/calls.csv"
_WORKLIST = "/monitor/data-quality/unknown-procedures.csv"


@pytest.fixture(scope="module")
def unmapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sources]:
    """The log of an EHR none of whose codes is known: calls and codes, and not one order that was recognised."""
    url = f"sqlite:///{tmp_path_factory.mktemp('unmapped') / 'log.sqlite3'}"
    bring_up_to_date(url)
    store = CardLogStore(url, WRITER_ID)
    call = (date(2026, 11, 2), 9, "ehr-new", "order-sign", "out_of_scope", WRITER_ID, 900)
    code = (date(2026, 11, 1), "ehr-new", "http://example.org/codes", "KNEE9", WRITER_ID, 214)
    store.write_counts(Counts([call], [code]))
    store.dispose()
    engine = open_engine(url)
    roll_up_due(engine)
    yield figure_log.sources_of(engine)
    engine.dispose()


def _clients(reader: Reader, address: str) -> set[str]:
    return {row["client"] for row in csv.DictReader(StringIO(reader.text(address)))}


@pytest.mark.parametrize("address", [_CALLS, _WORKLIST])
def test_an_ehr_none_of_whose_codes_is_known_is_on_the_worklist_of_those_who_see_every_footprint(
    unmapped: Sources, address: str
) -> None:
    """It needs the mapping most, and nothing tells of which footprint it is."""
    assert _clients(Reader(unmapped, footprints=("nel", "nwl")), address) == {"ehr-new"}
    assert _clients(Reader(unmapped, footprints=("nwl",)), address) == set()


@pytest.mark.parametrize("address", [_CALLS, _WORKLIST])
def test_an_ehr_that_is_bound_is_shown_to_those_who_see_what_it_is_bound_to(unmapped: Sources, address: str) -> None:
    """And to nobody who sees a part of it."""
    of_nwl = replace(unmapped, client_footprints=lambda: {"ehr-new": frozenset({"nwl"})})
    of_both = replace(unmapped, client_footprints=lambda: {"ehr-new": frozenset({"nel", "nwl"})})

    assert _clients(Reader(of_nwl, footprints=("nwl",)), address) == {"ehr-new"}
    assert _clients(Reader(of_nwl, footprints=("nel",)), address) == set()
    assert _clients(Reader(of_both, footprints=("nwl",)), address) == set()


def test_a_worklist_is_said_to_be_empty_of_those_ehrs_alone_that_are_shown(unmapped: Sources) -> None:
    """Codes wait, at an EHR that this reader may not see."""
    assert "is empty for the EHRs that are yours to see" in Reader(unmapped, footprints=("nwl",)).text(
        "/monitor/data-quality"
    )


_CHOICE = "?region=nwl&outcome=ces&modality=mri&hook=order-sign&client=ehr-one"


@pytest.fixture(scope="module")
def analyst(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Somebody who sees everything of two EHRs."""
    engine = figure_log.fill(tmp_path_factory.mktemp("two") / "log.sqlite3")
    yield Reader(figure_log.sources_of(engine))
    engine.dispose()


def test_calls_are_narrowed_by_ehr_and_hook_and_say_by_what_they_are_not(analyst: Reader) -> None:
    """The file's name claims no filter that was not applied, and its contents say which were left out."""
    told = json.loads(analyst.text(f"/monitor/data-quality/calls.json{_CHOICE}"))

    assert [(row["client"], row["hook"]) for row in told["rows"]] == [("ehr-one", "order-sign")]
    assert told["filters"] == {"hook": "order-sign", "client": "ehr-one"}
    assert told["not_narrowed_by"] == ["region", "outcome", "modality"]
    assert analyst.headers(f"{_CALLS}{_CHOICE}")["content-disposition"] == (
        'attachment; filename="data-quality-calls_nel-nwl-other-unresolved_2026-06-01_2026-11-29_order-sign_ehr-one_'
        'nwl-1.2_nel-1.4_demo_suppressed.csv"'
    )


def test_unknown_codes_are_narrowed_by_ehr_alone(analyst: Reader) -> None:
    """They are kept by nothing else."""
    told = json.loads(analyst.text(f"/monitor/data-quality/unknown-procedures.json{_CHOICE}"))

    assert len(told["rows"]) == 3
    assert told["filters"] == {"client": "ehr-one"}
    assert told["not_narrowed_by"] == ["region", "outcome", "modality", "hook"]


def test_a_panel_says_which_filter_is_not_applied(analyst: Reader) -> None:
    """Other panels of the page are narrowed by it."""
    said = analyst.text("/monitor/data-quality?region=nwl")

    assert said.count("Not narrowed by footprint: ") == 2
    assert said.index("Not narrowed by footprint: a call has no footprint.") > said.index('id="by-ehr"')
    assert "Not narrowed by" not in analyst.text("/monitor/data-quality?client=ehr-one")


_CHANGED = "/monitor/data-quality?weeks=4"


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Cancer status is missing in most orders, always; of late one of two EHRs leaves out the setting."""
    records = []
    for week in range(8):
        for number in range(160):
            at_oak = number % 4 == 0
            lacks = at_oak and week == 6 and number % 8 == 0
            records.append(
                carded(
                    1000 * week + number,
                    occurred_on=date(2026, 10, 5) + timedelta(weeks=week),
                    client_id="oak" if at_oak else "harbour",
                    setting=Setting.UNKNOWN if lacks else Setting.GENERAL_PRACTICE,
                    oncology=Oncology.UNKNOWN if number % 3 else Oncology.NONE,
                    indication_present=True,
                )
            )
    engine = figure_log.of_records(tmp_path_factory.mktemp("changed") / "log.sqlite3", records)
    yield Reader(figure_log.sources_of(engine))
    engine.dispose()


def test_findings_name_what_stands_out_and_not_what_is_always_missing_most(changed: Reader) -> None:
    """A vendor cannot be asked for what no EHR has; a week is held against its period."""
    said = plain(changed.text(_CHANGED))

    assert "Missing most often: oncology unknown" in said
    assert "Risen most: setting unknown, from 0% to 3%." in said
    assert "Setting unknown in the week of 16 November 2026: 12%, 3% over the period" in said
    assert "Setting unknown at oak: 12%, 3% over all EHRs" in said


def test_one_ehr_alone_is_held_against_its_own_period_before(changed: Reader) -> None:
    """There is no other beside it."""
    said = plain(changed.text(f"{_CHANGED}&client=oak"))

    assert "Setting unknown at oak: 12%, 0% in the period before" in said
    assert "At harbour nothing is missing more often than before" in plain(changed.text(f"{_CHANGED}&client=harbour"))


def test_the_chart_by_week_draws_the_shares_that_its_heading_tells(changed: Reader) -> None:
    """Of counts another week may be the highest."""
    picture = changed.text("/monitor/data-quality/by-week.svg?weeks=4")

    assert "no reason, setting unknown, oncology unknown, known by text alone" in picture


def test_what_an_ehr_is_bound_to_counts_beside_where_it_ordered(tmp_path: Path) -> None:
    """An EHR that ordered in both footprints before it was bound to one is still of both."""
    engine = figure_log.fill(tmp_path / "log.sqlite3")
    bound = replace(figure_log.sources_of(engine), client_footprints=lambda: {"ehr-one": frozenset({"nwl"})})

    assert _clients(Reader(bound, footprints=("nwl",)), _CALLS) == set()
    engine.dispose()


def test_where_an_ehr_ordered_counts_from_the_begin_of_the_month(tmp_path: Path) -> None:
    """Unknown codes are counted by month: some of them may be of the days before the period, in another footprint."""
    code = (date(2026, 11, 1), "ehr-one", "http://example.org/codes", "KNEE9", WRITER_ID, 214)
    records = [
        carded(1, region="nel", client_id="ehr-one", occurred_on=date(2026, 11, 1)),
        carded(2, region="nwl", client_id="ehr-one", occurred_on=date(2026, 11, 3)),
    ]
    engine = figure_log.of_records(tmp_path / "log.sqlite3", records, Counts([], [code]))
    reader = Reader(figure_log.sources_of(engine), footprints=("nwl",))

    assert _clients(reader, f"{_WORKLIST}?weeks=4") == set()
    engine.dispose()


def test_the_page_says_that_a_missing_reason_may_cost_a_scan(analyst: Reader) -> None:
    """A redirect goes on without reason or cancer status; setting and age alone keep the scan."""
    said = analyst.text("/monitor/data-quality")

    assert "may still be redirected with its scan removed" in said
    assert "An unknown setting never exempts an order and never removes a scan." in said
