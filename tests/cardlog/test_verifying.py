from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from event_builders import WRITER_ID
from sqlalchemy import Engine, Executable, Table, delete, update

from cds_service.cardlog.episode_keys import window_start
from cds_service.cardlog.episodes import work_out_window
from cds_service.cardlog.events import CallRecord, FeedbackEvent
from cds_service.cardlog.migrating import HEAD, downgrade
from cds_service.cardlog.retention import purge
from cds_service.cardlog.rollup_schema import (
    daily_call_count,
    daily_count,
    episode_state_count,
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
from cds_service.cardlog.rollups import roll_up_due
from cds_service.cardlog.rows import rows_of
from cds_service.cardlog.schema import card, evaluation
from cds_service.cardlog.spool import Spool
from cds_service.cardlog.store import CardLogStore, Counts
from cds_service.cardlog.table_days import day_of
from cds_service.cardlog.verifying import Finding, Level, verify
from cds_service.pathway.outcomes import Outcome

BuildCall = Callable[..., CallRecord]
BuildFeedback = Callable[..., FeedbackEvent]
Verify = Callable[[], list[Finding]]

OCTOBER = date(2026, 10, 5)
NOVEMBER = date(2026, 11, 21)
LATE = "came when those of the month had been deleted; its monthly figures stay as they were"
MEND = "run a purge that broke off again; else the figures must be worked out anew"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where spools are; it does not exist yet."""
    return tmp_path / "spool"


@pytest.fixture
def whole(store: CardLogStore, engine: Engine, a_call: BuildCall) -> list[CallRecord]:
    """A log with nothing wrong in it: calls in two months, one of them silent, and their figures."""
    calls = [
        a_call(occurred_on=OCTOBER, order_key=bytes(16)),
        a_call(occurred_on=NOVEMBER, session_key=bytes(16)),
        a_call(occurred_on=NOVEMBER, outcome=Outcome.NOT_EFFECTIVE, card_id=None, indicator=None),
    ]
    store.write(rows_of(calls))
    roll_up_due(engine)
    return calls


@pytest.fixture
def verified(engine: Engine, database_url: str, folder: Path) -> Verify:
    """Verify the test's database."""
    return lambda: list(verify(engine, database_url, folder))


def problems(findings: list[Finding]) -> dict[str, str]:
    """What is wrong, by check."""
    return {finding.check: finding.said for finding in findings if finding.level == Level.PROBLEM}


@pytest.mark.usefixtures("whole")
def test_nothing_is_wrong_with_a_whole_log(verified: Verify) -> None:
    """Each check is named, so that one that is missing is seen."""
    assert [(level, check) for level, check, _ in verified()] == [
        (Level.OK, "schema revision"),
        (Level.OK, "columns"),
        (Level.OK, "figures by day"),
        (Level.OK, "figures by month"),
        (Level.OK, "figures of cards"),
        (Level.OK, "counts of orders"),
        (Level.OK, "counts of cards and answers"),
        (Level.OK, "counts of weeks"),
        (Level.OK, "counts of months"),
        (Level.OK, "counts of weeks, by each choice"),
        (Level.OK, "counts of practices"),
        (Level.OK, "counts of practices, by each outcome"),
        (Level.OK, "counts of reasons"),
        (Level.OK, "counts of reasons, by region"),
        (Level.OK, "counts of reasons, by each choice"),
        (Level.OK, "counts of red flags"),
        (Level.OK, "counts of states of episodes"),
        (Level.OK, "counts of calls"),
        (Level.OK, "evaluations and their cards"),
        (Level.OK, "cards and their evaluations"),
        (Level.OK, "suggestions and their cards"),
        (Level.OK, "episode keys and their evaluations"),
        (Level.NOTE, "feedback for an unknown card"),
        (Level.OK, "whose evaluations"),
        (Level.OK, "spool"),
    ]


@pytest.mark.usefixtures("whole")
def test_invented_orders_among_real_ones_are_found(verified: Verify, store: CardLogStore, a_call: BuildCall) -> None:
    """They count in every figure, and no figure shows it."""
    store.write(rows_of([a_call(occurred_on=NOVEMBER, mode="demo")]))

    assert problems(verified()) == {
        "whose evaluations": "1 invented one(s) of a demo count among them; give the deployment a log of its own"
    }


def test_a_log_of_a_demo_is_as_whole_as_another(
    verified: Verify, store: CardLogStore, engine: Engine, a_call: BuildCall
) -> None:
    """It holds nothing else."""
    store.write(rows_of([a_call(occurred_on=NOVEMBER, mode="demo")]))
    roll_up_due(engine)

    assert problems(verified()) == {}


def test_a_database_without_tables_is_found(engine: Engine, database_url: str) -> None:
    """The rest is not looked at, and the spool is not either where its folder is not named."""
    findings = list(verify(engine, database_url, None))

    assert problems(findings)["schema revision"] == (
        f"the database has no tables, this version works with {HEAD}; run cds-service log migrate"
    )
    assert [(level, check) for level, check, _ in findings[2:]] == [
        (Level.NOTE, "figures, links"),
        (Level.NOTE, "spool"),
    ]


@pytest.mark.usefixtures("whole")
def test_an_older_revision_is_found(verified: Verify, database_url: str) -> None:
    """Its tables are not those that this version works with."""
    downgrade(database_url, "0001")

    found = problems(verified())

    assert found["schema revision"] == (
        f"the database is at 0001, this version works with {HEAD}; run cds-service log migrate"
    )
    assert "is missing" in found["columns"]


@pytest.mark.usefixtures("whole")
def test_a_newer_revision_is_found(verified: Verify, run_sql: Callable[..., None]) -> None:
    """An older version of the service does not judge what a newer one made."""
    run_sql("UPDATE alembic_version SET version_num = '9999'")

    said = problems(verified())["schema revision"]
    assert said.startswith("the card log's database is at revision '9999', written by a newer version of the service")


@pytest.mark.usefixtures("whole")
def test_a_column_that_nobody_allowed_is_found(verified: Verify, run_sql: Callable[..., None]) -> None:
    """What was added by hand could hold anything."""
    run_sql("ALTER TABLE card ADD COLUMN words TEXT")

    assert problems(verified())["columns"].startswith("card.words is not in the data dictionary; ")


@pytest.mark.usefixtures("whole")
def test_a_column_that_was_taken_away_is_found(verified: Verify, run_sql: Callable[..., None]) -> None:
    """The service could not write."""
    run_sql("ALTER TABLE feedback DROP COLUMN had_comment")

    assert problems(verified())["columns"].startswith("feedback.had_comment is missing; ")


@pytest.mark.usefixtures("whole")
def test_tables_of_others_are_none_of_ours(verified: Verify, run_sql: Callable[..., None]) -> None:
    """The same PostgreSQL database holds the tokens that the service has seen."""
    run_sql("CREATE TABLE something_else (id INTEGER)")

    assert problems(verified()) == {}


@pytest.mark.usefixtures("whole")
def test_a_day_whose_figures_differ_is_named(verified: Verify, engine: Engine) -> None:
    """A lost event and a figure that was worked out wrongly look alike from here; both must be looked into."""
    with engine.begin() as connection:
        connection.execute(update(daily_count).where(daily_count.c.day == OCTOBER).values(evaluations=3))

    found = problems(verified())

    assert found["figures by day"] == "2026-10-05 (1 stored, 3 in the figures); " + MEND


@pytest.mark.usefixtures("whole")
def test_a_month_whose_figures_differ_is_named(verified: Verify, engine: Engine) -> None:
    """The monthly figures are all that stays when the events are deleted."""
    with engine.begin() as connection:
        connection.execute(delete(monthly_count).where(monthly_count.c.month == date(2026, 11, 1)))

    found = problems(verified())

    assert found["figures by month"] == "2026-11-01 (2 stored, 0 in the figures); " + MEND


@pytest.mark.parametrize(
    ("table", "check"),
    [
        (weekly_choice_count, "counts of weeks, by each choice"),
        (weekly_practice_outcome_count, "counts of practices, by each outcome"),
        (weekly_reason_count, "counts of reasons, by region"),
        (weekly_reason_choice_count, "counts of reasons, by each choice"),
        (daily_call_count, "counts of calls"),
    ],
    ids=str,
)
def test_a_smaller_table_that_differs_from_the_larger_is_found(
    whole: list[CallRecord],
    verified: Verify,
    engine: Engine,
    store: CardLogStore,
    a_feedback: BuildFeedback,
    table: Table,
    check: str,
) -> None:
    """Pages read the smaller one, and exports the larger one."""
    store.write(rows_of([[a_feedback(card_id=whole[1].cards[0].card_id)]]))
    store.write_counts(Counts([(NOVEMBER, 9, "demo-ehr", "order-sign", "cards", WRITER_ID, 2)], []))
    roll_up_due(engine)
    assert problems(verified()) == {}
    with engine.begin() as connection:
        connection.execute(delete(table).where(day_of(table) >= date(2026, 11, 1)))

    assert check in problems(verified())


@pytest.fixture
def red_flags(store: CardLogStore, engine: Engine, a_call: BuildCall, a_feedback: BuildFeedback) -> None:
    """A log with red-flag cards in two weeks, all of them overridden."""
    calls = [a_call(occurred_on=day, outcome=Outcome.CES) for day in (OCTOBER, OCTOBER + timedelta(days=2), NOVEMBER)]
    store.write(rows_of([*calls, [a_feedback(card_id=call.cards[0].card_id) for call in calls]]))
    roll_up_due(engine)


@pytest.mark.usefixtures("red_flags")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (delete(weekly_red_flag_count), "ces, cards (2 in weekly_practice_count, 0 here)"),
        (update(weekly_red_flag_count).values(cards=5), "ces, cards (2 in weekly_practice_count, 5 here)"),
        (update(weekly_red_flag_count).values(answer=""), "ces, overridden (2 in weekly_practice_count, 0 here)"),
        (update(weekly_red_flag_count).values(answer="accepted"), "ces, accepted (0 in weekly_practice_count, 2 here)"),
    ],
    ids=["deleted", "other-count", "unanswered", "other-answer"],
)
def test_a_red_flag_list_that_differs_from_the_practices_is_found(
    verified: Verify, engine: Engine, change: Executable, said: str
) -> None:
    """So it does where a replica of an older version worked out a week after the update."""
    assert problems(verified()) == {}
    with engine.begin() as connection:
        connection.execute(change)

    found = problems(verified())

    assert found.keys() == {"counts of red flags"}
    assert said in found["counts of red flags"]


@pytest.mark.usefixtures("red_flags")
def test_the_red_flags_of_a_week_that_is_partly_deleted_are_left_alone(verified: Verify, engine: Engine) -> None:
    """An update found but those of the days that were left, and the practices have those of all."""
    with engine.begin() as connection:
        for table in (evaluation, card):
            connection.execute(delete(table).where(table.c.occurred_on == OCTOBER))
        connection.execute(delete(daily_count).where(daily_count.c.day == OCTOBER))
        connection.execute(delete(weekly_red_flag_count).where(weekly_red_flag_count.c.week == OCTOBER))

    assert not any("red flags" in check for check in problems(verified()))


@pytest.fixture
def answered(
    whole: list[CallRecord], store: CardLogStore, engine: Engine, a_feedback: BuildFeedback
) -> list[CallRecord]:
    """The whole log, in which somebody overrode a card, and an order that lacks things."""
    store.write(rows_of([[a_feedback(card_id=whole[1].cards[0].card_id)]]))
    store.write_counts(Counts([(NOVEMBER, 9, "demo-ehr", "order-sign", "cards", WRITER_ID, 2)], []))
    roll_up_due(engine)
    work_out_window(engine, window_start(OCTOBER, 7), 7, NOVEMBER)
    return whole


@pytest.mark.parametrize(
    ("tables", "wrong", "check", "said"),
    [
        (
            [daily_count],
            {"setting_unknown": 3},
            "orders",
            "2026-10-05, nwl, redirect, setting_unknown (0 in evaluation",
        ),
        (
            [daily_count],
            {"region": "nel"},
            "orders",
            "2026-10-05, nel, redirect, evaluations (0 in evaluation, 1 here)",
        ),
        (
            [daily_count, weekly_count, weekly_choice_count, weekly_practice_count, weekly_practice_outcome_count],
            {"overridden": 0},
            "cards and answers",
            "2026-11-21, redirect, accepted or overridden (1 in card, 0 here)",
        ),
        (
            [weekly_count],
            {"overridden": 0},
            "weeks",
            "2026-11-16, nwl, redirect, overridden (1 in daily_count, 0 here)",
        ),
        ([monthly_count], {"accepted": 5}, "months", "2026-10-01, nwl, redirect, accepted (0 in daily_count, 5 here)"),
        ([weekly_choice_count], {"without_indication": 2}, "weeks, by each choice", "2026-10-05, nwl, redirect"),
        ([weekly_practice_count], {"accepted": 1}, "practices", "2026-10-05, nwl, redirect, accepted"),
        ([weekly_practice_outcome_count], {"region": "nel"}, "practices, by each outcome", "2026-10-05, nel, redirect"),
        (
            [weekly_override_count],
            {"overrides": 4},
            "reasons",
            "2026-11-16, nwl, redirect, overrides (1 in weekly_count",
        ),
        ([weekly_reason_count], {"commented": 0}, "reasons, by region", "2026-11-16, nwl, redirect, commented"),
        (
            [weekly_reason_choice_count],
            {"overrides": 3},
            "reasons, by each choice",
            "overrides (1 in weekly_reason_count",
        ),
        ([episode_state_count], {"episodes": 0}, "states of episodes", "2026-10-05, nwl, redirect, episodes"),
    ],
    ids=lambda value: value if isinstance(value, str) and " (" not in value else "",
)
@pytest.mark.usefixtures("answered")
def test_any_count_that_is_wrong_is_found_where_it_is(
    verified: Verify, engine: Engine, tables: list[Table], wrong: dict[str, object], check: str, said: str
) -> None:
    """By day or week, region and outcome."""
    assert problems(verified()) == {}
    with engine.begin() as connection:
        for table in tables:
            connection.execute(update(table).values(wrong))

    assert said in problems(verified())[f"counts of {check}"]


@pytest.mark.parametrize(
    ("tables", "check"),
    [
        ((weekly_count, weekly_choice_count), "counts of weeks"),
        ((weekly_practice_count, weekly_practice_outcome_count), "counts of practices"),
        ((weekly_override_count, weekly_reason_count, weekly_reason_choice_count), "counts of reasons"),
    ],
    ids=["weeks", "practices", "reasons"],
)
@pytest.mark.usefixtures("answered")
def test_figures_that_are_gone_together_are_found(
    verified: Verify, engine: Engine, tables: tuple[Table, ...], check: str
) -> None:
    """They still agree with each other."""
    with engine.begin() as connection:
        for table in tables:
            connection.execute(delete(table))

    assert check in problems(verified())


@pytest.mark.usefixtures("answered")
def test_a_week_that_purging_has_cut_is_not_held_against_its_days(
    verified: Verify, store: CardLogStore, engine: Engine, a_call: BuildCall, database_url: str
) -> None:
    """Its figures are kept while those of its first days go; a late event of the month does not change that."""
    last_week = date(2026, 10, 26)
    store.write(rows_of([a_call(occurred_on=last_week), a_call(occurred_on=date(2026, 11, 1))]))
    roll_up_due(engine)
    list(purge(engine, date(2026, 11, 1)))
    assert problems(verified()) == {}

    another = CardLogStore(database_url, WRITER_ID)  # one that has not seen the month that was deleted
    another.write(rows_of([a_call(occurred_on=OCTOBER)]))
    another.dispose()
    roll_up_due(engine)

    findings = verified()
    assert problems(findings) == {}
    assert [said for level, check, said in findings if (level, check) == (Level.NOTE, "figures by month")] == [
        f"1 evaluation(s) of October 2026 {LATE}"
    ]


@pytest.mark.usefixtures("whole")
def test_evaluations_that_vanished_are_found(verified: Verify, engine: Engine) -> None:
    """The figures remember them."""
    with engine.begin() as connection:
        for table in (evaluation, card):
            connection.execute(delete(table).where(table.c.occurred_on == OCTOBER))

    found = problems(verified())

    assert found["figures by day"].startswith("2026-10-05 (0 stored, 1 in the figures)")
    assert found["figures by month"].startswith("2026-10-01 (0 stored, 1 in the figures)")


@pytest.mark.usefixtures("whole")
def test_a_day_that_is_due_is_not_held_against_its_figures(
    verified: Verify, store: CardLogStore, a_call: BuildCall
) -> None:
    """Figures follow the events after a while."""
    store.write(rows_of([a_call(occurred_on=NOVEMBER)]))

    findings = verified()

    assert problems(findings) == {}
    assert findings[2].said == "agree with the evaluations; 1 day(s) still to be worked out"


@pytest.mark.usefixtures("whole")
def test_months_whose_events_are_gone_are_not_held_against_their_figures(verified: Verify, engine: Engine) -> None:
    """Retention keeps the monthly figures for ever."""
    with engine.begin() as connection:
        october = monthly_count.c.month == date(2026, 10, 1)
        connection.execute(update(monthly_count).where(october).values(month=date(2020, 1, 1)))
        for table in (evaluation, card, daily_count):
            day = "day" if table is daily_count else "occurred_on"
            connection.execute(delete(table).where(table.c[day] == OCTOBER))

    assert not problems(verified()).keys() & {"figures by day", "figures by month"}


@pytest.mark.usefixtures("whole")
def test_only_a_few_days_are_named(verified: Verify, store: CardLogStore, engine: Engine, a_call: BuildCall) -> None:
    """A long list would hide the other findings."""
    store.write(rows_of([a_call(occurred_on=date(2026, 11, day)) for day in range(1, 9)]))
    roll_up_due(engine)
    with engine.begin() as connection:
        connection.execute(delete(daily_count))

    assert "and 5 more; " in problems(verified())["figures by day"]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (
            "DELETE FROM card WHERE occurred_on = '2026-10-05'",
            {
                "figures of cards": "2026-10-05 (0 stored, 1 in the figures)",
                "counts of cards and answers": "2026-10-05, redirect, cards (0 in card, 1 here)",
                "evaluations and their cards": "1 evaluation(s) name a card that is not there",
                "suggestions and their cards": "1 suggestion(s) lack their card",
            },
        ),
        (
            "UPDATE card SET event_id = card_id WHERE occurred_on = '2026-10-05'",
            {"cards and their evaluations": "1 card(s) lack the evaluation of their first order"},
        ),
        (
            "UPDATE suggestion SET card_id = suggestion_id WHERE occurred_on = '2026-10-05'",
            {"suggestions and their cards": "1 suggestion(s) lack their card"},
        ),
        (
            "UPDATE episode_key SET event_id = 'other' WHERE occurred_on = '2026-10-05'",
            {"episode keys and their evaluations": "1 episode key(s) lack their evaluation"},
        ),
    ],
)
@pytest.mark.usefixtures("whole")
def test_a_loose_end_is_found(
    verified: Verify, run_sql: Callable[..., None], statement: str, found: dict[str, str]
) -> None:
    """What belongs together was written together; one without the other means that something was lost."""
    run_sql(statement)

    assert {check: said.partition(";")[0] for check, said in problems(verified()).items()} == found


def test_feedback_for_an_unknown_card_is_counted_and_no_fault(
    whole: list[CallRecord], verified: Verify, store: CardLogStore, a_feedback: BuildFeedback
) -> None:
    """Clients may send it, late or mistaken."""
    known = a_feedback(card_id=whole[1].cards[0].card_id)
    store.write(rows_of([[known, a_feedback(), a_feedback(card_id=None)]]))

    findings = verified()

    assert problems(findings) == {}
    (stray,) = [finding for finding in findings if finding.check == "feedback for an unknown card"]
    assert stray.said.startswith("2; ")


@pytest.mark.usefixtures("whole")
def test_what_waits_in_a_spool_that_nobody_holds_is_found(verified: Verify, folder: Path, a_call: BuildCall) -> None:
    """It was acknowledged, and is not in the database; a service that runs delivers what it holds."""
    spool = Spool(folder)
    spool.open()
    assert (verified()[-1].level, verified()[-1].said) == (Level.OK, "empty")

    spool.append([a_call()])
    assert verified()[-1] == (Level.NOTE, "spool spool-1.sqlite3", "1 record(s) wait; its service delivers them")

    spool.close()
    assert problems(verified()) == {
        "spool spool-1.sqlite3": (
            "1 record(s) wait and no service holds it; start one, or run cds-service log import-spool"
        )
    }


@pytest.mark.usefixtures("whole")
def test_a_spool_that_cannot_be_read_is_found(verified: Verify, folder: Path) -> None:
    """Whatever is in it is not in the database."""
    folder.mkdir()
    (folder / "spool-1.sqlite3").write_bytes(b"not a database" * 100)

    assert "NOTADB" in problems(verified())["spool"]
