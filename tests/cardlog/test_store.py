import logging
import sqlite3
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from cds_service.cardlog import schema
from cds_service.cardlog.events import AgeBand, EvaluationEvent, FeedbackEvent
from cds_service.cardlog.store import CardLogStore, CardLogStoreError
from cds_service.pathway.facts import FcpListing, Indication, Modality, Oncology, Setting
from cds_service.pathway.outcomes import Outcome

BuildEvaluation = Callable[..., EvaluationEvent]
BuildFeedback = Callable[..., FeedbackEvent]

# Named here because a traceback shows the lines of the test.
MARKED_ORGANISATION = "Z99MARK"
MARKED_CODE = "marked-code"


def test_an_evaluation_comes_back_as_it_was_written(store: CardLogStore, an_evaluation: BuildEvaluation) -> None:
    """Every field survives the way into the database and out of it."""
    event = an_evaluation()

    store.write([event], [])

    assert store.latest_evaluations() == [schema.evaluation_row(event)]


def test_an_evaluation_may_lack_what_is_not_known(store: CardLogStore, an_evaluation: BuildEvaluation) -> None:
    """An order without a card, an organisation or a pathway is still logged."""
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
    event = an_evaluation(**nothing, indication_groups=())

    store.write([event], [])

    assert store.latest_evaluations() == [schema.evaluation_row(event)]


def test_the_longest_values_are_stored(
    store: CardLogStore, an_evaluation: BuildEvaluation, a_feedback: BuildFeedback
) -> None:
    """No event that can be built is refused for the length of a value."""
    token, label = "x" * 64, "x" * 80
    event = an_evaluation(
        **dict.fromkeys(("region", "pathway_id", "rule_id", "requester_category"), token),
        **dict.fromkeys(("hook", "client_id", "software_version"), token),
        **dict.fromkeys(("pathway_version", "setting_evidence", "pcn", "borough"), label),
        organisation="Z99001Z99001",
        configuration_flags="x" * 200,
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
        override_reason_code=token,
        override_reason_system="https://ehr.example/".ljust(200, "x"),
    )

    store.write([event], [entry])

    assert store.latest_evaluations() == [schema.evaluation_row(event)]
    assert store.latest_feedback() == [schema.feedback_row(entry)]


def test_feedback_comes_back_with_its_time_in_utc(store: CardLogStore, a_feedback: BuildFeedback) -> None:
    """The time that decides which entry counts keeps its meaning on both databases."""
    entry = a_feedback(outcome_timestamp=datetime(2026, 7, 1, 9, 0, 5, tzinfo=UTC))

    store.write([], [entry])

    [row] = store.latest_feedback()
    assert row == schema.feedback_row(entry)
    assert row["outcome_timestamp"].utcoffset().total_seconds() == 0


def test_several_entries_for_one_card_are_all_kept_and_the_last_comes_first(
    store: CardLogStore, a_feedback: BuildFeedback
) -> None:
    """Repeats and contradictions are normal; the monitor reads the latest."""
    card_id = str(uuid4())
    entries = [
        a_feedback(card_id=card_id, outcome_timestamp=datetime(2026, 11, 21, 9, minute, tzinfo=UTC))
        for minute in (30, 45, 15)
    ]

    store.write([], entries)

    minutes = [row["outcome_timestamp"].minute for row in store.latest_feedback()]
    assert minutes == [45, 30, 15]


def test_a_repeated_event_is_stored_once(
    store: CardLogStore, an_evaluation: BuildEvaluation, a_feedback: BuildFeedback
) -> None:
    """Within one write and across writes, an event id is one row, and new events beside it are kept."""
    event, entry = an_evaluation(), a_feedback()

    store.write([event, event], [entry, entry])
    store.write([event, an_evaluation()], [entry, a_feedback()])

    assert (store.count_evaluations(), store.count_feedback()) == (2, 2)


def test_a_write_stores_all_of_its_events_or_none(
    store: CardLogStore,
    an_evaluation: BuildEvaluation,
    a_feedback: BuildFeedback,
    refuse_client: Callable[[str], None],
) -> None:
    """A refused event takes the whole transaction back, feedback too."""
    refuse_client("refused-client")

    with pytest.raises(CardLogStoreError) as fault:
        store.write([an_evaluation(), an_evaluation(client_id="refused-client")], [a_feedback()])

    assert fault.value.refused
    assert (store.count_evaluations(), store.count_feedback()) == (0, 0)


def test_a_missing_table_is_a_fault_that_may_pass(
    store: CardLogStore, an_evaluation: BuildEvaluation, run_sql: Callable[..., None]
) -> None:
    """Only refused rows are given up; anything else is worth another try."""
    run_sql("ALTER TABLE evaluation RENAME TO evaluation_away")

    with pytest.raises(CardLogStoreError) as fault:
        store.write([an_evaluation()], [])

    assert not fault.value.refused
    store.ping()


def test_a_value_that_the_driver_cannot_send_is_refused(store: CardLogStore, an_evaluation: BuildEvaluation) -> None:
    """A number no column can hold does not escape as an error of the driver's own."""
    with pytest.raises(CardLogStoreError) as fault:
        store.write([an_evaluation(card_count=2**80)], [])

    assert fault.value.refused


def test_the_schema_may_be_made_by_several_processes_at_once(database_url: str) -> None:
    """Workers that start together neither fail nor wait for ever."""
    faults: list[CardLogStoreError] = []

    def start() -> None:
        worker = CardLogStore(database_url)
        try:
            worker.create_schema()
        except CardLogStoreError as fault:
            faults.append(fault)
        worker.dispose()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []


def test_two_processes_write_to_one_database(
    store: CardLogStore, database_url: str, an_evaluation: BuildEvaluation
) -> None:
    """Workers share the log; an event that both hand over is stored once."""
    other = CardLogStore(database_url)
    shared = an_evaluation()

    store.write([shared, an_evaluation()], [])
    other.write([shared, an_evaluation()], [])

    other.dispose()
    assert store.count_evaluations() == 3


def test_no_value_of_an_event_is_logged_or_told_when_the_database_fails(
    database_url: str,
    an_evaluation: BuildEvaluation,
    a_feedback: BuildFeedback,
    refuse_client: Callable[[str], None],
    run_sql: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Messages of databases quote rows; none reaches a log or a traceback, even at the lowest level."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="sqlalchemy")
    store = CardLogStore(database_url)
    store.create_schema()
    refuse_client("refused-client")
    with pytest.raises(CardLogStoreError) as refused:
        store.write([an_evaluation(client_id="refused-client", organisation=MARKED_ORGANISATION)], [])
    run_sql("ALTER TABLE feedback RENAME TO feedback_away")
    with pytest.raises(CardLogStoreError) as away:
        store.write([], [a_feedback(override_reason_code=MARKED_CODE)])
    store.dispose()

    told = caplog.text + "".join("".join(traceback.format_exception(fault.value)) for fault in (refused, away))

    assert "INSERT INTO evaluation" in caplog.text
    assert [mark for mark in (MARKED_ORGANISATION, MARKED_CODE) if mark in told] == []


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_usual_scheme_of_postgresql_is_understood(
    scheme: str, postgresql_server: Callable[[], str], an_evaluation: BuildEvaluation
) -> None:
    """Hosting platforms hand out all three."""
    store = CardLogStore(postgresql_server().replace("postgresql", scheme, 1))
    store.create_schema()

    store.write([an_evaluation()], [])

    assert (store.dialect, store.count_evaluations()) == ("postgresql", 1)
    store.dispose()


def test_a_password_is_never_told(caplog: pytest.LogCaptureFixture) -> None:
    """Neither a fault, nor the store itself, nor a log says what the URL holds."""
    caplog.set_level(logging.DEBUG)
    store = CardLogStore("postgresql://keeper:open-sesame@127.0.0.1:1/cardlog?application_name=open-sesame")

    with pytest.raises(CardLogStoreError) as fault:
        store.ping()

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
        CardLogStore(url)

    assert "open-sesame" not in "".join(traceback.format_exception(refusal.value))


def test_the_folder_of_a_sqlite_file_is_made(tmp_path: Path) -> None:
    """A first start needs no preparation."""
    file = tmp_path / "var" / "log" / "card-log.sqlite3"

    store = CardLogStore(f"sqlite:///{file}")
    store.create_schema()

    store.dispose()
    assert file.exists()


def test_a_sqlite_file_syncs_each_commit_to_disk(tmp_path: Path) -> None:
    """Write-ahead log, full sync, and patience with other workers."""
    store = CardLogStore(f"sqlite:///{tmp_path}/card-log.sqlite3")

    with store._engine.connect() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        ]

    store.dispose()
    assert pragmas == ["wal", 2, 5000]


def test_a_file_that_is_no_database_fails_with_its_kind(tmp_path: Path) -> None:
    """The operator reads SQLite's own name for the fault."""
    (tmp_path / "card-log.sqlite3").write_text("This is a letter, not a database. " * 40, encoding="utf-8")
    store = CardLogStore(f"sqlite:///{tmp_path}/card-log.sqlite3")

    with pytest.raises(CardLogStoreError, match=r"\(DatabaseError SQLITE_NOTADB\)"):
        store.create_schema()

    store.dispose()


def test_a_sqlite_log_can_be_read_beside_the_service(tmp_path: Path, an_evaluation: BuildEvaluation) -> None:
    """Plain SQLite tools see the rows, with days as ISO dates."""
    store = CardLogStore(f"sqlite:///{tmp_path}/card-log.sqlite3")
    store.create_schema()
    store.write([an_evaluation()], [])

    connection = sqlite3.connect(tmp_path / "card-log.sqlite3")
    rows = connection.execute("SELECT occurred_on, region, outcome FROM evaluation").fetchall()

    connection.close()
    store.dispose()
    assert rows == [("2026-11-21", "nwl", "redirect")]
