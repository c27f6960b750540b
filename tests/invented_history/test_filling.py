"""The demo's card log is filled once, is whole, and is left alone when it is anybody else's."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, func, select, update

from cds_service.cardlog.databases import open_engine
from cds_service.cardlog.migrating import bring_up_to_date
from cds_service.cardlog.rollup_schema import episode_state_count, weekly_count
from cds_service.cardlog.schema import evaluation, unknown_procedure_count
from cds_service.cardlog.upkeep import Upkeep
from cds_service.cardlog.verifying import Level, verify
from cds_service.invented_history.filling import fill_once
from cds_service.invented_history.story import Story

_TODAY = date(2026, 11, 29)
_EFFECTIVE = {"nwl": ("1.2", date(2025, 7, 1)), "nel": ("1.4", date(2026, 11, 23))}


def _story(today: date = _TODAY) -> Story:
    return Story(today, weeks=5)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A card log of its own."""
    made = f"sqlite:///{tmp_path_factory.mktemp('history')}/card-log.sqlite3"
    bring_up_to_date(made)
    return made


@pytest.fixture(scope="module")
def filled(url: str) -> Iterator[Engine]:
    """A log with six weeks of history, and its figures."""
    engine = open_engine(url)
    assert fill_once(engine, _EFFECTIVE, _story(), "0.1.0") == 5 * 7 + 6
    Upkeep(engine, lambda: datetime(2026, 11, 29, 12, tzinfo=UTC)).run_once()
    yield engine
    engine.dispose()


def _count(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalars(select(func.count()).select_from(evaluation)).one()


def test_the_log_is_whole(filled: Engine, url: str) -> None:
    """Events, links and figures agree, and nothing is waiting."""
    findings = list(verify(filled, url, None))

    assert [finding for finding in findings if finding.level is Level.PROBLEM] == []
    assert not any("still to be worked out" in finding.said for finding in findings)


def test_pages_have_something_to_show(filled: Engine) -> None:
    """Weeks, what became of orders, and codes that no list knows."""
    with filled.connect() as connection:
        weeks = connection.scalars(select(weekly_count.c.week).distinct()).all()
        states = set(connection.scalars(select(episode_state_count.c.state).distinct()))
        codes = connection.scalars(select(unknown_procedure_count.c.code).distinct()).all()

    assert len(weeks) == 6
    assert {"signed_anyway", "changed", "not_signed", "without_card"} <= states
    assert codes


def test_the_version_before_a_pathway_came_into_force_is_another(filled: Engine) -> None:
    """So that a change of version shows."""
    versions = select(evaluation.c.region, evaluation.c.pathway_version).distinct()
    with filled.connect() as connection:
        found = {tuple(row) for row in connection.execute(versions)}

    assert found == {("nwl", "1.2"), ("nel", "1.3"), ("nel", "1.4")}


def test_it_is_written_once(filled: Engine) -> None:
    """Neither the next start nor one on another day adds anything."""
    before = _count(filled)

    assert fill_once(filled, _EFFECTIVE, _story(), "0.1.0") == 0
    assert fill_once(filled, _EFFECTIVE, _story(_TODAY + timedelta(days=9)), "0.1.0") == 0
    assert _count(filled) == before


def test_one_that_broke_off_is_made_whole(filled: Engine) -> None:
    """The first week is written last, and what is there already is not written twice."""
    before = _count(filled)
    first, last = _story().first_week()
    with filled.begin() as connection:
        connection.execute(delete(evaluation).where(evaluation.c.occurred_on.between(first, last)))

    assert fill_once(filled, _EFFECTIVE, _story(), "0.1.0") == 41
    assert _count(filled) == before


def test_a_log_with_real_events_is_left_alone(tmp_path: Path) -> None:
    """Invented orders among real ones could not be told apart by eye."""
    database = f"sqlite:///{tmp_path}/card-log.sqlite3"
    bring_up_to_date(database)
    engine = open_engine(database)
    fill_once(engine, _EFFECTIVE, Story(_TODAY, weeks=0), "0.1.0")
    with engine.begin() as connection:
        connection.execute(update(evaluation).values(mode="live"))

    assert fill_once(engine, _EFFECTIVE, _story(), "0.1.0") == 0
    engine.dispose()
