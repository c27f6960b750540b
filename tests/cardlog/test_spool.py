import pickle
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from cds_service.cardlog.events import CallRecord, EvaluationEvent, FeedbackEvent
from cds_service.cardlog.rows import rows_of
from cds_service.cardlog.spool import Spool, SpoolError, SpoolFile, SpoolInUseError, held, waiting_in
from cds_service.cardlog.store import Counts

BuildCall = Callable[..., CallRecord]
BuildEvaluation = Callable[..., EvaluationEvent]
BuildFeedback = Callable[..., FeedbackEvent]

A_DAY = date(2026, 11, 21)
WRITER_ID = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where spools are kept; it does not exist yet."""
    return tmp_path / "var" / "spool"


def opened_in(folder: Path) -> Spool:
    """A spool of the folder, open."""
    spool = Spool(folder)
    spool.open()
    return spool


@pytest.fixture
def spool(folder: Path) -> Iterator[Spool]:
    """A new spool."""
    opened = opened_in(folder)
    yield opened
    opened.close()


def test_a_record_comes_back_as_it_went_in(spool: Spool, a_call: BuildCall, a_feedback: BuildFeedback) -> None:
    """Dates, times, bytes, absent values and yes or no keep their types on the way through."""
    call = a_call(order_key=bytes(range(16)), session_key=None, borough=None, region_conflict=True)
    entries = [a_feedback(outcome_timestamp=datetime(2026, 7, 1, 9, 0, 5, tzinfo=UTC), card_id=None)]

    spool.append([call, entries])

    first, second = spool.head(10)
    assert (first.rows, second.rows) == (rows_of([call]), rows_of([entries]))
    assert (first.counts, second.counts) == (None, None)


def test_counts_come_back_as_they_went_in(spool: Spool) -> None:
    """The last sums of a process that stops while the database is away are not lost."""
    counts = Counts(
        [(A_DAY, 9, "demo-ehr", "order-select", "out_of_scope", WRITER_ID, 12)],
        [(date(2026, 11, 1), "demo-ehr", "http://ehr.example/codes", "XR-1", WRITER_ID, 3)],
    )

    spool.append_counts(counts)

    assert [(entry.rows, entry.counts) for entry in spool.head(10)] == [(None, counts)]


def test_records_leave_in_order_of_arrival_and_only_when_dropped(spool: Spool, a_call: BuildCall) -> None:
    """What is delivered twice is stored once; what is dropped too early is lost."""
    calls = [a_call() for _ in range(5)]
    spool.append(calls[:2])
    spool.append(calls[2:])

    head = spool.head(3)
    assert [entry.rows for entry in head] == [rows_of([call]) for call in calls[:3]]
    assert spool.waiting == 5

    spool.drop(head)
    assert [entry.rows for entry in spool.head(10)] == [rows_of([call]) for call in calls[3:]]
    assert spool.waiting == 2


def test_what_a_killed_process_left_is_taken_over_by_the_next(folder: Path, a_call: BuildCall) -> None:
    """A record is in the spool once append returned, whatever happens to the process then."""
    first, second = a_call(), a_call()
    script = (
        "import os, sys, pickle, pathlib\n"
        "from cds_service.cardlog.spool import Spool\n"
        "spool = Spool(pathlib.Path(sys.argv[1]))\n"
        "spool.open()\n"
        "spool.append([pickle.loads(sys.stdin.buffer.read())])\n"
        "os.kill(os.getpid(), 9)\n"
    )
    for call in (first, second):
        killed = subprocess.run(  # noqa: S603 - this interpreter, our script
            [sys.executable, "-c", script, str(folder)], input=pickle.dumps(call), check=False, capture_output=True
        )
        assert killed.returncode == -9, killed.stderr

    spool = opened_in(folder)

    assert [entry.rows for entry in spool.head(10)] == [rows_of([first]), rows_of([second])]
    spool.close()


def test_each_process_has_a_spool_of_its_own_and_takes_over_what_is_free(folder: Path, a_call: BuildCall) -> None:
    """Of two spools that are left behind, the next process uses one and brings the other's records into it."""
    one, other = opened_in(folder), opened_in(folder)
    assert one.path != other.path
    calls = [a_call(), a_call(), a_call()]
    one.append(calls[:1])
    other.append(calls[1:2])
    third = opened_in(folder)
    third.append(calls[2:])
    assert [(file.records, file.in_use) for file in waiting_in(folder)] == [(1, True), (1, True), (1, True)]

    one.close()
    other.close()
    heir = opened_in(folder)

    assert heir.path == one.path
    assert [entry.rows for entry in heir.head(10)] == [rows_of([call]) for call in calls[:2]]
    assert [(file.records, file.in_use) for file in waiting_in(folder)] == [(2, True), (0, False), (1, True)]
    heir.close()
    third.close()


def test_the_spools_of_a_folder_can_be_looked_at_while_they_are_in_use(
    folder: Path, spool: Spool, a_call: BuildCall
) -> None:
    """The operator sees what waits; a folder without spools holds none."""
    spool.append([a_call(), a_call()])

    assert waiting_in(folder) == [SpoolFile(spool.path, 2, in_use=True)]
    assert waiting_in(folder / "elsewhere") == []


def test_a_spool_in_use_is_not_given_to_another(spool: Spool) -> None:
    """The running service delivers it itself."""
    with pytest.raises(SpoolInUseError, match="stop that service first"), held(spool.path):
        pass


def test_a_free_spool_is_held_and_given_back(folder: Path, a_call: BuildCall) -> None:
    """An operator's import has it alone, and leaves it to the next."""
    left = opened_in(folder)
    left.append([a_call()])
    left.close()

    with held(left.path) as spool:
        assert spool.waiting == 1
        with pytest.raises(SpoolInUseError), held(left.path):
            pass
    with held(left.path) as spool:
        assert spool.waiting == 1


def test_every_commit_is_synced(spool: Spool) -> None:
    """The same rule as for the database: on the disk before the answer goes out."""
    settings = [
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for connection in (spool._appending, spool._delivering)
        for name in ("journal_mode", "synchronous")
    ]

    assert settings == ["wal", 2, "wal", 2]


def test_a_full_disk_is_told_by_its_kind_and_takes_nothing_in_part(
    spool: Spool, a_call: BuildCall, an_evaluation: BuildEvaluation
) -> None:
    """Nothing of the batch is in the spool, what was there stays, and there is room again after delivery."""
    spool.append([a_call()])
    pages = spool._appending.execute("PRAGMA page_count").fetchone()[0]
    spool._appending.execute(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(SpoolError, match=r"\(SQLITE_FULL\).*CDS_SERVICE_SPOOL") as fault:
        spool.append([CallRecord([an_evaluation() for _ in range(50)]) for _ in range(50)])

    assert fault.value.kind == "SQLITE_FULL"
    assert spool.waiting == len(spool.head(10)) == 1


def test_a_disk_too_full_to_delete_anything_gives_out_nothing_twice(spool: Spool, a_call: BuildCall) -> None:
    """What is delivered counts as gone, and is deleted as soon as there is room."""
    calls = [a_call() for _ in range(3)]
    spool.append(calls)
    spool._delivering.execute("CREATE TRIGGER full BEFORE DELETE ON waiting BEGIN SELECT RAISE(ABORT, 'full'); END")

    with pytest.raises(SpoolError):
        spool.drop(spool.head(2))
    assert spool.waiting == 1
    assert [entry.rows for entry in spool.head(10)] == [rows_of(calls[2:])]

    spool._delivering.execute("DROP TRIGGER full")
    spool.append([a_call()])
    assert spool._delivering.execute("SELECT count(*) FROM waiting").fetchone()[0] == spool.waiting == 2


def test_a_folder_that_cannot_be_used_is_told_with_the_mend(tmp_path: Path) -> None:
    """A start stops here rather than at the first outage."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")

    with pytest.raises(SpoolError, match="CDS_SERVICE_SPOOL"):
        opened_in(tmp_path / "file" / "spool")


def test_a_file_that_is_no_spool_is_told(folder: Path) -> None:
    """What is not a database is not overwritten."""
    folder.mkdir(parents=True)
    (folder / "spool-1.sqlite3").write_text("This is a letter, not a spool. " * 40, encoding="utf-8")

    with pytest.raises(SpoolError, match="SQLITE_NOTADB"):
        opened_in(folder)


def test_the_folder_is_readable_by_its_owner_alone(folder: Path, spool: Spool) -> None:
    """The rows name nobody, and are confidential all the same."""
    assert folder.stat().st_mode & 0o777 == 0o700
    assert spool.path.parent == folder


def test_no_value_of_a_record_is_in_a_fault(
    spool: Spool, an_evaluation: BuildEvaluation, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever cannot be packed or written, the fault names its kind only."""
    spool._appending.execute("DROP TABLE waiting")

    with pytest.raises(SpoolError) as fault:
        spool.append([CallRecord([an_evaluation(organisation="Z99MARK")])])

    assert fault.value.kind == "SQLITE_ERROR"
    assert "Z99MARK" not in f"{fault.value}{fault.value.__cause__}{caplog.text}"
    assert isinstance(fault.value.__context__, sqlite3.Error)
