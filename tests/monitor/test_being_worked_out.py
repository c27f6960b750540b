"""While figures are being worked out, no page and no file states a part as the whole."""

import csv
import json
from collections.abc import Iterator
from datetime import date
from io import StringIO

import figure_log
import pytest
from event_builders import WRITER_ID
from reader import Reader
from sqlalchemy import Engine, delete, event, insert
from test_site import plain

from cds_service.cardlog.schema import rollup_due

_WEEK = date(2026, 11, 16)
_NOTICE = "Figures of 2 days are still being worked out"
_FOUR_WEEKS = "weeks=4"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A log of sixteen weeks."""
    engine = figure_log.fill(tmp_path_factory.mktemp("log") / "log.sqlite3")
    yield engine
    engine.dispose()


@pytest.fixture
def due(engine: Engine) -> Iterator[Engine]:
    """The same with two days of its latest weeks that are still due, one of them marked by two processes."""
    _mark(engine, (_WEEK, WRITER_ID), (_WEEK, "another"), (date(2026, 11, 19), WRITER_ID))
    yield engine
    _mark(engine)


def _mark(engine: Engine, *marks: tuple[date, str]) -> None:
    with engine.begin() as connection:
        connection.execute(delete(rollup_due))
        for day, writer_id in marks:
            connection.execute(insert(rollup_due).values(day=day, writer_id=writer_id, version=1))


def test_every_page_of_figures_says_it_above_its_finding(due: Engine) -> None:
    """The list of red-flag cards and the downloads too."""
    analyst = Reader(figure_log.sources_of(due))
    safety = Reader(figure_log.sources_of(due), "clinical_safety")
    pages = [path for path in analyst.paths() if "." not in path and path not in _WITHOUT_FIGURES]

    for reader, path in (*((analyst, path) for path in pages), (safety, "/monitor/red-flags/cards")):
        said = reader.text(f"{path}?{_FOUR_WEEKS}")
        assert said.count(_NOTICE) == 1, path
        assert 'class="lead"' not in said[: said.index(_NOTICE)], path


_WITHOUT_FIGURES = {"/monitor/pathways", "/monitor/about", "/monitor/definitions"}


def test_nothing_is_said_of_days_before_and_after_the_period(engine: Engine) -> None:
    """Those of the current week are due at every moment, and of no page."""
    _mark(engine, (date(2026, 11, 30), WRITER_ID), (date(2026, 8, 31), WRITER_ID))
    said = Reader(figure_log.sources_of(engine)).text(f"/monitor?{_FOUR_WEEKS}")
    _mark(engine)

    assert "being worked out" not in said


def test_nothing_is_compared_with_a_period_that_is_being_worked_out(engine: Engine) -> None:
    """The log does reach back; what it has of those weeks is a part."""
    reader = Reader(figure_log.sources_of(engine))
    assert "Period before: " in reader.text(f"/monitor?{_FOUR_WEEKS}")

    _mark(engine, (date(2026, 10, 12), WRITER_ID))
    said = plain(reader.text(f"/monitor?{_FOUR_WEEKS}"))
    reasons = list(csv.DictReader(StringIO(reader.text(f"/monitor/overrides/reasons.csv?{_FOUR_WEEKS}"))))
    _mark(engine)

    assert "Figures of as many weeks before are still being worked out, so nothing is compared with them." in said
    assert "The period before is still being worked out" in said
    assert "Period before: " not in said
    assert "does not reach back" not in said
    assert {row["overrides_before"] for row in reasons} == {""}


def test_files_say_it_in_name_and_contents(due: Engine) -> None:
    """A file is read by somebody who never saw the page."""
    reader = Reader(figure_log.sources_of(due))
    outcomes = f"/monitor/overview/outcomes.csv?{_FOUR_WEEKS}"
    rows = list(csv.DictReader(StringIO(reader.text(outcomes))))

    assert {row["days_not_worked_out"] for row in rows} == {"2"}
    assert "_not-worked-out_suppressed.csv" in reader.headers(outcomes)["content-disposition"]
    assert json.loads(reader.text(f"/monitor/overview/outcomes.json?{_FOUR_WEEKS}"))["days_not_worked_out"] == 2


def test_files_of_figures_that_are_all_there_have_no_such_column(engine: Engine) -> None:
    """A sheet that reads them by their columns finds the same as always; a program reads 0."""
    reader = Reader(figure_log.sources_of(engine))
    outcomes = f"/monitor/overview/outcomes.csv?{_FOUR_WEEKS}"

    assert "days_not_worked_out" not in reader.text(outcomes)
    assert "not-worked-out" not in reader.headers(outcomes)["content-disposition"]
    assert json.loads(reader.text(f"/monitor/overview/outcomes.json?{_FOUR_WEEKS}"))["days_not_worked_out"] == 0


def test_the_days_are_asked_for_once_and_before_any_figure(due: Engine) -> None:
    """What is worked out between the two answers is then told of in vain, and never kept quiet."""
    asked: list[str] = []
    event.listen(due, "before_cursor_execute", lambda *told: asked.append(told[2]))
    Reader(figure_log.sources_of(due)).text("/monitor/overrides?region=nwl")

    of_days = [number for number, statement in enumerate(asked) if "FROM rollup_due" in statement]
    of_figures = [number for number, statement in enumerate(asked) if "SELECT weekly_" in statement]
    assert len(of_days) == 1
    assert of_days[0] < of_figures[0]
