"""While figures are being worked out, no page and no file states a part as the whole."""

import csv
import json
from collections.abc import Iterator
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import figure_log
import pytest
from event_builders import WRITER_ID, a_log, carded
from reader import Reader
from sqlalchemy import Engine, delete, event, insert
from test_site import plain

from cds_service.cardlog.rollups import roll_up_due
from cds_service.cardlog.schema import rollup_due
from cds_service.monitor.weeks import week_of

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


@pytest.fixture
def with_a_week_to_come(tmp_path: Path) -> Iterator[Reader]:
    """Ten redirects a day for five weeks; of the last but one nothing is worked out yet."""
    first, to_come = date(2026, 10, 26), date(2026, 11, 16)
    days = [first + timedelta(days=number) for number in range(35)]
    orders = [(day, number) for number, day in enumerate(day for day in days for _ in range(10))]
    with a_log(f"sqlite:///{tmp_path / 'log.sqlite3'}") as log:
        log.write(*(carded(number, occurred_on=day) for day, number in orders if week_of(day) != to_come))
        roll_up_due(log.engine)
        log.write(*(carded(number, occurred_on=day) for day, number in orders if week_of(day) == to_come))
        yield Reader(figure_log.sources_of(log.engine))


def test_a_week_of_which_nothing_is_there_is_left_out_and_not_0(with_a_week_to_come: Reader) -> None:
    """In tables, files and charts, and the notice says so; blocks of four weeks that hold it are left out whole."""
    said = plain(with_a_week_to_come.text("/monitor"))
    for panel in ("overview/weekly-firings", "overview/redirects-accepted", "data-quality/by-week"):
        rows = csv.DictReader(StringIO(with_a_week_to_come.text(f"/monitor/{panel}.csv")))
        assert [row["week"] for row in rows] == ["2026-10-26", "2026-11-02", "2026-11-09", "2026-11-23"], panel

    assert "Figures of 7 days are still being worked out" in said
    assert "Of 1 week there is nothing yet: tables and charts leave such out." in said
    assert "No whole block of four weeks to show" in with_a_week_to_come.text("/monitor/red-flags")
    assert "none in the weeks that are worked out" in with_a_week_to_come.text("/monitor?outcome=lump")


def test_a_week_that_is_worked_out_again_stays(due: Engine) -> None:
    """Late feedback marks its days again and again: charts would have no latest weeks."""
    reader = Reader(figure_log.sources_of(due))
    rows = csv.DictReader(StringIO(reader.text(f"/monitor/overview/weekly-firings.csv?{_FOUR_WEEKS}")))

    assert _WEEK.isoformat() in [row["week"] for row in rows]
    assert "there is nothing yet" not in reader.text(f"/monitor?{_FOUR_WEEKS}")
