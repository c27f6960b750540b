from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from event_builders import evaluations_in

from cds_service.cardlog import spool_import
from cds_service.cardlog.databases import CardLogStoreError
from cds_service.cardlog.events import CallRecord, FeedbackEvent
from cds_service.cardlog.rows import rows_of
from cds_service.cardlog.spool import Spool, SpoolFile, SpoolInUseError, waiting_in
from cds_service.cardlog.spool_import import Imported, import_spool
from cds_service.cardlog.store import CardLogStore, Counts

BuildCall = Callable[..., CallRecord]
BuildFeedback = Callable[..., FeedbackEvent]

A_DAY = date(2026, 11, 21)
WRITER_ID = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """A spool as a service holds it."""
    held = Spool(tmp_path / "spool")
    held.open()
    yield held
    held.close()


def test_everything_that_waits_is_delivered(
    store: CardLogStore,
    spool: Spool,
    a_call: BuildCall,
    a_feedback: BuildFeedback,
    rows_of_table: Callable[[str], list[dict[str, Any]]],
) -> None:
    """Calls, feedback and sums are in the database, and the spool is empty."""
    spool.append([a_call(order_key=bytes(16)), [a_feedback()]])
    spool.append_counts(Counts([(A_DAY, 9, "demo-ehr", "order-sign", "cards", WRITER_ID, 3)], []))
    spool.close()
    left: list[int] = []

    assert import_spool(spool.path, store, left.append) == Imported(stored=3, refused=0)

    tables = ("evaluation", "episode_key", "card", "suggestion", "feedback", "call_count", "rollup_due")
    assert {table: len(rows_of_table(table)) for table in tables} == dict.fromkeys(tables, 1)
    assert waiting_in(spool.path.parent) == [SpoolFile(spool.path, 0, in_use=False)]
    assert left == [3]


def test_a_spool_delivered_twice_is_stored_once(store: CardLogStore, spool: Spool, a_call: BuildCall) -> None:
    """Its records have keys, and a stored row is left as it is."""
    calls = [a_call() for _ in range(3)]
    store.write(rows_of(calls[:2]))
    spool.append(calls)
    spool.close()

    assert import_spool(spool.path, store, lambda _: None) == Imported(stored=3, refused=0)

    assert evaluations_in(store) == 3


def test_many_records_are_delivered_in_parts(
    store: CardLogStore, spool: Spool, a_call: BuildCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day's spool is not read into memory at once."""
    monkeypatch.setattr(spool_import, "MOST_RECORDS", 2)
    spool.append([a_call() for _ in range(5)])
    spool.close()
    left: list[int] = []

    assert import_spool(spool.path, store, left.append) == Imported(stored=5, refused=0)

    assert left == [2, 2, 1]


def test_a_spool_that_a_service_holds_is_left_to_it(store: CardLogStore, spool: Spool, a_call: BuildCall) -> None:
    """Two would deliver it in a muddle."""
    spool.append([a_call()])

    with pytest.raises(SpoolInUseError):
        import_spool(spool.path, store, lambda _: None)

    assert evaluations_in(store) == 0
    assert spool.waiting == 1


def test_a_record_that_the_database_refuses_takes_no_other_with_it(
    store: CardLogStore, spool: Spool, a_call: BuildCall, refuse_client: Callable[[str], None]
) -> None:
    """It is counted as lost, as the service would, since it would block what is behind it for ever."""
    refuse_client("refused-ehr")
    spool.append([a_call(), a_call(client_id="refused-ehr"), a_call()])
    spool.close()

    assert import_spool(spool.path, store, lambda _: None) == Imported(stored=2, refused=1)

    assert evaluations_in(store) == 2
    assert waiting_in(spool.path.parent)[0].records == 0


def test_a_database_that_fails_leaves_the_spool_as_it_is(
    store: CardLogStore, spool: Spool, a_call: BuildCall, run_sql: Callable[..., None]
) -> None:
    """Nothing leaves the spool before it is stored."""
    run_sql("ALTER TABLE card RENAME TO away")
    spool.append([a_call(), a_call()])
    spool.close()

    with pytest.raises(CardLogStoreError):
        import_spool(spool.path, store, lambda _: None)

    assert waiting_in(spool.path.parent)[0].records == 2
