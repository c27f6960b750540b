"""The list of red-flag cards for the clinical safety role."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from html import unescape
from pathlib import Path

import figure_log
import pytest
from event_builders import an_id, carded, feedback, overridden
from reader import Reader

from cds_service.monitor.access.permissions import ROLES
from cds_service.monitor.sources import Sources
from cds_service.monitor.words import OUTCOMES
from cds_service.pathway.facts import Modality
from cds_service.pathway.outcomes import RED_FLAGS, Outcome

ADDRESS = "/monitor/red-flags/cards"
LATE = date(2026, 11, 16)
EARLY = LATE - timedelta(weeks=3)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sources]:
    """A log with a card of each outcome, and three weeks later those of red flags in another footprint."""
    records = [
        *(carded(n, outcome=outcome, occurred_on=EARLY) for n, outcome in enumerate(Outcome)),
        *(carded(100 + n, outcome=outcome, occurred_on=LATE, region="nel") for n, outcome in enumerate(RED_FLAGS)),
        carded(200, outcome=Outcome.CES, occurred_on=LATE, modality=Modality.USS, orders=3, client_id="other-ehr"),
        [overridden(an_id(100), received_on=LATE), feedback(an_id(200), received_on=LATE)],
    ]
    engine = figure_log.of_records(tmp_path_factory.mktemp("log") / "log.sqlite3", records)
    yield figure_log.sources_of(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def reader(sources: Sources) -> Reader:
    """A clinical safety officer."""
    return Reader(sources, "clinical_safety")


def rows_of(said: str) -> list[tuple[str, ...]]:
    """The rows of the list, without markup."""
    cells = (
        re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL)
        for row in re.findall(r"<tr>(.*?)</tr>", said, re.DOTALL)
    )
    return [tuple(unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in row) for row in cells][1:]


def test_every_red_flag_card_is_a_row(reader: Reader) -> None:
    """Week, footprint, borough, EHR, outcome and answer, the latest week first, and nothing else of a card."""
    said = reader.text(ADDRESS)
    rows = rows_of(said)

    assert rows[0] == (
        "16 November 2026",
        "North East London",
        "Brent",
        "demo-ehr",
        "Cauda equina syndrome (CES)",
        "Overridden",
    )
    assert [row[0] for row in rows] == ["16 November 2026"] * 6 + ["26 October 2026"] * 5
    assert sorted(row[4] for row in rows[6:]) == sorted(OUTCOMES[outcome] for outcome in RED_FLAGS)
    assert "11 red-flag cards. Not answered: 9." in said
    assert "Z99001" not in said


@pytest.mark.parametrize(
    ("query", "cards"),
    [
        ("?outcome=suspected_sarcoma", 2),
        ("?region=nel", 5),
        ("?modality=uss", 1),
        ("?client=other-ehr&outcome=ces", 1),
        ("?hook=order-select", 0),
        ("?weeks=4", 6),
    ],
)
def test_the_list_is_narrowed_by_every_filter_of_its_form(reader: Reader, query: str, cards: int) -> None:
    """What is chosen stands in the form again."""
    said = reader.text(f"{ADDRESS}{query}")

    assert len(rows_of(said)) == cards
    assert ("No red-flag card was shown for this choice." in said) == (cards == 0)
    for value in re.findall(r"=([^&]+)", query):
        assert re.search(rf'value="{value}"( selected)?>', said)


def test_a_choice_of_another_outcome_is_not_taken_for_no_card(reader: Reader) -> None:
    """A link may bring one along."""
    said = reader.text(f"{ADDRESS}?outcome=redirect")

    assert "Red-flag cards are not looked at: another outcome is chosen." in said
    assert "No red-flag card was shown" not in said
    assert rows_of(said) == []


def test_the_form_offers_red_flags_alone(reader: Reader) -> None:
    """Another outcome, which a link may bring along, is offered where it is chosen."""
    offered = re.findall(r'<option value="(\w+)"', reader.text(ADDRESS))
    brought = re.findall(r'<option value="(\w+)" selected', reader.text(f"{ADDRESS}?outcome=redirect"))

    assert [each for each in offered if each in set(Outcome)] == list(RED_FLAGS)
    assert "redirect" in brought


def test_places_are_named_as_not_applied(reader: Reader) -> None:
    """A list that silently ignored a borough would be taken for the borough's."""
    assert "Not narrowed by borough" in reader.text(f"{ADDRESS}?region=nwl&borough=Ealing")


def test_an_address_that_cannot_be_meant_is_refused(reader: Reader) -> None:
    """With 400 and without a card."""
    answer = reader.get(f"{ADDRESS}?outcome=redirected")

    assert answer.status_code == 400
    assert b"There is a problem" in answer.body
    assert b"<table" not in answer.body


def test_a_list_that_is_cut_says_so(reader: Reader, tmp_path: Path) -> None:
    """Who reads it must not take the latest for all."""
    many = [carded(n, outcome=Outcome.MSCC) for n in range(1_001)]
    engine = figure_log.of_records(tmp_path / "log.sqlite3", many)
    said = Reader(figure_log.sources_of(engine), "clinical_safety").text(ADDRESS)
    engine.dispose()

    assert "1,000 red-flag cards, the latest: choose a shorter period or an outcome to see others." in said
    assert len(rows_of(said)) == 1_000
    assert "the latest:" not in reader.text(ADDRESS)


@pytest.mark.parametrize("role", sorted(ROLES))
def test_the_way_to_the_list_is_shown_to_the_clinical_safety_role_alone(sources: Sources, role: str) -> None:
    """Whoever may not see it is not led to it either."""
    somebody = Reader(sources, role)

    assert (ADDRESS in somebody.paths()) == (role == "clinical_safety")
    if "/monitor/red-flags" in somebody.paths():
        assert (ADDRESS in somebody.text("/monitor/red-flags")) == (role == "clinical_safety")


def test_the_list_of_an_empty_log_says_that_there_is_no_card(tmp_path: Path) -> None:
    """In words, and not as an empty table."""
    engine = figure_log.empty(tmp_path / "log.sqlite3")
    said = Reader(figure_log.sources_of(engine), "clinical_safety").text(ADDRESS)
    engine.dispose()

    assert "No red-flag card was shown." in said
    assert "<table" not in said
