import logging
import sqlite3
import traceback
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from event_builders import evaluations_in
from sqlalchemy import Table, func, select

from cds_service.cardlog import schema
from cds_service.cardlog.bands import AgeBand
from cds_service.cardlog.databases import CardLogStoreError, transaction
from cds_service.cardlog.events import CallRecord, EvaluationEvent, FeedbackEvent, FeedbackOutcome
from cds_service.cardlog.migrating import NewerSchemaError, bring_up_to_date
from cds_service.cardlog.partitions import ensure_partitions
from cds_service.cardlog.rows import Row, rows_of
from cds_service.cardlog.store import CardLogStore, Counts
from cds_service.pathway.facts import FcpListing, Indication, Modality, Oncology, Setting
from cds_service.pathway.outcomes import Outcome

BuildCall = Callable[..., CallRecord]
BuildEvaluation = Callable[..., EvaluationEvent]
BuildFeedback = Callable[..., FeedbackEvent]
ReadTable = Callable[[str], list[dict[str, Any]]]

WRITER_ID = "00000000-0000-4000-8000-000000000001"
# Named here because a traceback shows the lines of the test.
MARKED_ORGANISATION = "Z99MARK"
MARKED_CODE = "marked-code"


def reach(store: CardLogStore) -> None:
    """Ask its database for an answer, whatever tables there are."""
    with transaction(store._engine) as connection:
        connection.execute(select(1))


def rows_by_name(table: Table, rows: list[Row]) -> list[dict[str, Any]]:
    """Rows as the database gives them back."""
    return [dict(zip(table.columns.keys(), row, strict=True)) for row in rows]


def test_a_call_comes_back_as_it_was_written(store: CardLogStore, a_call: BuildCall, rows_of_table: ReadTable) -> None:
    """Every field of evaluation, keys, card and suggestion survives the way into the database and out of it."""
    rows = rows_of([a_call(order_key=bytes(16), session_key=bytes(range(16)))])

    store.write(rows)

    for table in schema.EVENT_TABLES[:-1]:
        assert rows_of_table(table.name) == rows_by_name(table, getattr(rows, table.name))
    assert [len(each) for each in rows] == [1, 1, 1, 1, 0]


def test_an_evaluation_may_lack_what_is_not_known(
    store: CardLogStore, an_evaluation: BuildEvaluation, rows_of_table: ReadTable
) -> None:
    """An order without a card, an organisation, a pathway or keys is still logged."""
    nothing: dict[str, None] = dict.fromkeys(
        (
            "pathway_id",
            "pathway_version",
            "indicator",
            "card_id",
            "setting_evidence",
            "organisation",
            "pcn",
            "borough",
        )
    )
    rows = rows_of([CallRecord([an_evaluation(**nothing, indication_groups=())])])

    store.write(rows)

    assert rows_of_table("evaluation") == rows_by_name(schema.evaluation, rows.evaluation)
    assert (rows_of_table("episode_key"), rows_of_table("card")) == ([], [])


def test_the_longest_values_are_stored(
    store: CardLogStore, an_evaluation: BuildEvaluation, a_feedback: BuildFeedback, rows_of_table: ReadTable
) -> None:
    """No event that can be built is refused for the length of a value."""
    token, label = "x" * 64, "x" * 80
    event = an_evaluation(
        **dict.fromkeys(("region", "pathway_id", "rule_id", "requester_category"), token),
        **dict.fromkeys(("hook", "client_id", "software_version"), token),
        **dict.fromkeys(("pathway_version", "setting_evidence", "pcn", "borough"), label),
        organisation="Z99001Z99001",
        indication_groups=tuple(Indication),
        outcome=max(Outcome, key=len),
        modality=max(Modality, key=len),
        setting=max(Setting, key=len),
        oncology=max(Oncology, key=len),
        age_band=max(AgeBand, key=len),
        fcp_listing=max(FcpListing, key=len),
        latency_ms=2**40,
    )
    entry = a_feedback(
        service_id=token,
        client_id=token,
        override_reason_code=token,
        override_reason_system="https://ehr.example/".ljust(200, "x"),
    )
    rows = rows_of([CallRecord([event]), [entry]])

    store.write(rows)

    assert rows_of_table("evaluation") == rows_by_name(schema.evaluation, rows.evaluation)
    assert rows_of_table("feedback") == rows_by_name(schema.feedback, rows.feedback)


def test_feedback_comes_back_with_its_time_in_utc(
    store: CardLogStore, a_feedback: BuildFeedback, rows_of_table: ReadTable
) -> None:
    """The time that decides which entry counts keeps its meaning on both databases."""
    rows = rows_of([[a_feedback(outcome_timestamp=datetime(2026, 7, 1, 9, 0, 5, tzinfo=UTC))]])

    store.write(rows)

    [row] = rows_of_table("feedback")
    assert [row] == rows_by_name(schema.feedback, rows.feedback)
    assert row["outcome_timestamp"].utcoffset().total_seconds() == 0


def test_several_entries_for_one_card_are_all_kept(
    store: CardLogStore, a_feedback: BuildFeedback, rows_of_table: ReadTable
) -> None:
    """Repeats, contradictions, late entries, cards nobody knows and other services' feedback: none is dropped."""
    card_id = str(uuid4())
    entries = [
        a_feedback(card_id=card_id),
        a_feedback(card_id=card_id, outcome=FeedbackOutcome.ACCEPTED, suggestion_accepted=True),
        a_feedback(card_id=card_id, outcome_timestamp=datetime(2020, 1, 1, tzinfo=UTC)),
        a_feedback(card_id=None),
        a_feedback(service_id="other"),
    ]

    store.write(rows_of([entries]))

    assert len(rows_of_table("feedback")) == 5


def test_a_repeated_row_is_stored_once(
    store: CardLogStore, a_call: BuildCall, a_feedback: BuildFeedback, rows_of_table: ReadTable
) -> None:
    """Within one write and across writes, an id is one row, and new records beside it are kept."""
    call, entry = a_call(order_key=bytes(16)), a_feedback()

    store.write(rows_of([call, call, [entry, entry]]))
    store.write(rows_of([call, a_call(order_key=bytes(16)), [entry, a_feedback()]]))

    assert [len(rows_of_table(table.name)) for table in schema.EVENT_TABLES] == [2, 2, 2, 2, 2]


def test_many_records_are_written_at_once(
    store: CardLogStore, a_call: BuildCall, a_feedback: BuildFeedback, rows_of_table: ReadTable
) -> None:
    """A batch of any size is stored whole, whatever number of statements it takes."""
    store.write(rows_of([*(a_call() for _ in range(333)), [a_feedback() for _ in range(77)]]))

    assert [len(rows_of_table(name)) for name in ("evaluation", "card", "suggestion", "feedback")] == [
        333,
        333,
        333,
        77,
    ]


def test_a_write_stores_all_of_its_records_or_none(
    store: CardLogStore,
    a_call: BuildCall,
    a_feedback: BuildFeedback,
    refuse_client: Callable[[str], None],
    rows_of_table: ReadTable,
) -> None:
    """A refused event takes the whole transaction back, cards, feedback and the mark of the day too."""
    refuse_client("refused-client")

    with pytest.raises(CardLogStoreError) as fault:
        store.write(rows_of([a_call(), a_call(client_id="refused-client"), [a_feedback()]]))

    assert fault.value.refused
    for table in (*schema.EVENT_TABLES, schema.rollup_due):
        assert rows_of_table(table.name) == []


def test_a_missing_table_is_a_fault_that_may_pass(
    store: CardLogStore, a_call: BuildCall, run_sql: Callable[..., None]
) -> None:
    """Only refused rows are given up; anything else is worth another try."""
    run_sql("ALTER TABLE evaluation RENAME TO evaluation_away")

    with pytest.raises(CardLogStoreError) as fault:
        store.write(rows_of([a_call()]))

    assert not fault.value.refused
    reach(store)


def test_a_value_that_the_driver_cannot_send_is_refused(store: CardLogStore, a_call: BuildCall) -> None:
    """A number no column can hold does not escape as an error of the driver's own."""
    with pytest.raises(CardLogStoreError) as fault:
        store.write(rows_of([a_call(card_count=2**80)]))

    assert fault.value.refused


def test_a_record_of_a_month_long_past_or_to_come_finds_its_place(
    store: CardLogStore, a_call: BuildCall, a_feedback: BuildFeedback
) -> None:
    """A spool that waited long, or a clock that jumped, is no reason to refuse an event."""
    days = (date(2019, 12, 31), date(2020, 1, 1), date(2031, 2, 28))

    store.write(rows_of([*(a_call(occurred_on=day) for day in days), [a_feedback(received_on=date(2018, 5, 1))]]))

    assert evaluations_in(store) == 3


def test_a_partition_that_is_gone_is_made_again(postgresql_server: Callable[[], str], a_call: BuildCall) -> None:
    """A back-up was restored while the process ran: the write that meets it fails, the next finds its place."""
    url = postgresql_server()
    bring_up_to_date(url)
    store = CardLogStore(url, WRITER_ID)
    store.write(rows_of([a_call(occurred_on=date(2020, 5, 1))]))
    with transaction(store._engine) as connection:
        connection.exec_driver_sql("DROP TABLE evaluation_2020_05")

    with pytest.raises(CardLogStoreError):
        store.write(rows_of([a_call(occurred_on=date(2020, 5, 2))]))
    store.write(rows_of([a_call(occurred_on=date(2020, 5, 2))]))

    assert evaluations_in(store) == 1
    store.dispose()


def test_making_a_partition_does_not_stand_in_the_way_of_writers(
    postgresql_server: Callable[[], str], a_call: BuildCall
) -> None:
    """It waits half a second behind a long reader, such as a back-up, and gives up: upkeep tries again."""
    url = postgresql_server()
    bring_up_to_date(url)
    store = CardLogStore(url, WRITER_ID)
    with store._engine.connect() as reader:
        reader.execute(select(func.count()).select_from(schema.evaluation))
        with pytest.raises(CardLogStoreError, match="55P03"):
            ensure_partitions(store._engine, [date(2031, 1, 1)])
        store.write(rows_of([a_call(occurred_on=datetime.now(UTC).date())]))
        reader.rollback()

    assert evaluations_in(store) == 1
    store.dispose()


def test_a_day_with_new_events_is_marked_for_the_figures(
    store: CardLogStore, a_call: BuildCall, a_feedback: BuildFeedback, rows_of_table: ReadTable
) -> None:
    """Each write marks its days once; feedback marks the day on which its card was shown."""
    shown = a_call(occurred_on=date(2026, 11, 2))
    card_id = shown.cards[0].card_id

    store.write(rows_of([shown, a_call(), a_call()]))
    store.write(rows_of([[a_feedback(card_id=card_id), a_feedback()]]))

    marks = {row["day"]: row["version"] for row in rows_of_table("rollup_due")}
    assert marks == {date(2026, 11, 2): 2, date(2026, 11, 21): 1}
    assert {row["writer_id"] for row in rows_of_table("rollup_due")} == {WRITER_ID}


def test_a_process_writes_its_sums_as_often_as_it_likes(store: CardLogStore, rows_of_table: ReadTable) -> None:
    """A sum replaces a smaller one under the same key, and never a larger: writing twice, or late, changes nothing."""
    key = (date(2026, 11, 21), 9, "demo-ehr", "order-select", "out_of_scope", WRITER_ID)
    unknown = (date(2026, 11, 1), "demo-ehr", "http://ehr.example/codes", "XR-1", WRITER_ID)

    for calls in (3, 7, 5):
        store.write_counts(Counts([(*key, calls)], [(*unknown, calls)]))

    assert [row["calls"] for row in rows_of_table("call_count")] == [7]
    assert [row["orders"] for row in rows_of_table("unknown_procedure_count")] == [7]


def test_what_the_start_could_not_do_is_done_before_the_first_write(database_url: str, a_call: BuildCall) -> None:
    """The database was away then: its tables are brought up to date once it is back, and only once."""
    done: list[str] = []

    def prepare() -> None:
        done.append(database_url)
        bring_up_to_date(database_url)

    store = CardLogStore(database_url, WRITER_ID, prepare)
    store.write(rows_of([a_call()]))
    store.write(rows_of([a_call()]))

    assert (evaluations_in(store), len(done)) == (2, 1)
    store.dispose()


def test_tables_of_a_newer_version_are_a_fault_that_may_pass(database_url: str, a_call: BuildCall) -> None:
    """The events wait in the spool until the right version is started."""

    def prepare() -> None:
        raise NewerSchemaError("9999")

    store = CardLogStore(database_url, WRITER_ID, prepare)
    with pytest.raises(CardLogStoreError, match="NewerSchemaError") as fault:
        store.write(rows_of([a_call()]))

    assert not fault.value.refused
    store.dispose()


def test_two_processes_write_to_one_database(store: CardLogStore, database_url: str, a_call: BuildCall) -> None:
    """Workers share the log; an event that both hand over is stored once."""
    other = CardLogStore(database_url, "00000000-0000-4000-8000-000000000002")
    shared = a_call()

    store.write(rows_of([shared, a_call()]))
    other.write(rows_of([shared, a_call()]))

    other.dispose()
    assert evaluations_in(store) == 3


def test_no_value_of_an_event_is_logged_or_told_when_the_database_fails(
    store: CardLogStore,
    a_call: BuildCall,
    a_feedback: BuildFeedback,
    refuse_client: Callable[[str], None],
    run_sql: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Messages of databases quote rows; none reaches a log or a traceback, even at the lowest level."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="sqlalchemy")
    refuse_client("refused-client")
    with pytest.raises(CardLogStoreError) as refused:
        store.write(rows_of([a_call(client_id="refused-client", organisation=MARKED_ORGANISATION)]))
    run_sql("ALTER TABLE feedback RENAME TO feedback_away")
    with pytest.raises(CardLogStoreError) as away:
        store.write(rows_of([[a_feedback(override_reason_code=MARKED_CODE)]]))

    told = caplog.text + "".join("".join(traceback.format_exception(fault.value)) for fault in (refused, away))

    assert [mark for mark in (MARKED_ORGANISATION, MARKED_CODE) if mark in told] == []


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_usual_scheme_of_postgresql_is_understood(
    scheme: str, postgresql_server: Callable[[], str], a_call: BuildCall
) -> None:
    """Hosting platforms hand out all three."""
    url = postgresql_server().replace("postgresql", scheme, 1)
    bring_up_to_date(url)
    store = CardLogStore(url, WRITER_ID)

    store.write(rows_of([a_call()]))

    assert (repr(store), evaluations_in(store)) == ("CardLogStore(<postgresql>)", 1)
    store.dispose()


def test_a_password_is_never_told(caplog: pytest.LogCaptureFixture) -> None:
    """Neither a fault, nor the store itself, nor a log says what the URL holds."""
    caplog.set_level(logging.DEBUG)
    store = CardLogStore("postgresql://keeper:open-sesame@127.0.0.1:1/cardlog?application_name=open-sesame", WRITER_ID)

    with pytest.raises(CardLogStoreError) as fault:
        reach(store)

    told = caplog.text + repr(store) + "".join(traceback.format_exception(fault.value))
    assert "open-sesame" not in told
    assert not fault.value.refused


@pytest.mark.parametrize(
    "url",
    [
        "keeper:open-sesame@127.0.0.1/cardlog",
        "postgresql://keeper:open-sesame@127.0.0.1:port/cardlog",
        "mysql://keeper:open-sesame@127.0.0.1/cardlog",
        "postgresql+psycopg2://keeper:open-sesame@127.0.0.1/cardlog",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:open-sesame?uri=true",
        "",
    ],
)
def test_a_url_that_cannot_serve_is_refused_with_the_mend_and_without_the_url(url: str) -> None:
    """The message says what to write instead, and no more."""
    with pytest.raises(ValueError, match=r"^database URL: .*give sqlite:///FILE") as refusal:
        CardLogStore(url, WRITER_ID)

    assert "open-sesame" not in "".join(traceback.format_exception(refusal.value))


def test_the_folder_of_a_sqlite_file_is_made(tmp_path: Path) -> None:
    """A first start needs no preparation."""
    file = tmp_path / "var" / "log" / "card-log.sqlite3"

    store = CardLogStore(f"sqlite:///{file}", WRITER_ID)
    reach(store)

    store.dispose()
    assert file.exists()


def test_a_sqlite_file_syncs_each_commit_to_disk(tmp_path: Path) -> None:
    """Write-ahead log, full sync, and patience with other workers."""
    store = CardLogStore(f"sqlite:///{tmp_path}/card-log.sqlite3", WRITER_ID)

    with store._engine.connect() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        ]

    store.dispose()
    assert pragmas == ["wal", 2, 5000]


def test_sqlite_is_held_to_a_few_megabytes(tmp_path: Path) -> None:
    """Whatever is worked out, the process stays small; the bound is for all its connections together."""
    store = CardLogStore(f"sqlite:///{tmp_path}/card-log.sqlite3", WRITER_ID)

    with store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA soft_heap_limit").scalar_one() == 4_000_000

    store.dispose()


def test_a_file_that_is_no_database_fails_with_its_kind(tmp_path: Path) -> None:
    """The operator reads SQLite's own name for the fault."""
    (tmp_path / "card-log.sqlite3").write_text("This is a letter, not a database. " * 40, encoding="utf-8")
    store = CardLogStore(f"sqlite:///{tmp_path}/card-log.sqlite3", WRITER_ID)

    with pytest.raises(CardLogStoreError, match=r"\(DatabaseError SQLITE_NOTADB\)"):
        reach(store)

    store.dispose()


def test_a_sqlite_log_can_be_read_beside_the_service(tmp_path: Path, a_call: BuildCall) -> None:
    """Plain SQLite tools see the rows, with days as ISO dates."""
    store = CardLogStore(f"sqlite:///{tmp_path}/card-log.sqlite3", WRITER_ID)
    bring_up_to_date(f"sqlite:///{tmp_path}/card-log.sqlite3")
    store.write(rows_of([a_call()]))

    connection = sqlite3.connect(tmp_path / "card-log.sqlite3")
    rows = connection.execute("SELECT occurred_on, region, outcome FROM evaluation").fetchall()

    connection.close()
    store.dispose()
    assert rows == [("2026-11-21", "nwl", "redirect")]


def test_a_file_that_may_only_be_read_is_told_as_such() -> None:
    """That the database "runs" is no help: a file in write-ahead mode has to be writable also for its readers."""
    fault = CardLogStoreError("OperationalError SQLITE_READONLY_DIRECTORY", refused=False)

    assert "the file and its folder must be writable, also to read it" in str(fault)
    assert "check that it runs" in str(CardLogStoreError("OperationalError SQLITE_BUSY", refused=False))
