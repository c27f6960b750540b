from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import islice

import pytest
from event_builders import evaluations_in
from figure_builders import days_of, put_figures
from sqlalchemy import Engine, text

from cds_service.cardlog import retention
from cds_service.cardlog.access_schema import access_event
from cds_service.cardlog.databases import CardLogStoreError, open_engine
from cds_service.cardlog.events import CallRecord, FeedbackEvent
from cds_service.cardlog.migrating import bring_up_to_date
from cds_service.cardlog.partitions import month_of
from cds_service.cardlog.retention import (
    MonthOfTable,
    NotRolledUpError,
    Patience,
    oldest_month_kept,
    partition_months,
    purge,
    to_be_deleted,
)
from cds_service.cardlog.rollup_schema import (
    ROLLUP_TABLES,
    episode_count,
    monthly_count,
    weekly_override_count,
    weekly_practice_count,
    weekly_red_flag_count,
)
from cds_service.cardlog.rollups import roll_up_due
from cds_service.cardlog.rows import rows_of
from cds_service.cardlog.schema import EVENT_TABLES, evaluation, metadata
from cds_service.cardlog.store import CardLogStore, Counts

BuildCall = Callable[..., CallRecord]
BuildFeedback = Callable[..., FeedbackEvent]

BEFORE = date(2026, 10, 1)
DAYS = (date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 30), date(2026, 10, 1), date(2026, 11, 21))
OLD = [day for day in DAYS if day < BEFORE]
KEPT = [day for day in DAYS if day >= BEFORE]
WRITER_ID = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def filled(store: CardLogStore, engine: Engine, a_call: BuildCall, a_feedback: BuildFeedback) -> Engine:
    """A call, its feedback and counts on each of the days, with the figures worked out."""
    calls = [a_call(occurred_on=day, order_key=bytes(16), session_key=bytes(16)) for day in DAYS]
    entries = [a_feedback(received_on=day) for day in DAYS]
    store.write(rows_of([*calls, entries]))
    months = sorted({month_of(day) for day in DAYS})
    store.write_counts(
        Counts(
            [(day, 9, "demo-ehr", "order-sign", "cards", WRITER_ID, 1) for day in DAYS],
            [(month, "demo-ehr", "https://ehr.example.org/codes", "XR-1", WRITER_ID, 1) for month in months],
        )
    )
    with engine.begin() as connection:
        connection.execute(access_event.insert(), [an_access_entry(day) for day in DAYS])
    roll_up_due(engine)
    return engine


def an_access_entry(day: date) -> dict[str, object]:
    """A row of the access log."""
    texts = {column.name: "" for column in access_event.columns if column.name not in {"occurred_on", "occurred_at"}}
    at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    return {**texts, "event_id": str(day), "occurred_on": day, "occurred_at": at}


def contents(engine: Engine) -> dict[str, list[date]]:
    """The days of every table's rows."""
    without_day = {"rollup_due", "access_session", "access_sign_in", "access_token"}
    return {table.name: days_of(engine, table) for table in metadata.tables.values() if table.name not in without_day}


def test_purge_deletes_exactly_the_old(filled: Engine) -> None:
    """Events, counts and figures of whole months go; the month that begins the time kept stays, and monthly figures."""
    before = contents(filled)

    gone = list(purge(filled, BEFORE))

    assert contents(filled) == {
        **{table.name: [] for table in ROLLUP_TABLES},
        **{table.name: KEPT for table in EVENT_TABLES},
        "access_event": KEPT,
        "call_count": KEPT,
        "daily_count": KEPT,
        "unknown_procedure_count": [date(2026, 10, 1), date(2026, 11, 1)],
        "weekly_count": [date(2026, 9, 28), date(2026, 11, 16)],
        "weekly_choice_count": [date(2026, 9, 28)] * 8 + [date(2026, 11, 16)] * 8,
        "weekly_practice_count": [date(2026, 9, 28), date(2026, 11, 16)],
        "weekly_practice_outcome_count": [date(2026, 9, 28), date(2026, 11, 16)],
        "daily_call_count": KEPT,
        "monthly_count": before["monthly_count"],
    }
    assert before["monthly_count"] == [date(2026, month, 1) for month in (8, 9, 10, 11)]
    assert sum(month.rows for month in gone) == len(OLD) * 9 + 2 + 3 + 8
    assert list(purge(filled, BEFORE)) == []


def test_a_dry_run_says_what_would_go_and_deletes_nothing(filled: Engine) -> None:
    """What is said is what purge then does."""
    before = contents(filled)

    planned = to_be_deleted(filled, BEFORE)

    assert contents(filled) == before
    assert [month for month in planned if month.table == "evaluation"] == [
        MonthOfTable("evaluation", date(2026, 8, 1), 1),
        MonthOfTable("evaluation", date(2026, 9, 1), 2),
    ]
    counts = {
        "access_event",
        "call_count",
        "unknown_procedure_count",
        "daily_call_count",
        "daily_count",
        "weekly_count",
    }
    counts |= {"weekly_choice_count", "weekly_practice_count", "weekly_practice_outcome_count"}
    assert {month.table for month in planned} == {table.name for table in EVENT_TABLES} | counts
    assert list(purge(filled, BEFORE)) == sorted(planned, key=lambda old: old.month)


def test_purge_leaves_no_partition_of_an_old_month(filled: Engine) -> None:
    """On PostgreSQL whole partitions go, so that nothing has to be vacuumed."""
    assert list(purge(filled, BEFORE))

    with filled.connect() as connection:
        months = {table.name: partition_months(connection, table) for table in EVENT_TABLES}

    assert [month for found in months.values() for month in found if month < BEFORE] == []
    assert all((BEFORE in found) == (filled.dialect.name == "postgresql") for found in months.values())


def test_a_week_that_reaches_into_the_time_kept_stays_whole(store: CardLogStore, engine: Engine) -> None:
    """Half a week's figures would be wrong; a window of episodes may be as long as 28 days."""
    assert evaluations_in(store) == 0
    weeks = [date(2026, 9, 21), date(2026, 9, 24), date(2026, 9, 25), date(2026, 9, 28)]
    for day in weeks:
        put_figures(engine, weekly_practice_count, day)
        put_figures(engine, weekly_override_count, day)
        put_figures(engine, weekly_red_flag_count, day)
    for day in (date(2026, 8, 31), date(2026, 9, 3), date(2026, 9, 4)):
        put_figures(engine, episode_count, day)

    assert list(purge(engine, BEFORE))

    # From Thursday to Wednesday: weeks begin on any day here, so that the very edge is tried.
    assert days_of(engine, weekly_practice_count) == [date(2026, 9, 25), date(2026, 9, 28)]
    assert days_of(engine, weekly_override_count) == [date(2026, 9, 25), date(2026, 9, 28)]
    assert days_of(engine, weekly_red_flag_count) == [date(2026, 9, 25), date(2026, 9, 28)]
    assert days_of(engine, episode_count) == [date(2026, 9, 4)]


def test_nothing_is_deleted_while_figures_are_due(filled: Engine, store: CardLogStore, a_call: BuildCall) -> None:
    """What is not in the monthly figures yet would be gone for ever."""
    store.write(rows_of([a_call(occurred_on=OLD[-1])]))
    before = contents(filled)

    with pytest.raises(NotRolledUpError, match=r"the figures of 1 day\(s\) from 2026-09-30 to 2026-09-30"):
        list(purge(filled, BEFORE))

    assert contents(filled) == before


def test_a_day_of_the_time_kept_may_be_due(filled: Engine, store: CardLogStore, a_call: BuildCall) -> None:
    """Today's figures are nearly always about to be worked out."""
    store.write(rows_of([a_call(occurred_on=KEPT[-1])]))

    assert list(purge(filled, BEFORE))


def test_nothing_is_deleted_that_the_monthly_figures_lack(filled: Engine) -> None:
    """No day is due, yet the figures are wrong: someone must look before the events go."""
    with filled.begin() as connection:
        connection.execute(monthly_count.update().values(evaluations=1))
    before = contents(filled)

    with pytest.raises(NotRolledUpError, match="the monthly figures of 2026-09 lack evaluations"):
        list(purge(filled, BEFORE))

    assert contents(filled) == before


def test_an_event_that_comes_between_stops_the_purge(filled: Engine, store: CardLogStore, a_call: BuildCall) -> None:
    """A late event of an old month is not deleted before it was counted."""
    steps = purge(filled, BEFORE)
    first = next(steps)
    store.write(rows_of([a_call(occurred_on=OLD[-1])]))
    assert first == MonthOfTable("evaluation", date(2026, 8, 1), 1)

    with pytest.raises(NotRolledUpError):
        next(steps)

    assert days_of(filled, evaluation) == [OLD[1], OLD[2], OLD[2], *KEPT]


def test_a_purge_that_was_stopped_is_simply_run_again(filled: Engine) -> None:
    """The monthly figures hold more than is left of the events; that is no reason to refuse."""
    assert len(list(islice(purge(filled, BEFORE), 2))) == 2

    assert list(purge(filled, BEFORE))

    assert days_of(filled, evaluation) == KEPT


def test_rows_go_a_few_at_a_time(filled: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """On SQLite a month of any size is deleted in batches."""
    monkeypatch.setattr(retention, "_ROWS_AT_A_TIME", 1)

    assert list(purge(filled, BEFORE))

    assert days_of(filled, evaluation) == KEPT


def test_a_partition_in_use_is_given_up_and_nothing_is_lost(
    postgresql_server: Callable[[], str], a_call: BuildCall
) -> None:
    """Writers wait for no longer than the lock's time; the purge says so and can be run again."""
    url = postgresql_server()
    bring_up_to_date(url)
    engine = open_engine(url)
    store = CardLogStore(url, WRITER_ID)
    store.write(rows_of([a_call(occurred_on=day) for day in DAYS]))
    roll_up_due(engine)

    with engine.begin() as reader:
        reader.execute(text("SELECT count(*) FROM evaluation"))
        with pytest.raises(CardLogStoreError, match="55P03"):
            list(purge(engine, BEFORE, Patience(lock_timeout_ms=20, tries=2, pause_s=0.01)))

    assert days_of(engine, evaluation) == list(DAYS)
    assert list(purge(engine, BEFORE))
    store.dispose()
    engine.dispose()


@pytest.mark.parametrize(
    ("today", "months", "expected"),
    [
        (date(2026, 11, 22), 24, date(2024, 11, 1)),
        (date(2026, 1, 1), 1, date(2025, 12, 1)),
        (date(2026, 12, 31), 12, date(2025, 12, 1)),
        (date(2026, 12, 31), 11, date(2026, 1, 1)),
    ],
)
def test_whole_months_are_kept_besides_this_one(today: date, months: int, expected: date) -> None:
    """No event goes before it is as old as was asked for."""
    assert oldest_month_kept(today, months) == expected


@pytest.mark.parametrize("months", [0, -1, 2026 * 12])
def test_a_time_that_keeps_nothing_is_refused(months: int) -> None:
    """A slip of the finger does not empty the log."""
    with pytest.raises(ValueError, match=f"--keep-months {months}"):
        oldest_month_kept(date(2026, 11, 22), months)
