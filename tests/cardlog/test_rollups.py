from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from event_builders import (
    ANOTHER_WRITER_ID,
    MONDAY,
    WRITER_ID,
    Log,
    a_log,
    an_id,
    carded,
    evaluation,
    feedback,
    overridden,
    some_calls,
    some_feedback,
)
from sqlalchemy import delete, insert, text

from cds_service.cardlog import figures, rollups, schema
from cds_service.cardlog.databases import CardLogStoreError
from cds_service.cardlog.events import CallRecord, EvaluationEvent, FeedbackEvent
from cds_service.cardlog.rollup_schema import (
    CHOICES,
    EVERY,
    daily_call_count,
    daily_count,
    monthly_count,
    weekly_choice_count,
    weekly_count,
    weekly_override_count,
    weekly_practice_count,
    weekly_practice_outcome_count,
    weekly_reason_choice_count,
    weekly_reason_count,
    weekly_red_flag_count,
)
from cds_service.cardlog.rollups import roll_up_due, week_of
from cds_service.pathway.outcomes import RED_FLAGS, Outcome

ONE_DAY = timedelta(days=1)
Figures = dict[tuple[Any, ...], dict[str, int]]


@pytest.fixture
def log(database_url: str) -> Iterator[Log]:
    """An empty card log."""
    with a_log(database_url) as opened:
        yield opened


def last_of(entries: Iterable[FeedbackEvent]) -> dict[str | None, FeedbackEvent]:
    """The entry that counts of each card."""
    in_order = sorted(entries, key=lambda e: (e.outcome_timestamp, e.received_on, e.received_hour, e.event_id))
    return {entry.card_id: entry for entry in in_order}


def counted(
    calls: Sequence[CallRecord],
    entries: Sequence[FeedbackEvent],
    key: Callable[[EvaluationEvent], tuple[Any, ...]],
) -> Figures:
    """Evaluations and cards by a key, counted one by one."""
    last = last_of(entries)
    sums: dict[tuple[Any, ...], Counter[str]] = {}
    for call in calls:
        for event in call.evaluations:
            row = sums.setdefault(key(event), Counter())
            row["evaluations"] += 1
            row["without_indication"] += not event.indication_present
            row["setting_unknown"] += event.setting == "unknown"
            row["oncology_unknown"] += event.oncology == "unknown"
            row["known_by_text"] += event.known_by == "text"
        for card in call.cards:
            (lead,) = [event for event in call.evaluations if event.event_id == card.event_id]
            row = sums[key(lead)]
            entry = last.get(card.card_id)
            row["cards"] += 1
            row["accepted"] += entry is not None and entry.outcome == "accepted"
            row["suggestions_accepted"] += entry is not None and entry.suggestion_accepted
            row["overridden"] += entry is not None and entry.outcome == "overridden"
    return {key: dict(row) for key, row in sums.items()}


def stored(log: Log, table: Any) -> Figures:  # noqa: ANN401 - any table of figures
    """A table of figures in the same form, what is nought left out of neither."""
    keys = [column.name for column in table.primary_key]
    return {
        tuple(row[name] for name in keys): {name: count for name, count in row.items() if name not in keys}
        for row in log.rows(table)
    }


def only(names: Iterable[str], expected: Figures) -> Figures:
    """Counts by the given names, nought where there was nothing to count."""
    wanted = list(names)
    return {key: {name: row.get(name, 0) for name in wanted} for key, row in expected.items()}


def counts_of(table: Any) -> list[str]:  # noqa: ANN401 - any table of figures
    """The names of a table's counts."""
    return [column.name for column in table.columns if not column.primary_key]


def by_client(event: EvaluationEvent) -> tuple[Any, ...]:
    """What figures by client are kept by."""
    return (event.region, event.client_id, event.hook, event.modality, event.outcome)


def by_place(event: EvaluationEvent) -> tuple[Any, ...]:
    """Where an order was placed; empty where nothing tells."""
    return (event.region, event.borough or "", event.pcn or "", event.organisation or "")


def expected_figures(calls: Sequence[CallRecord], entries: Sequence[FeedbackEvent]) -> dict[str, Figures]:
    """All figures by day, week and month, counted one by one."""
    keys: dict[Any, Callable[[EvaluationEvent], tuple[Any, ...]]] = {
        daily_count: lambda e: (e.occurred_on, *by_client(e)),
        weekly_count: lambda e: (week_of(e.occurred_on), *by_client(e)),
        weekly_practice_count: lambda e: (
            week_of(e.occurred_on),
            *by_place(e),
            e.hook,
            e.modality,
            e.outcome,
        ),
        weekly_practice_outcome_count: lambda e: (week_of(e.occurred_on), *by_place(e), e.outcome),
        monthly_count: lambda e: (e.occurred_on.replace(day=1), e.region, e.hook, e.modality, e.outcome),
    }
    return {table.name: only(counts_of(table), counted(calls, entries, key)) for table, key in keys.items()}


def expected_overrides(calls: Sequence[CallRecord], entries: Sequence[FeedbackEvent]) -> Figures:
    """Overrides by place and reason, counted one by one."""
    last = last_of(entries)
    sums: dict[tuple[Any, ...], Counter[str]] = {}
    for call in calls:
        for card in call.cards:
            entry = last.get(card.card_id)
            if entry is None or entry.outcome != "overridden":
                continue
            (lead,) = [event for event in call.evaluations if event.event_id == card.event_id]
            reason = (entry.override_reason_system or "", entry.override_reason_code or "")
            key = (week_of(card.occurred_on), *by_place(lead), lead.client_id, lead.modality, lead.outcome, *reason)
            row = sums.setdefault(key, Counter())
            row["overrides"] += 1
            row["commented"] += entry.had_comment
    return {key: dict(row) for key, row in sums.items()}


def expected_red_flags(calls: Sequence[CallRecord], entries: Sequence[FeedbackEvent]) -> Figures:
    """Red-flag cards by place and answer, counted one by one."""
    last = last_of(entries)
    sums: Counter[tuple[Any, ...]] = Counter()
    for call in calls:
        for card in call.cards:
            (lead,) = [event for event in call.evaluations if event.event_id == card.event_id]
            entry = last.get(card.card_id)
            place = (lead.region, lead.borough or "", lead.client_id, lead.hook, lead.modality, lead.outcome)
            answer = "" if entry is None else entry.outcome
            sums[(week_of(card.occurred_on), *place, answer)] += lead.outcome in RED_FLAGS
    return {key: {"cards": cards} for key, cards in sums.items() if cards}


def without_place(overrides: Figures) -> Figures:
    """Overrides by reason alone."""
    sums: dict[tuple[Any, ...], Counter[str]] = {}
    for key, row in overrides.items():
        sums.setdefault((*key[:2], *key[5:]), Counter()).update(row)
    return {key: dict(row) for key, row in sums.items()}


def each_choice(table: Any, figures: Figures) -> Figures:  # noqa: ANN401 - any table of choices
    """Figures added up for each choice, in the order of a table's key: each value, or `EVERY`."""
    names = [column.name for column in table.columns if column.primary_key]
    key_names = [column.name for column in table.primary_key]
    sums: dict[tuple[Any, ...], Counter[str]] = {}
    for key, row in figures.items():
        values = dict(zip(names, key, strict=True))
        for chosen in product((True, False), repeat=len(CHOICES[table.name])):
            every = {name: EVERY for name, keeps in zip(CHOICES[table.name], chosen, strict=True) if not keeps}
            added_up = {**values, **every}
            sums.setdefault(tuple(added_up[name] for name in key_names), Counter()).update(row)
    return {key: dict(row) for key, row in sums.items()}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_figures_are_those_counted_one_by_one(log: Log, seed: int) -> None:
    """Days, weeks, months and override reasons agree with a plain count, whatever feedback came."""
    calls = some_calls(seed, 90)
    entries = some_feedback(seed, calls, 120)
    log.write(*calls)
    log.write(entries)

    days = roll_up_due(log.engine)

    assert days == len({event.occurred_on for call in calls for event in call.evaluations})
    for name, expected in expected_figures(calls, entries).items():
        assert stored(log, schema.metadata.tables[name]) == expected, name
    overrides = expected_overrides(calls, entries)
    assert stored(log, weekly_override_count) == overrides
    assert stored(log, weekly_reason_count) == without_place(overrides)
    assert stored(log, weekly_reason_choice_count) == each_choice(weekly_reason_choice_count, without_place(overrides))
    assert stored(log, weekly_red_flag_count) == expected_red_flags(calls, entries)
    by_week = stored(log, weekly_count)
    assert stored(log, weekly_choice_count) == each_choice(weekly_choice_count, by_week)
    assert log.rows(schema.rollup_due) == []


def test_working_out_again_changes_nothing(log: Log) -> None:
    """A day that is marked though nothing came gives the same figures."""
    calls = some_calls(4, 30)
    entries = some_feedback(4, calls, 30)
    log.write(*calls)
    log.write(entries)
    roll_up_due(log.engine)
    before = log.figures()
    assert roll_up_due(log.engine) == 0

    log.write(*calls)  # marks its days again, and stores nothing
    assert roll_up_due(log.engine) > 0

    assert log.figures() == before


@pytest.mark.parametrize("days_before", [1, 2, 7, 32])
def test_feedback_that_a_clock_puts_before_its_card_counts(log: Log, days_before: int) -> None:
    """The clock had been ahead when the card was shown, and was put right: up to the first of the month before."""
    log.write(carded(1), [feedback(an_id(1), received_on=MONDAY - timedelta(days=days_before))])

    roll_up_due(log.engine)

    assert [(row["cards"], row["accepted"]) for row in log.rows(daily_count)] == [(1, 1)]


def test_late_feedback_changes_the_week_of_its_card(log: Log) -> None:
    """A card answered weeks later counts as answered in the week in which it was shown."""
    log.write(carded(1))
    roll_up_due(log.engine)
    log.write([overridden(an_id(1), received_on=MONDAY + timedelta(days=30))])

    assert roll_up_due(log.engine) == 1

    (week,) = log.rows(weekly_count)
    assert (week["week"], week["cards"], week["accepted"], week["overridden"]) == (MONDAY, 1, 0, 1)
    assert [row["overrides"] for row in log.rows(weekly_override_count)] == [1]


def test_red_flags_are_what_the_pathway_says_they_are(log: Log) -> None:
    """Cards of all of them are kept by borough, and of no other outcome."""
    log.write(*(carded(number, outcome=outcome) for number, outcome in enumerate(Outcome)))

    roll_up_due(log.engine)

    assert sorted(row["outcome"] for row in log.rows(weekly_red_flag_count)) == sorted(RED_FLAGS)


def test_a_red_flag_card_has_its_last_answer(log: Log) -> None:
    """Late feedback moves it from one answer to another, and of several orders it counts once, under the first."""
    log.write(carded(1, outcome=Outcome.CES, orders=3, borough=None))
    roll_up_due(log.engine)
    key = (MONDAY, "nwl", "", "demo-ehr", "order-sign", "mri", "ces")
    assert stored(log, weekly_red_flag_count) == {(*key, ""): {"cards": 1}}

    log.write([feedback(an_id(1))])
    log.write([overridden(an_id(1), outcome_timestamp=datetime(2026, 12, 1, tzinfo=UTC))])
    roll_up_due(log.engine)

    assert stored(log, weekly_red_flag_count) == {(*key, "overridden"): {"cards": 1}}


def test_a_contradiction_takes_the_override_back(log: Log) -> None:
    """When the last word is that the card was accepted, its override is in no figure any more."""
    log.write(carded(1))
    log.write([overridden(an_id(1))])
    roll_up_due(log.engine)

    log.write([feedback(an_id(1), outcome_timestamp=datetime(2026, 11, 2, 11, tzinfo=UTC))])
    roll_up_due(log.engine)

    (week,) = log.rows(weekly_count)
    assert (week["accepted"], week["suggestions_accepted"], week["overridden"]) == (1, 1, 0)
    assert (log.rows(weekly_override_count), log.rows(weekly_reason_count)) == ([], [])


def test_a_card_of_several_orders_counts_once(log: Log) -> None:
    """Three orders with one card are three evaluations and one card."""
    log.write(carded(1, orders=3))
    log.write([feedback(an_id(1), suggestion_accepted=False)])

    roll_up_due(log.engine)

    (day,) = log.rows(daily_count)
    assert (day["evaluations"], day["cards"], day["accepted"], day["suggestions_accepted"]) == (3, 1, 1, 0)


def test_calls_are_added_up_by_day(log: Log) -> None:
    """Hours and processes are; a day without an evaluation has its calls as well, also those that come later."""
    key = ("demo-ehr", "order-sign", "out_of_scope")
    log.count_calls((MONDAY, 9, *key, WRITER_ID, 2), (MONDAY, 10, *key, WRITER_ID, 3))
    log.count_calls((MONDAY, 9, *key, ANOTHER_WRITER_ID, 4), writer_id=ANOTHER_WRITER_ID)
    roll_up_due(log.engine)
    assert stored(log, daily_call_count) == {(MONDAY, *key): {"calls": 9}}

    log.count_calls((MONDAY, 10, *key, WRITER_ID, 5))
    roll_up_due(log.engine)

    assert stored(log, daily_call_count) == {(MONDAY, *key): {"calls": 11}}


def test_calls_of_a_day_that_was_deleted_stay(log: Log) -> None:
    """Where retention has deleted the counts of a day that is due, its sum is not counted down."""
    key = ("demo-ehr", "order-sign", "cards")
    log.count_calls((MONDAY, 9, *key, WRITER_ID, 2))
    roll_up_due(log.engine)
    with log.engine.begin() as connection:
        connection.execute(delete(schema.call_count))

    log.write(carded(1))
    roll_up_due(log.engine)

    assert stored(log, daily_call_count) == {(MONDAY, *key): {"calls": 2}}


def test_a_week_whose_sums_could_not_be_stored_stays_due(log: Log) -> None:
    """On SQLite the sums are stored after the figures they are made of: a fault in between is made good later."""
    log.write(carded(1))
    with log.engine.begin() as connection:
        connection.execute(text("ALTER TABLE weekly_practice_outcome_count RENAME TO hidden"))
    with pytest.raises(CardLogStoreError):
        roll_up_due(log.engine)
    with log.engine.begin() as connection:
        connection.execute(text("ALTER TABLE hidden RENAME TO weekly_practice_outcome_count"))

    assert roll_up_due(log.engine) == 1

    assert [row["cards"] for row in log.rows(weekly_practice_outcome_count)] == [1]


def test_a_day_that_an_event_joins_meanwhile_stays_due(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mark of a process that added an event while its day was worked out stays; others go."""
    log.write(carded(1))
    log.write(carded(2), writer_id=ANOTHER_WRITER_ID)
    begin_writing = figures.begin_writing

    def one_more(connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's connection
        begin_writing(connection)
        monkeypatch.setattr(rollups, "begin_writing", begin_writing)
        log.write(carded(3))

    monkeypatch.setattr(rollups, "begin_writing", one_more)

    assert roll_up_due(log.engine) == 1

    assert [(row["day"], row["writer_id"]) for row in log.rows(schema.rollup_due)] == [(MONDAY, WRITER_ID)]
    assert roll_up_due(log.engine) == 1
    assert [row["cards"] for row in log.rows(daily_count)] == [3]


def test_one_process_works_at_a_time(log: Log) -> None:
    """While another works out figures nothing is done, and nobody waits; afterwards it is."""
    log.write(carded(1))

    with figures.turn(log.engine) as mine:
        assert mine is not None
        assert roll_up_due(log.engine) == 0

    assert log.rows(daily_count) == []
    assert roll_up_due(log.engine) == 1


def test_a_week_that_another_process_has_just_done_is_passed(log: Log) -> None:
    """Between seeing what is due and taking the turn, another may have worked it out."""
    log.write(carded(1))

    def another_is_quicker() -> bool:
        return roll_up_due(log.engine) == 0

    assert roll_up_due(log.engine, another_is_quicker) == 0

    assert [row["cards"] for row in log.rows(daily_count)] == [1]


def test_a_day_stays_due_when_the_database_fails(log: Log) -> None:
    """Nothing of the week is written then, and the fault tells no value."""
    log.write(carded(1))
    with log.engine.begin() as connection:
        connection.execute(text("ALTER TABLE monthly_count RENAME TO hidden"))

    with pytest.raises(CardLogStoreError):
        roll_up_due(log.engine)

    assert log.rows(daily_count) == []
    assert [row["day"] for row in log.rows(schema.rollup_due)] == [MONDAY]


def test_events_are_written_while_figures_are_worked_out(log: Log) -> None:
    """Whoever has the turn keeps nobody from logging."""
    with figures.turn(log.engine):
        log.write(carded(1))

    assert len(log.rows(schema.evaluation)) == 1


def test_a_stop_is_heeded_between_weeks(log: Log) -> None:
    """The latest week comes first; what is left stays due."""
    log.write(carded(1), carded(2, occurred_on=MONDAY + timedelta(days=7)))
    asked: Iterator[bool] = iter([False, True])

    assert roll_up_due(log.engine, lambda: next(asked)) == 1

    assert [row["day"] for row in log.rows(schema.rollup_due)] == [MONDAY]


def test_figures_of_deleted_events_stay(log: Log) -> None:
    """Where retention has deleted events, a day, week and month that are due are not counted down."""
    tuesday = MONDAY + ONE_DAY
    log.write(CallRecord([evaluation(), evaluation()]), carded(1, occurred_on=tuesday, outcome=Outcome.MSCC))
    log.write([overridden(an_id(1))])
    roll_up_due(log.engine)
    before = log.figures()
    with log.engine.begin() as connection:
        connection.execute(delete(schema.evaluation).where(schema.evaluation.c.occurred_on == MONDAY))
        connection.execute(insert(schema.rollup_due).values(day=MONDAY, writer_id=WRITER_ID, version=1))

    log.write([feedback(an_id(1), outcome_timestamp=datetime(2026, 12, 1, tzinfo=UTC))])
    assert roll_up_due(log.engine) == 2

    after = log.figures()
    by_practice = ("weekly_practice_count", "weekly_override_count", "weekly_reason_count", "weekly_red_flag_count")
    assert [after[name] for name in by_practice] == [before[name] for name in by_practice]
    assert [(row["day"], row["evaluations"], row["accepted"]) for row in after["daily_count"]] == [
        (MONDAY, 2, 0),
        (tuesday, 1, 1),
    ]
    assert [(row["evaluations"], row["accepted"]) for row in after["weekly_count"]] == [(1, 1), (2, 0)]


def test_a_month_whose_days_are_deleted_stays(log: Log) -> None:
    """An event that comes when its month is deleted does not make the month's figures its own."""
    log.write(carded(1), carded(2))
    roll_up_due(log.engine)
    with log.engine.begin() as connection:
        for table in (schema.evaluation, schema.card, daily_count, weekly_count, weekly_practice_count):
            connection.execute(delete(table))

    log.write(carded(3))
    assert roll_up_due(log.engine) == 1

    assert [row["cards"] for row in log.rows(daily_count)] == [1]
    assert [row["cards"] for row in log.rows(monthly_count)] == [2]


def test_a_week_begins_on_monday() -> None:
    """Sunday is the last day of its week."""
    assert [week_of(day) for day in (MONDAY - ONE_DAY, MONDAY, date(2026, 11, 8))] == [
        MONDAY - timedelta(days=7),
        MONDAY,
        MONDAY,
    ]
