"""The page of red flags: what it says where there are few weeks, or no cards."""

from datetime import date
from pathlib import Path

import figure_log
from event_builders import carded
from reader import Reader

from cds_service.cardlog.rows import Record
from cds_service.pathway.outcomes import Outcome

DATA_QUALITY = "the page Data quality says whether reasons reach the service as codes"


def pages(path: Path, records: list[Record], *addresses: str) -> list[str]:
    """What some addresses say of a log of some records."""
    engine = figure_log.of_records(path, records)
    reader = Reader(figure_log.sources_of(engine))
    said = [reader.text(address) for address in addresses]
    engine.dispose()
    return said


def test_weeks_that_make_no_whole_block_are_not_taken_for_weeks_without_cards(tmp_path: Path) -> None:
    """The log is three weeks old, and has thirty cards about CES."""
    cards = [carded(number, outcome=Outcome.CES, occurred_on=date(2026, 11, 9)) for number in range(30)]
    [said] = pages(tmp_path / "log.sqlite3", cards, "/monitor/red-flags")

    assert "No whole block of four weeks to show" in said
    assert "No red-flag card was shown" not in said


def test_blocks_without_cards_do_not_speak_for_the_weeks_that_are_left_over(tmp_path: Path) -> None:
    """The log is five weeks old; the cards are of the first, which belongs to no whole block."""
    old = [carded(number, outcome=Outcome.CES, occurred_on=date(2026, 10, 26)) for number in range(30)]
    [said] = pages(tmp_path / "log.sqlite3", [*old, carded(30)], "/monitor/red-flags")

    assert "No red-flag card was shown in the blocks of four weeks below" in said


def test_no_critical_card_is_not_told_as_none_unanswered(tmp_path: Path) -> None:
    """Where none was shown it may be that no reason came as a code."""
    oncology = [carded(number, outcome=Outcome.ONCOLOGY) for number in range(20)]
    for said in pages(tmp_path / "log.sqlite3", oncology, "/monitor", "/monitor/red-flags"):
        assert DATA_QUALITY in said
        assert "not answered: none" not in said
