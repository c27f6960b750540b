"""A small log is filled on both databases, counted, asked and checked."""

import random
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from subprocess import CalledProcessError

import pytest
from size_cases import cases
from size_commands import log_commands
from size_days import evaluations_by_day
from size_england import england
from size_figures import sizes, work_out_all
from size_loading import load
from size_pages import pages
from size_questions import answered, percentile, questions
from size_writing import a_record, write_for
from sqlalchemy import Engine

from cds_service.cardlog.databases import open_engine
from cds_service.cardlog.migrating import bring_up_to_date
from cds_service.cardlog.verifying import Level, verify
from cds_service.monitor.contents import FIGURE_PAGES

LAST = date(2026, 11, 22)
FIRST = date(2026, 11, 13)
EVALUATIONS = 600


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'card-log.sqlite3'}"
    new_database: Callable[[], str] = request.getfixturevalue("postgresql_server")
    return new_database()


@pytest.fixture
def filled(database_url: str) -> Iterator[Engine]:
    """Ten days of a few hundred evaluations."""
    load(database_url, evaluations_by_day(EVALUATIONS, LAST, 10), processes=1)
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


def test_a_filled_log_is_whole_once_its_figures_are_worked_out(filled: Engine, database_url: str) -> None:
    """The log's own checks find nothing wrong."""
    work_out_all(filled, LAST)

    findings = list(verify(filled, database_url, None))
    stored = dict(sizes(filled))

    assert [each for each in findings if each.level is Level.PROBLEM] == []
    assert EVALUATIONS <= stored["evaluation"] < EVALUATIONS + 100
    assert all(stored.values())


def test_each_question_has_an_answer(filled: Engine) -> None:
    """Every report is asked with filters that it takes, and finds something."""
    work_out_all(filled, LAST)

    answers = [answered(filled, question, 46) for question in questions(FIRST, LAST)]

    assert [each.name for each in answers if each.most == 0] == []
    assert all(each.p50 <= each.p95 for each in answers)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_each_page_of_the_monitor_is_opened_once_in_each_span(filled: Engine) -> None:
    """All pages of figures are among them, and none of their files."""
    work_out_all(filled, LAST)

    opened = [each.name.partition(": ") for each in pages(filled, LAST, 1)]

    assert {page.address for page in FIGURE_PAGES} < {address for address, _, _ in opened}
    assert [address for address, _, _ in opened if "." in address] == []
    assert len(opened) == len(set(opened)) == 5 * len({address for address, _, _ in opened})


def test_writing_stores_what_it_counts(database_url: str) -> None:
    """The events that are reported as written are in the log."""
    bring_up_to_date(database_url)

    written = write_for(database_url, 0.01)

    engine = open_engine(database_url)
    stored = dict(sizes(engine))["evaluation"]
    engine.dispose()
    assert written.events == stored > 0
    assert len(written.batches_ms) > 0
    assert written.failures == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_commands_run_on_a_filled_log(filled: Engine, database_url: str, tmp_path: Path) -> None:
    """Each ends well; the export says how many rows it wrote."""
    work_out_all(filled, LAST)

    steps = log_commands(database_url, tmp_path, LAST)

    assert [step.name for step in steps] == ["log status", "log verify", "log export", "log purge"]
    assert "row(s)" in steps[2].done


def test_a_command_that_finds_fault_is_not_passed_over(tmp_path: Path) -> None:
    """A log without tables cannot be measured."""
    with pytest.raises(CalledProcessError):
        log_commands(f"sqlite:///{tmp_path / 'card-log.sqlite3'}", tmp_path, LAST)


def test_a_record_is_a_call_as_the_service_makes_it() -> None:
    """With a card where the case has one, and nothing that lacks its form."""
    place = england().practices[0]
    for case in cases()[::50]:
        record = a_record(random.Random(1), place, case)
        assert len(record.cards) == (case.indicator is not None)
        assert record.evaluations[0].outcome == case.outcome


@pytest.mark.parametrize(("share", "expected"), [(50, 10), (95, 19), (100, 20), (1, 1)])
def test_a_percentile_is_one_of_the_values(share: int, expected: int) -> None:
    """The nearest rank."""
    assert percentile([float(number) for number in range(20, 0, -1)], share) == expected
