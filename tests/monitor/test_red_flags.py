"""The page of red flags: what it says where there are few weeks, or no cards."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import figure_log
import pytest
from event_builders import carded
from reader import Reader
from test_site import plain

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


@pytest.fixture(scope="module")
def one_unanswered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Twenty cards about CES, ten about sarcoma and ten redirects, none of them answered."""
    records = [
        *(carded(number, outcome=Outcome.CES) for number in range(20)),
        *(carded(20 + number, outcome=Outcome.SUSPECTED_SARCOMA) for number in range(10)),
        *(carded(30 + number) for number in range(10)),
    ]
    engine = figure_log.of_records(tmp_path_factory.mktemp("log") / "log.sqlite3", records)
    yield Reader(figure_log.sources_of(engine))
    engine.dispose()


@pytest.mark.parametrize("outcome", ["redirect", "suspected_sarcoma"])
def test_an_outcome_that_is_not_critical_says_nothing_of_critical_cards(one_unanswered: Reader, outcome: str) -> None:
    """They were left out, which is not that none was shown."""
    said = plain(one_unanswered.text(f"/monitor?outcome={outcome}"))

    assert "No critical card" not in said
    assert "Critical cards shown" not in said
    assert "Critical cards (CES, MSCC) are not looked at: another outcome is chosen." in said


def test_one_critical_outcome_is_not_told_as_both(one_unanswered: Reader) -> None:
    """Of MSCC nothing was shown; what became of CES is not said by that."""
    of_ces, of_mscc = (plain(one_unanswered.text(f"/monitor?outcome={outcome}")) for outcome in ("ces", "mscc"))

    assert "Critical cards (CES alone, as chosen) that were not answered: 100% (20 of 20)." in of_ces
    assert "(CES, MSCC)" not in of_ces + of_mscc


def test_an_outcome_that_is_no_redirect_says_nothing_of_redirects(one_unanswered: Reader) -> None:
    """That community MSK was offered no times would be wrong, too."""
    said = plain(one_unanswered.text("/monitor?outcome=ces"))

    assert "It offered community MSK" not in said
    assert "Redirect cards shown" not in said
    assert "Redirects are not looked at: another outcome is chosen." in said


def test_an_outcome_that_is_no_red_flag_says_so_on_their_page(one_unanswered: Reader) -> None:
    """The links keep the filters, so that a reader comes here with them."""
    said = plain(one_unanswered.text("/monitor/red-flags?outcome=redirect"))

    assert "No red-flag card was shown" not in said
    assert "Red-flag cards are not looked at: another outcome is chosen." in said


def test_a_red_flag_without_cards_does_not_speak_for_the_others(one_unanswered: Reader) -> None:
    """Of the outcome that is chosen, and of no other."""
    said = plain(one_unanswered.text("/monitor/red-flags?outcome=mscc"))

    assert "No red-flag card was shown for this choice" in said
    assert "Outcomes besides the one that is chosen are not looked at." in said


@pytest.mark.parametrize("choice", ["modality=uss", "hook=order-select", "client=another-ehr"])
def test_a_page_that_is_narrowed_otherwise_says_that_none_is_of_the_choice(one_unanswered: Reader, choice: str) -> None:
    """Elsewhere there are some."""
    assert "No red-flag card was shown for this choice" in plain(one_unanswered.text(f"/monitor/red-flags?{choice}"))


def test_a_card_in_each_of_seven_blocks_is_not_told_by_its_outcome_and_the_blocks(tmp_path: Path) -> None:
    """By outcome MSCC is masked, so 7 at most; were blocks of 0 shown beside, each of the others would be of 1."""
    first = date(2026, 4, 20)
    cards = [
        carded(number, outcome=Outcome.MSCC, occurred_on=first + timedelta(weeks=4 * number)) for number in range(7)
    ]
    others = [carded(7 + number, occurred_on=first) for number in range(20)]
    said, by_outcome = pages(
        tmp_path / "log.sqlite3",
        [*cards, *others],
        "/monitor/red-flags/over-time.csv?outcome=mscc&from=2026-04-20&to=2026-11-29",
        "/monitor/red-flags/by-outcome.csv?from=2026-04-20&to=2026-11-29",
    )
    blocks = said.splitlines()[1:]

    assert "*" in by_outcome
    assert len(blocks) == 9
    assert {figure for block in blocks for figure in block.split(",")[1:]} == {"*"}
