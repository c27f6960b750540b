import logging
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from event_builders import Log, a_key, a_log, an_id, carded, feedback, overridden, some_calls
from sqlalchemy import Engine, event, text

from cds_service.cardlog import upkeep as upkeep_module
from cds_service.cardlog.databases import CardLogStoreError, open_engine
from cds_service.cardlog.events import CallRecord, SuggestionEvent
from cds_service.cardlog.rollup_schema import daily_count, episode_count
from cds_service.cardlog.schema import episode_key, rollup_due
from cds_service.cardlog.upkeep import Upkeep

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
NOT_RUN_OUT_S = 30.0
"""Longer than anything takes that is waited for here."""


@pytest.fixture
def log(database_url: str) -> Iterator[Log]:
    """An empty card log."""
    with a_log(database_url) as opened:
        yield opened


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The time that was set."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Noon of the first Monday."""
    return Clock()


@pytest.fixture
def upkeep(log: Log, clock: Clock) -> Iterator[Upkeep]:
    """The upkeep of the log, not running."""
    made = Upkeep(open_engine(log.url), clock)
    yield made
    made.stop()


def scans_within_scans(engine: Engine) -> list[list[str]]:
    """Listen to what a SQLite database is told, and gather each query that reads one table for each row of another."""
    found: list[list[str]] = []

    @event.listens_for(engine, "before_cursor_execute")
    def look_at_plan(_connection: object, cursor: sqlite3.Cursor, said: str, values: Any, *_others: object) -> None:  # noqa: ANN401 - the driver's
        if said.split(maxsplit=1)[0] not in {"DELETE", "INSERT", "SELECT", "UPDATE"}:
            return
        by_query: dict[int, list[str]] = {}
        for _, query, _, step in cursor.connection.execute(f"EXPLAIN QUERY PLAN {said}", values):
            if step.startswith("SCAN "):
                by_query.setdefault(query, []).append(step)
        found.extend(scans for scans in by_query.values() if len(scans) > 1)

    return found


def states(log: Log) -> list[str]:
    """What became of the orders, by window."""
    return [row["state"] for row in log.rows(episode_count)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_figure_is_worked_out_row_by_row(log: Log) -> None:
    """SQLite plans without knowing how many rows there are; reading a table for each row of another takes hours."""
    log.write(*some_calls(1, 20), carded(100, order_key=a_key("order")), [feedback(an_id(100))])
    engine = open_engine(log.url)
    listened = []
    event.listen(engine, "before_cursor_execute", lambda _connection, _cursor, said, *_others: listened.append(said))
    scans = scans_within_scans(engine)

    Upkeep(engine, Clock()).run_once()
    engine.dispose()

    assert any("fresh_episode_count" in said for said in listened)
    assert scans == []


def test_a_run_brings_all_figures_up_to_date(log: Log, upkeep: Upkeep) -> None:
    """Days, and the episodes of this window."""
    log.write(carded(1, order_key=a_key("a")))

    upkeep.run_once()

    assert [row["cards"] for row in log.rows(daily_count)] == [1]
    assert states(log) == ["signed_anyway"]
    assert log.rows(rollup_due) == []


def test_the_window_before_is_closed_when_it_is_over(log: Log, upkeep: Upkeep, clock: Clock) -> None:
    """On the next Monday what was open is decided, by London's clock."""
    log.write(carded(1, order_key=a_key("a"), hook="order-select"))
    clock.now = datetime(2026, 11, 8, 23, 59, tzinfo=UTC)
    upkeep.run_once()
    assert states(log) == ["open"]

    clock.now = datetime(2026, 11, 9, tzinfo=UTC)
    upkeep.run_once()

    assert states(log) == ["not_signed"]


def test_firings_that_waited_in_a_spool_are_found(log: Log, upkeep: Upkeep, clock: Clock) -> None:
    """An older window is worked out again when one of its days is due, while it has keys."""
    clock.now = NOON + timedelta(days=21)
    upkeep.run_once()
    log.write(carded(1, order_key=a_key("a")))

    upkeep.run_once()

    assert states(log) == ["signed_anyway"]


def test_feedback_moves_the_window_in_which_its_card_was_shown(log: Log, upkeep: Upkeep, clock: Clock) -> None:
    """The scan was taken away at signing, which is known once the EHR says so, be it in the next window."""
    call = carded(1, order_key=a_key("a"))
    offered = (SuggestionEvent(an_id(2), 1, 1),)
    log.write(CallRecord(call.evaluations, [card._replace(suggestions=offered) for card in call.cards]))
    clock.now = NOON + timedelta(days=14)
    upkeep.run_once()
    assert states(log) == ["signed_anyway"]

    log.write([feedback(an_id(1), suggestion_id=an_id(2))])
    upkeep.run_once()

    assert states(log) == ["not_signed"]


def test_a_window_that_ended_while_nothing_ran_is_closed_within_a_day(log: Log, upkeep: Upkeep, clock: Clock) -> None:
    """Older windows are looked at once a day, while they have keys."""
    log.write(carded(1, order_key=a_key("a"), hook="order-select"))
    upkeep.run_once()
    assert states(log) == ["open"]

    clock.now = NOON + timedelta(days=21)
    upkeep.run_once()

    assert states(log) == ["not_signed"]


def test_keys_are_dropped_after_28_days(log: Log, upkeep: Upkeep, clock: Clock) -> None:
    """The figures that were made of them stay, and those of the last days are made before."""
    log.write(carded(1, order_key=a_key("a"), hook="order-select"))

    clock.now = NOON + timedelta(days=28)
    upkeep.run_once()
    assert len(log.rows(episode_key)) == 1
    clock.now = NOON + timedelta(days=29)
    upkeep.run_once()
    upkeep.run_once()

    assert log.rows(episode_key) == []
    assert states(log) == ["not_signed"]


def test_partitions_are_made_ahead(log: Log, upkeep: Upkeep, clock: Clock) -> None:
    """On PostgreSQL this month and the two after have a partition."""
    clock.now = datetime(2027, 11, 30, 12, tzinfo=UTC)

    upkeep.run_once()

    if log.engine.dialect.name == "postgresql":
        with log.engine.connect() as connection:
            names = connection.scalars(text("SELECT relname FROM pg_class WHERE relname LIKE 'feedback_20%_%'")).all()
        assert {"feedback_2027_11", "feedback_2027_12", "feedback_2028_01"} <= set(names)


def test_a_run_that_is_told_to_stop_begins_nothing_more(log: Log, upkeep: Upkeep) -> None:
    """What is due stays due."""
    log.write(carded(1, order_key=a_key("a")))

    upkeep.stop()
    upkeep.run_once()

    assert (log.rows(daily_count), states(log)) == ([], [])
    assert len(log.rows(rollup_due)) == 1


def test_what_else_is_due_is_done_at_each_run(log: Log, clock: Clock) -> None:
    """The secret of a window that is over is dropped though nobody orders."""
    days: list[date] = []
    upkeep = Upkeep(open_engine(log.url), clock, each_time=days.append)

    upkeep.run_once()
    clock.now += timedelta(days=1)
    upkeep.run_once()
    upkeep.stop()

    assert days == [NOON.date(), NOON.date() + timedelta(days=1)]


def test_two_upkeeps_at_once_do_no_harm(log: Log, clock: Clock) -> None:
    """Both run at the same time, again and again, while events come; in the end the figures are right."""
    runners = [Upkeep(open_engine(log.url), clock) for _ in range(2)]
    started = threading.Barrier(3)
    faults: list[CardLogStoreError] = []

    def run(upkeep: Upkeep) -> None:
        started.wait(NOT_RUN_OUT_S)
        for _ in range(5):
            try:
                upkeep.run_once()
            except CardLogStoreError as fault:
                faults.append(fault)

    threads = [threading.Thread(target=run, args=(each,)) for each in runners]
    for thread in threads:
        thread.start()
    started.wait(NOT_RUN_OUT_S)
    for number in range(1, 21):
        log.write(carded(number, order_key=a_key(str(number))))
    log.write([overridden(an_id(1))])
    for thread in threads:
        thread.join(NOT_RUN_OUT_S)
    runners[0].run_once()
    for each in runners:
        each.stop()

    assert faults == []
    assert [(row["cards"], row["overridden"]) for row in log.rows(daily_count)] == [(20, 1)]
    assert [(row["episodes"], row["firings"]) for row in log.rows(episode_count)] == [(20, 20)]
    assert log.rows(rollup_due) == []


def test_the_thread_runs_at_once_and_after_each_interval(
    log: Log, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event that comes between two runs is in the figures after the next."""
    ran = threading.Semaphore(0)
    run_once = Upkeep.run_once

    def run_and_tell(upkeep: Upkeep) -> None:
        run_once(upkeep)
        ran.release()

    monkeypatch.setattr(Upkeep, "run_once", run_and_tell)
    monkeypatch.setattr(upkeep_module, "_PAUSE_PER_WORK", 0)
    upkeep = Upkeep(open_engine(log.url), clock, interval_s=0.01)
    upkeep.start()
    assert ran.acquire(timeout=NOT_RUN_OUT_S)
    log.write(carded(1))
    while ran.acquire(blocking=False):  # those that ran while it was written
        pass
    for _ in range(2):  # the first of them may have begun before
        assert ran.acquire(timeout=NOT_RUN_OUT_S)
    upkeep.stop()

    assert [row["cards"] for row in log.rows(daily_count)] == [1]


def test_a_fault_is_told_once_and_the_thread_goes_on(
    log: Log, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The same fault again is not told again; its end is, and a new one."""
    done = threading.Event()
    course = [
        CardLogStoreError("Away 1", refused=False),
        CardLogStoreError("Away 1", refused=False),
        CardLogStoreError("Away 2", refused=False),
        None,
    ]

    def run_once(_upkeep: Upkeep) -> None:
        fault = course.pop(0) if course else None
        if fault is not None:
            raise fault
        done.set()

    monkeypatch.setattr(Upkeep, "run_once", run_once)
    upkeep = Upkeep(open_engine(log.url), clock, interval_s=0)
    with caplog.at_level(logging.WARNING, logger="cds_service.cardlog.upkeep"):
        upkeep.start()
        assert done.wait(NOT_RUN_OUT_S)
        upkeep.stop()

    assert [record.getMessage() for record in caplog.records] == [
        "The card log's figures cannot be brought up to date (Away 1)",
        "The card log's figures cannot be brought up to date (Away 2)",
        "The card log's figures are brought up to date again",
    ]


def test_a_step_that_fails_keeps_no_other_from_being_done(log: Log, upkeep: Upkeep, clock: Clock) -> None:
    """Keys are dropped in time though the figures cannot be worked out; the fault is raised in the end."""
    log.write(carded(1, order_key=a_key("a")))
    with log.engine.begin() as connection:
        connection.execute(text("DROP TABLE rollup_due"))
    clock.now = NOON + timedelta(days=40)

    with pytest.raises(CardLogStoreError):
        upkeep.run_once()

    assert log.rows(episode_key) == []
    assert states(log) == ["signed_anyway"]


def test_the_clock_is_the_hosts_unless_another_is_given(log: Log) -> None:
    """What the service starts brings today's figures up to date."""
    upkeep = Upkeep(open_engine(log.url), window_days=7)
    log.write(carded(1, occurred_on=date.today()))  # noqa: DTZ011 - any day will do

    upkeep.run_once()
    upkeep.stop()

    assert [row["cards"] for row in log.rows(daily_count)] == [1]
