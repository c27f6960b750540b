import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from event_builders import WRITER_ID, a_log, carded, some_calls, some_feedback
from migration_builders import (
    AN_OLD_EVALUATION,
    AN_OLD_FEEDBACK,
    OLD_TABLES,
    insert_old,
    make_old_tables,
    partitions_of,
    rows_of,
    run,
    structure_of,
)

from cds_service.cardlog import rollup_schema, schema
from cds_service.cardlog.databases import CardLogStoreError, open_engine
from cds_service.cardlog.episodes import work_out_window
from cds_service.cardlog.migrating import (
    HEAD,
    REVISIONS,
    NewerSchemaError,
    SchemaError,
    Step,
    bring_up_to_date,
    current_revision,
    downgrade,
    steps,
    upgrade,
)
from cds_service.cardlog.migrations import tables_0005
from cds_service.cardlog.rollups import roll_up_due
from cds_service.pathway.outcomes import RED_FLAGS, Outcome

TODAY = date(2026, 11, 21)
SUNDAY = date(2026, 11, 15)
ALL_OF_KEY = "1, 2, 3, 4, 5, 6, 7, 8"
EVENT_TABLES = [table.name for table in schema.EVENT_TABLES]
ALL_TABLES = sorted(schema.metadata.tables)
ANOTHER_ORDER = {
    **AN_OLD_EVALUATION,
    "event_id": "00000000-0000-4000-8000-000000000000",
    "body_region_group": "spine",
}
A_SILENT_ONE = {
    **AN_OLD_EVALUATION,
    "event_id": "00000000-0000-4000-8000-000000000002",
    "occurred_on": "2025-12-31",
    "outcome": "specialist_exempt",
    "indicator": None,
    "card_id": None,
    "card_count": 0,
}
OLD_EVALUATIONS = (ANOTHER_ORDER, AN_OLD_EVALUATION, A_SILENT_ONE)
STRAY_FEEDBACK = {
    **AN_OLD_FEEDBACK,
    "event_id": "00000000-0000-4000-8000-0000000000f2",
    "card_id": None,
    "override_reason_code": None,
    "override_reason_system": None,
}


@pytest.fixture
def old_database(database_url: str) -> str:
    """A database with three evaluations, two of them of one card, and two feedback entries of the earlier version."""
    make_old_tables(database_url)
    insert_old(database_url, "evaluation", *OLD_EVALUATIONS)
    insert_old(database_url, "feedback", AN_OLD_FEEDBACK, STRAY_FEEDBACK)
    return database_url


@pytest.fixture
def another_database(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A second empty database of the same kind."""
    if database_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path}/another.sqlite3"
    new_database: Callable[[], str] = request.getfixturevalue("postgresql_server")
    return new_database()


def everything_in(database_url: str) -> tuple[list[str], dict[str, list[dict[str, Any]]]]:
    """The structure of an old database and its rows."""
    return structure_of(database_url), {table: rows_of(database_url, table) for table in ("evaluation", "feedback")}


def differences_from_today(database_url: str) -> list[Any]:
    """What Alembic would change to come from a database to the tables of the code."""
    engine = open_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, kind, _parents: kind != "table" or name in ALL_TABLES},
        )
        found: list[Any] = compare_metadata(context, schema.metadata)
    engine.dispose()
    return found


def partitions_in(*months: str) -> list[str]:
    """The names of the partitions of these months."""
    return sorted(f"{table}_{month}" for table in EVENT_TABLES for month in months)


def upgrades_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The revisions that Alembic says it made."""
    return [message for message in caplog.messages if message.startswith("Running upgrade")]


def test_the_revisions_are_those_in_the_folder() -> None:
    """The list in the code, by which a start knows where it is, is Alembic's own."""
    configuration = Config()
    configuration.set_main_option("script_location", "cds_service.cardlog:migrations")
    scripts = ScriptDirectory.from_config(configuration)
    assert [script.revision for script in scripts.walk_revisions()] == list(reversed(REVISIONS))
    assert scripts.get_heads() == [HEAD]


def test_an_empty_database_comes_to_the_tables_of_the_code(database_url: str, another_database: str) -> None:
    """Made at once or by one revision after the other: by name and in every detail the same."""
    bring_up_to_date(database_url, today=TODAY)
    upgrade(another_database)
    assert rollup_schema.ROLLUP_TABLES[0].name in ALL_TABLES
    assert current_revision(database_url) == HEAD
    assert differences_from_today(database_url) == []
    assert structure_of(database_url) == structure_of(another_database)


def test_an_old_database_comes_to_the_tables_of_the_code(old_database: str, another_database: str) -> None:
    """The way there makes no difference."""
    bring_up_to_date(old_database, today=TODAY)
    bring_up_to_date(another_database, today=TODAY)
    assert differences_from_today(old_database) == []
    assert structure_of(old_database) == structure_of(another_database)


def test_the_first_revision_is_what_the_earlier_version_made(database_url: str, another_database: str) -> None:
    """A database without Alembic's record is therefore taken for it."""
    upgrade(database_url, "0001")
    make_old_tables(another_database)
    assert structure_of(database_url) == structure_of(another_database)
    assert [current_revision(url) for url in (database_url, another_database)] == ["0001", "0001"]


def test_old_evaluations_are_kept(old_database: str) -> None:
    """Every column but the flags stands as it stood; they count as live."""
    before = rows_of(old_database, "evaluation")
    bring_up_to_date(old_database, today=TODAY)
    after = rows_of(old_database, "evaluation")
    assert [row.pop("configuration_flags") for row in before] == ["", "", ""]
    assert [row.pop("mode") for row in after] == ["live", "live", "live"]
    assert after == before


def test_old_feedback_is_kept(old_database: str) -> None:
    """Who sent it and which suggestion was taken were not logged then."""
    before = rows_of(old_database, "feedback")
    bring_up_to_date(old_database, today=TODAY)
    after = rows_of(old_database, "feedback")
    assert [(row.pop("client_id"), row.pop("suggestion_id")) for row in after] == [("unknown", None)] * 2
    assert after == before


def test_old_rows_are_read_as_the_service_reads_its_own(old_database: str) -> None:
    """Days and moments have the form in which they are written today."""
    bring_up_to_date(old_database, today=TODAY)
    engine = open_engine(old_database)
    with engine.connect() as connection:
        days = connection.scalars(schema.evaluation.select().with_only_columns(schema.evaluation.c.occurred_on)).all()
        moment = connection.scalar(schema.feedback.select().with_only_columns(schema.feedback.c.outcome_timestamp))
    engine.dispose()
    assert sorted(days) == [date(2025, 12, 31), date(2026, 1, 31), date(2026, 1, 31)]
    assert moment is not None
    assert moment.isoformat() == "2026-03-01T10:30:15+00:00"


def test_an_old_card_gets_a_row_of_its_own(old_database: str) -> None:
    """One for each card id: what its evaluations tell, and nothing invented but its place."""
    bring_up_to_date(old_database, today=TODAY)
    assert rows_of(old_database, "card") == [
        {
            "card_id": AN_OLD_EVALUATION["card_id"],
            "occurred_on": "2026-01-31",
            "event_id": ANOTHER_ORDER["event_id"],
            "position": "1",
            "outcome": "redirect",
            "indicator": "warning",
            "orders": "2",
            "suggestions": "0",
        }
    ]
    assert [rows_of(old_database, table) for table in ("suggestion", "episode_key", "call_count")] == [[], [], []]


def test_old_days_are_due_for_their_figures(old_database: str) -> None:
    """Each day with an evaluation is marked once."""
    bring_up_to_date(old_database, today=TODAY)
    nobody = "00000000-0000-0000-0000-000000000000"
    assert rows_of(old_database, "rollup_due") == [
        {"day": "2025-12-31", "writer_id": nobody, "version": "1"},
        {"day": "2026-01-31", "writer_id": nobody, "version": "1"},
    ]


def test_an_old_database_that_was_begun_only_is_finished(database_url: str) -> None:
    """The earlier version made its tables one by one and may have been stopped after the first."""
    make_old_tables(database_url, OLD_TABLES[:2])
    insert_old(database_url, "evaluation", AN_OLD_EVALUATION)
    bring_up_to_date(database_url, today=TODAY)
    assert current_revision(database_url) == HEAD
    assert len(rows_of(database_url, "evaluation")) == 1


def test_a_downgrade_keeps_what_the_old_tables_hold(old_database: str) -> None:
    """Tables and rows are again as the earlier version left them."""
    before = everything_in(old_database)
    bring_up_to_date(old_database, today=TODAY)
    downgrade(old_database, "0001")
    assert current_revision(old_database) == "0001"
    assert everything_in(old_database) == before


def test_down_and_up_again_keeps_evaluations_cards_and_feedback(old_database: str) -> None:
    """Only what the older tables have no column for is lost; a demo's rows stay a demo's."""
    bring_up_to_date(old_database, today=TODAY)
    run(old_database, "UPDATE evaluation SET mode = 'demo' WHERE card_id IS NULL")
    run(old_database, "UPDATE feedback SET client_id = 'demo-ehr'")
    before = {table: rows_of(old_database, table) for table in ("evaluation", "card", "rollup_due")}
    downgrade(old_database, "0001")
    bring_up_to_date(old_database, today=TODAY)
    assert {table: rows_of(old_database, table) for table in ("evaluation", "card", "rollup_due")} == before
    assert [row["client_id"] for row in rows_of(old_database, "feedback")] == ["unknown", "unknown"]


def test_the_way_back_to_nothing_and_up_again(old_database: str) -> None:
    """`base` drops the tables, and what comes after begins anew."""
    bring_up_to_date(old_database, today=TODAY)
    downgrade(old_database, "base")
    assert current_revision(old_database) is None
    assert structure_of(old_database) == []
    bring_up_to_date(old_database, today=TODAY)
    assert current_revision(old_database) == HEAD
    assert rows_of(old_database, "evaluation") == []


def test_an_old_database_can_be_taken_to_nothing_at_once(old_database: str) -> None:
    """It is recognised on the way down as well."""
    downgrade(old_database, "base")
    assert structure_of(old_database) == []


def test_a_revision_that_is_reached_is_left_as_it_is(old_database: str) -> None:
    """To bring up means at least, to take back at most."""
    before = everything_in(old_database)
    downgrade(old_database, HEAD)
    upgrade(old_database, "base")
    assert everything_in(old_database) == before
    upgrade(old_database)
    upgrade(old_database, "0001")
    assert current_revision(old_database) == HEAD


def test_the_steps_are_told_without_taking_them(old_database: str) -> None:
    """In order, up or down, with what each brings; nothing is changed."""
    before = everything_in(old_database)
    both_ways = [*steps(old_database, "base"), *steps(old_database)]
    first, second, third, fourth, fifth, sixth = (step.summary for step in both_ways)
    assert steps(old_database) == [
        Step("upgrade", "0002", second),
        Step("upgrade", "0003", third),
        Step("upgrade", "0004", fourth),
        Step("upgrade", "0005", fifth),
        Step("upgrade", "0006", sixth),
    ]
    assert steps(old_database, "0001") == []
    assert steps(old_database, "base") == [Step("downgrade", "0001", first)]
    assert (first, second, third, fourth, fifth, sixth) == (
        "Evaluations and feedback, as the first version kept them.",
        "Events by month, cards and suggestions, counts, and the tables of figures.",
        "Smaller tables of figures, so that a year of the whole country is read at once.",
        "Who is signed in to the monitor, whose API tokens count, and who looked at what.",
        "Red-flag cards by week, borough, client and answer, so that their list is read at once and holds all of them.",
        "What became of orders, by EHR too, so that a year of one EHR is read at once.",
    )
    assert everything_in(old_database) == before


def test_the_steps_down_begin_with_the_last(database_url: str) -> None:
    """The newest revision is undone first."""
    upgrade(database_url)
    assert [(step.direction, step.revision) for step in steps(database_url, "base")] == [
        ("downgrade", "0006"),
        ("downgrade", "0005"),
        ("downgrade", "0004"),
        ("downgrade", "0003"),
        ("downgrade", "0002"),
        ("downgrade", "0001"),
    ]


@pytest.fixture
def red_flags_of_0004(database_url: str) -> list[dict[str, Any]]:
    """The figures of red flags that the upkeep works out of a log that is then taken back to revision 0004."""
    with a_log(database_url) as log:
        calls = some_calls(5, 60)
        sundays = [carded(100 + n, outcome=outcome, occurred_on=SUNDAY) for n, outcome in enumerate(Outcome)]
        log.write(*calls, *sundays, some_feedback(5, [*calls, *sundays], 90))
        roll_up_due(log.engine)
        worked_out = rows_of(database_url, "weekly_red_flag_count", ALL_OF_KEY)
    downgrade(database_url, "0004")
    return worked_out


def test_the_red_flags_of_0004_are_those_that_the_upkeep_works_out(
    database_url: str, red_flags_of_0004: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    """The table is filled once, whoever of several that start at once does so, and no other figure is due again."""
    caplog.set_level(logging.INFO, "alembic.runtime.migration")
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(bring_up_to_date, [database_url] * 4)) == [None] * 4
    assert {row["outcome"] for row in red_flags_of_0004} == {*RED_FLAGS}
    assert {row["answer"] for row in red_flags_of_0004} == {"", "accepted", "overridden"}
    assert rows_of(database_url, "weekly_red_flag_count", ALL_OF_KEY) == red_flags_of_0004
    assert rows_of(database_url, "rollup_due") == []
    assert len(upgrades_in(caplog)) == len(REVISIONS[REVISIONS.index("0004") + 1 :])


@pytest.mark.usefixtures("red_flags_of_0004")
def test_of_a_week_that_is_partly_deleted_the_red_flags_that_are_left_are_kept(database_url: str) -> None:
    """Retention has taken its first days; what it leaves is in the list, also after the upkeep has looked at it."""
    run(database_url, *(f"DELETE FROM {table} WHERE occurred_on < '{SUNDAY}'" for table in ("card", "evaluation")))  # noqa: S608 - our own
    bring_up_to_date(database_url)
    of_its_week = f"SELECT * FROM weekly_red_flag_count WHERE week = '{SUNDAY - timedelta(days=6)}'"  # noqa: S608 - our own
    left = rows_of(database_url, f"({of_its_week}) AS left_of_it", ALL_OF_KEY)
    assert {row["outcome"] for row in left} == {*RED_FLAGS}
    run(database_url, f"INSERT INTO rollup_due VALUES ('{SUNDAY}', '{WRITER_ID}', 1)")  # noqa: S608 - our own
    engine = open_engine(database_url)
    assert roll_up_due(engine) == 1
    engine.dispose()
    assert rows_of(database_url, f"({of_its_week}) AS left_of_it", ALL_OF_KEY) == left


@pytest.mark.usefixtures("red_flags_of_0004")
def test_the_way_back_to_0004_leaves_what_that_made(database_url: str, another_database: str) -> None:
    """Without the table, and with the index that was read instead."""
    upgrade(another_database, "0004")
    assert structure_of(database_url) == structure_of(another_database)


def test_what_became_of_the_orders_of_0005_is_what_the_upkeep_works_out(
    database_url: str, another_database: str
) -> None:
    """By EHR, and without it on the way back, where tables are as they were."""
    with a_log(database_url) as log:
        log.write(
            *(
                carded(number, client_id=client, order_key=bytes([number]) * 16, occurred_on=SUNDAY)
                for number, client in enumerate("aaabb")
            )
        )
        assert work_out_window(log.engine, SUNDAY - timedelta(days=6), 7, TODAY)
        worked_out = rows_of(database_url, "episode_state_count", ALL_OF_KEY)
    assert [(row["client_id"], row["episodes"]) for row in worked_out] == [("a", "3"), ("b", "2")]
    downgrade(database_url, "0005")
    assert [row["episodes"] for row in rows_of(database_url, "episode_state_count")] == ["5"]
    upgrade(another_database, "0005")
    assert structure_of(database_url) == structure_of(another_database)
    upgrade(database_url)
    assert rows_of(database_url, "episode_state_count", ALL_OF_KEY) == worked_out
    assert differences_from_today(database_url) == []


def test_the_revision_fills_what_the_upkeep_counts() -> None:
    """When the pathway gets another red flag, a further revision has to fill its past."""
    assert set(tables_0005.RED_FLAGS) == set(RED_FLAGS)


@pytest.mark.parametrize("act", [upgrade, downgrade, steps])
def test_an_unknown_revision_is_refused(act: Callable[[str, str], object], database_url: str) -> None:
    """The message names those that there are."""
    with pytest.raises(
        ValueError, match=r"^revision: '9' is unknown; give one of 0001, 0002, 0003, 0004, 0005, 0006, head or base$"
    ):
        act(database_url, "9")
    assert current_revision(database_url) is None


def test_eight_that_start_at_once_migrate_once(old_database: str, caplog: pytest.LogCaptureFixture) -> None:
    """Every one of them finds the tables ready; the work is done once."""
    caplog.set_level(logging.INFO, "alembic.runtime.migration")
    together = threading.Barrier(8)

    def start(_: int) -> None:
        together.wait()
        bring_up_to_date(old_database, today=TODAY)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(start, range(8))) == [None] * 8
    assert len(upgrades_in(caplog)) == len(REVISIONS)
    assert current_revision(old_database) == HEAD
    assert len(rows_of(old_database, "evaluation")) == 3


def test_processes_that_start_at_once_on_an_empty_database_all_succeed(database_url: str) -> None:
    """As the replicas of a new deployment do."""
    code = "import sys; from cds_service.cardlog.migrating import bring_up_to_date; bring_up_to_date(sys.argv[1])"
    command = [sys.executable, "-W", "error", "-c", code, database_url]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]  # noqa: S603 - our own
    ends = [(process.communicate()[1], process.returncode) for process in running]
    assert ends == [("", 0)] * 3
    assert differences_from_today(database_url) == []


def test_databases_of_one_process_may_be_migrated_at_once(database_url: str, another_database: str) -> None:
    """Alembic has one place for the connection it works on; no migration takes another's."""
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(upgrade, (database_url, another_database)))
    assert structure_of(database_url) == structure_of(another_database)
    assert [current_revision(url) for url in (database_url, another_database)] == [HEAD, HEAD]


@pytest.mark.parametrize("act", [bring_up_to_date, upgrade, steps, lambda url: downgrade(url, "base")])
def test_a_newer_database_is_refused_and_left_alone(act: Callable[[str], object], database_url: str) -> None:
    """Its tables may mean something else; the message says which ways there are."""
    bring_up_to_date(database_url, today=TODAY)
    run(database_url, "UPDATE alembic_version SET version_num = '0999'", "ALTER TABLE card ADD COLUMN colour TEXT")
    before = structure_of(database_url)
    with pytest.raises(
        NewerSchemaError, match=r"revision '0999', .* newer version of the service; .* restore a backup"
    ):
        act(database_url)
    assert structure_of(database_url) == before
    assert current_revision(database_url) == "0999"


def test_a_table_of_somebody_else_is_left_alone(database_url: str) -> None:
    """A table of that name in a database that another application uses is not taken for ours."""
    run(database_url, "CREATE TABLE evaluation (mark INTEGER)")
    before = structure_of(database_url)
    with pytest.raises(SchemaError, match="give the card log a database of its own"):
        bring_up_to_date(database_url, today=TODAY)
    assert structure_of(database_url) == before


def test_a_migration_that_fails_half_way_leaves_all_as_it_was(old_database: str) -> None:
    """A table in the way of the last one: all that was made, copied and dropped before is taken back."""
    run(old_database, "CREATE TABLE monthly_count (mark INTEGER)")
    before = everything_in(old_database)
    with pytest.raises(CardLogStoreError) as raised:
        bring_up_to_date(old_database, today=TODAY)
    assert raised.value.__suppress_context__
    assert everything_in(old_database) == before
    assert current_revision(old_database) == "0001"
    run(old_database, "DROP TABLE monthly_count")
    bring_up_to_date(old_database, today=TODAY)
    assert len(rows_of(old_database, "evaluation")) == 3


def test_a_first_start_that_fails_half_way_leaves_nothing(database_url: str) -> None:
    """Nor is a table of the revision before it left behind."""
    run(database_url, "CREATE TABLE monthly_count (mark INTEGER)")
    before = structure_of(database_url)
    with pytest.raises(CardLogStoreError):
        bring_up_to_date(database_url, today=TODAY)
    assert structure_of(database_url) == before
    assert current_revision(database_url) is None


def test_a_row_that_cannot_be_brought_over_leaves_all_as_it_was(database_url: str) -> None:
    """Somebody loosened an old table; the copying fails and is undone, with what was copied before."""
    make_old_tables(
        database_url, [each.replace("had_comment BOOLEAN NOT NULL", "had_comment BOOLEAN") for each in OLD_TABLES]
    )
    insert_old(database_url, "evaluation", *OLD_EVALUATIONS)
    insert_old(database_url, "feedback", {**AN_OLD_FEEDBACK, "had_comment": None})
    before = everything_in(database_url)
    with pytest.raises(CardLogStoreError, match=r"NotNull|SQLITE_CONSTRAINT_NOTNULL"):
        bring_up_to_date(database_url, today=TODAY)
    assert everything_in(database_url) == before


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_partitions_of_this_month_and_the_two_after_are_there(database_url: str) -> None:
    """Made at each start, so that writing seldom has to, also over the end of a year."""
    bring_up_to_date(database_url, today=date(2026, 10, 31))
    assert partitions_of(database_url) == partitions_in("2026_10", "2026_11", "2026_12")
    bring_up_to_date(database_url, today=date(2026, 11, 1))
    assert partitions_of(database_url) == partitions_in("2026_10", "2026_11", "2026_12", "2027_01")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_months_of_old_rows_get_partitions(old_database: str) -> None:
    """Of evaluations and of feedback, and no month between; this month's are made beside them."""
    bring_up_to_date(old_database, today=date(2026, 3, 31))
    assert partitions_of(old_database) == partitions_in("2025_12", "2026_01", "2026_03", "2026_04", "2026_05")


def test_a_database_out_of_reach_is_told_without_its_url() -> None:
    """The kind of the fault, and neither host nor password."""
    with pytest.raises(CardLogStoreError) as raised:
        bring_up_to_date("postgresql://somebody:hush@127.0.0.1:1/cardlog")
    assert "OperationalError" in str(raised.value)
    assert "hush" not in str(raised.value)
    assert raised.value.__suppress_context__


@pytest.mark.parametrize("begun", [False, True], ids=["first-start", "later-start"])
def test_without_old_tables_alembic_is_not_imported(database_url: str, begun: bool) -> None:
    """A start need not wait for it, and no call for the memory that it takes."""
    if begun:
        bring_up_to_date(database_url)
    code = (
        "import sys; from cds_service.cardlog.migrating import bring_up_to_date; bring_up_to_date(sys.argv[1]);"
        " print([name for name in sys.modules if name.partition('.')[0] in ('alembic', 'mako')])"
    )
    told = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code, database_url], check=True, capture_output=True, text=True
    )
    assert told.stdout == "[]\n"
