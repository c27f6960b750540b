import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, event

from cds_service.cardlog import schema
from cds_service.cardlog.databases import CardLogStoreError
from cds_service.cardlog.events import CallRecord, EvaluationEvent, FeedbackEvent, SuggestionEvent
from cds_service.cardlog.migrating import bring_up_to_date
from cds_service.cardlog.rows import rows_of
from cds_service.cardlog.store import CardLogStore, Counts

BuildCall = Callable[..., CallRecord]
BuildEvaluation = Callable[..., EvaluationEvent]
BuildFeedback = Callable[..., FeedbackEvent]

WRITER_ID = "00000000-0000-4000-8000-000000000001"
A_DAY, ANOTHER_DAY = date(2026, 11, 21), date(2026, 11, 22)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A SQLite card log, as a service finds it."""
    file = tmp_path / "card-log.sqlite3"
    bring_up_to_date(f"sqlite:///{file}")
    return file


@pytest.fixture
def told() -> list[str]:
    """What the driver is told to run, statement by statement, with its values."""
    return []


@pytest.fixture
def store(file: Path, told: list[str]) -> Iterator[CardLogStore]:
    """A store on that file whose statements are listened to."""
    store = CardLogStore(f"sqlite:///{file}", WRITER_ID)
    _listen(store._engine, told)
    yield store
    store.dispose()


def _listen(engine: Engine, told: list[str]) -> None:
    def note(statement: str) -> None:
        if told[-1:] != [statement]:  # it is told again for whatever the trigger of a statement runs
            told.append(statement)

    @event.listens_for(engine, "checkout")
    def trace(connection: sqlite3.Connection, _record: object, _proxy: object) -> None:
        connection.set_trace_callback(note)


def count_in(file: Path, table: str) -> int:
    """Rows of a table."""
    connection = sqlite3.connect(file)
    found: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - a name of this module
    connection.close()
    return found


def test_calls_that_share_a_commit_are_one_statement_whatever_tables_they_fill(
    store: CardLogStore, told: list[str], file: Path, a_call: BuildCall, an_evaluation: BuildEvaluation
) -> None:
    """At each statement the thread that writes waits for the interpreter; with five a commit was slower than a disk."""
    with_keys = [a_call(order_key=bytes(16), session_key=bytes(16)) for _ in range(3)]
    silent = [CallRecord([an_evaluation(card_id=None, indicator=None)]) for _ in range(4)]

    store.write(rows_of([*with_keys, *silent]))

    assert [statement.split("(")[0] for statement in told] == ["INSERT INTO arriving_calls VALUES "]
    stored = {table.name: count_in(file, table.name) for table in (*schema.EVENT_TABLES, schema.rollup_due)}
    assert stored == {"evaluation": 7, "episode_key": 3, "card": 3, "suggestion": 3, "feedback": 0, "rollup_due": 1}


def test_sums_are_one_statement_too(store: CardLogStore, told: list[str], file: Path) -> None:
    """They are written each second, in the middle of the calls."""
    calls = [(day, 9, "demo-ehr", "order-select", "silent", WRITER_ID, 2) for day in (A_DAY, ANOTHER_DAY)]
    codes = [(date(2026, 11, 1), "demo-ehr", "http://ehr.example/codes", "XR-1", WRITER_ID, 3)]

    store.write_counts(Counts(calls, codes))

    assert len(told) == 1
    assert [count_in(file, table) for table in ("call_count", "unknown_procedure_count", "rollup_due")] == [2, 1, 2]


def test_nothing_to_write_is_no_statement(store: CardLogStore, told: list[str]) -> None:
    """No transaction is begun for it either."""
    store.write_counts(Counts([], []))

    assert told == []


@pytest.mark.parametrize("how_many", [1, 5, 33, 64, 65, 500])
def test_any_number_of_calls_is_stored_each_once(
    store: CardLogStore, told: list[str], file: Path, a_call: BuildCall, how_many: int
) -> None:
    """What one statement does not take goes in several, of one transaction."""
    rows = rows_of([a_call() for _ in range(how_many)])

    store.write(rows)
    of_the_first = list(told)
    store.write(rows)

    assert [count_in(file, table) for table in ("evaluation", "card", "suggestion")] == [how_many] * 3
    inserts = [statement for statement in of_the_first if statement.startswith("INSERT")]
    alone = len(inserts) == 1
    assert of_the_first == (inserts if alone else ["BEGIN IMMEDIATE", *inserts, "COMMIT"])
    assert alone == (how_many <= 64)


def test_few_texts_serve_any_number_of_calls(
    store: CardLogStore, monkeypatch: pytest.MonkeyPatch, a_call: BuildCall
) -> None:
    """Each text is compiled once and stays in memory; one for each number of rows took more than SQLite is held to."""
    texts: set[str] = set()

    def note(_engine: Engine, statements: Iterator[tuple[str, object]]) -> None:
        texts.update(text for text, _ in statements)

    monkeypatch.setattr("cds_service.cardlog.store.write_at_once", note)
    for how_many in range(1, 200):
        store.write(rows_of([a_call()] * how_many))

    assert len(texts) == 12


def test_more_suggestions_than_evaluations_are_stored_as_well(
    store: CardLogStore, file: Path, a_call: BuildCall
) -> None:
    """The tables stand side by side, and each may be the longest."""
    call = a_call()
    [card] = call.cards
    many = tuple(SuggestionEvent(str(uuid4()), 1, 0) for _ in range(5))

    store.write(rows_of([CallRecord(call.evaluations, [card._replace(suggestions=many)])]))

    assert [count_in(file, table) for table in ("evaluation", "card", "suggestion")] == [1, 1, 5]


def test_a_day_is_marked_again_by_each_commit(store: CardLogStore, file: Path, a_call: BuildCall) -> None:
    """Its figures were worked out before the second, maybe."""
    for _ in range(3):
        store.write(rows_of([a_call(occurred_on=A_DAY)]))

    connection = sqlite3.connect(file)
    assert connection.execute("SELECT * FROM rollup_due").fetchall() == [(A_DAY.isoformat(), WRITER_ID, 3)]
    connection.close()


def test_a_row_that_is_refused_takes_the_whole_commit_with_it(
    store: CardLogStore, file: Path, a_call: BuildCall, a_feedback: BuildFeedback
) -> None:
    """All or nothing, with one statement and with several."""
    rows = rows_of([a_call(), [a_feedback()]])
    for table in ("evaluation", "card"):
        whole = getattr(rows, table)
        without = rows._replace(**{table: [*whole, (str(uuid4()), *whole[0][1:-1], None)]})

        with pytest.raises(CardLogStoreError, match="IntegrityError SQLITE_CONSTRAINT_NOTNULL") as refusal:
            store.write(without)

        assert refusal.value.refused
        assert [count_in(file, name.name) for name in (*schema.EVENT_TABLES, schema.rollup_due)] == [0] * 6


def test_a_row_without_an_id_is_refused_and_not_passed_over(store: CardLogStore, file: Path, a_call: BuildCall) -> None:
    """A damaged record may have such a row; what is passed over would count as stored."""
    rows = rows_of([a_call()])

    with pytest.raises(CardLogStoreError, match="SQLITE_CONSTRAINT_NOTNULL"):
        store.write(rows._replace(evaluation=[(None, *rows.evaluation[0][1:])]))

    assert count_in(file, "evaluation") == 0


def test_the_file_holds_nothing_of_the_way_in(store: CardLogStore, file: Path, a_call: BuildCall) -> None:
    """Whoever opens it sees the tables of the schema, and no view or trigger."""
    store.write(rows_of([a_call()]))

    connection = sqlite3.connect(file)
    others = "SELECT name FROM sqlite_master WHERE type IN ('view', 'trigger')"
    assert connection.execute(others).fetchall() == []
    connection.close()


def test_what_comes_back_is_what_a_statement_for_each_table_would_have_stored(
    store: CardLogStore, file: Path, a_call: BuildCall, a_feedback: BuildFeedback
) -> None:
    """Dates, times, keys, truths and what is missing keep their form on the way through the view."""
    rows = rows_of([a_call(order_key=bytes(range(16)), session_key=None), [a_feedback(card_id=None)]])

    store.write(rows)

    connection = sqlite3.connect(file)
    for table in schema.EVENT_TABLES:
        [stored] = connection.execute(f"SELECT * FROM {table.name}")  # noqa: S608 - a name of the schema
        [given] = getattr(rows, table.name)
        assert [_as_sqlite_keeps_it(value) for value in given] == list(stored)
    connection.close()


def _as_sqlite_keeps_it(value: Any) -> object:  # noqa: ANN401 - of any column
    if hasattr(value, "hour"):
        return value.replace(tzinfo=None).isoformat(" ", "microseconds")
    if isinstance(value, date):
        return value.isoformat()
    return int(value) if isinstance(value, bool) else value
