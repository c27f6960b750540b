import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from broken_parts import PATIENCE_S, AwayStore, FullSpool, HangingStore, WatchedStore
from event_builders import evaluations_in

from cds_service.cardlog import backlog, card_log, database_writer
from cds_service.cardlog.backlog import Backlog, Tally
from cds_service.cardlog.card_log import CardLog, CardLogStats, CardLogUnavailable, EvaluationLog, NoCardLog
from cds_service.cardlog.course import Course
from cds_service.cardlog.database_writer import DatabaseWriter
from cds_service.cardlog.databases import CardLogStoreError
from cds_service.cardlog.events import CallRecord, EvaluationEvent, FeedbackEvent
from cds_service.cardlog.rows import Rows
from cds_service.cardlog.spool import Spool, waiting_in
from cds_service.cardlog.store import CardLogStore, Counts
from cds_service.cardlog.tallies import Tallies

BuildCall = Callable[..., CallRecord]
BuildEvaluation = Callable[..., EvaluationEvent]
BuildFeedback = Callable[..., FeedbackEvent]
BuildLog = Callable[..., CardLog]
ReadTable = Callable[[str], list[dict[str, Any]]]

WRITER_ID = "00000000-0000-4000-8000-000000000001"
OUT_OF_SCOPE = (date(2026, 11, 21), 9, "demo-ehr", "order-select", "out_of_scope")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where spools are kept."""
    return tmp_path / "spool"


@pytest.fixture
def spool(folder: Path) -> Iterator[Spool]:
    """A new spool."""
    opened = Spool(folder)
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def tallies() -> Tallies:
    """The sums of this process."""
    return Tallies(WRITER_ID)


@pytest.fixture
def a_log(store: CardLogStore, spool: Spool, tallies: Tallies, monkeypatch: pytest.MonkeyPatch) -> Iterator[BuildLog]:
    """Start a log on a store, and close it when the test ends, however it ends.

    A real disk is waited for however slow it is: otherwise the spool would help a database that answers, and an answer
    would go out before what a real spool stores.
    """
    logs: list[CardLog] = []

    def build(into: Any = store, spool: Any = spool, **options: Any) -> CardLog:  # noqa: ANN401 - real ones and stand-ins
        if isinstance(into, (CardLogStore, WatchedStore)):
            monkeypatch.setattr(card_log, "_SPOOL_AFTER_S", PATIENCE_S)
        if isinstance(spool, Spool):
            monkeypatch.setattr(card_log, "_ANSWER_AFTER_S", PATIENCE_S)
        log = CardLog(into, spool, tallies, **options)
        log.start()
        logs.append(log)
        return log

    yield build
    for log in logs:
        log.close()
        log._database_thread.join(PATIENCE_S)  # one that hung must not use the database after the test


def record(log: CardLog, *calls: CallRecord) -> None:
    """Hand over calls that come at once, and wait until each may be answered."""

    async def all_of_them() -> None:
        await asyncio.gather(*(log.record(call) for call in calls))

    asyncio.run(all_of_them())


def ids_of(calls: list[CallRecord]) -> list[str]:
    """Ids of the calls' evaluations, sorted."""
    return sorted(event.event_id for call in calls for event in call.evaluations)


def ids_in(rows: list[dict[str, Any]]) -> list[str]:
    """Ids of stored evaluations, sorted, each as often as it is stored."""
    return sorted(row["event_id"] for row in rows)


def until(condition: Callable[[], bool]) -> Awaitable[None]:
    """Wait for something that must happen."""

    async def poll() -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - it changes in another thread
                await asyncio.sleep(0.005)

    return poll()


def test_an_answer_goes_out_when_its_evaluations_and_cards_are_in_the_database(
    store: CardLogStore, a_log: BuildLog, a_call: BuildCall, rows_of_table: ReadTable
) -> None:
    """Once `record` returns they are there: a crash afterwards loses nothing that was acknowledged."""
    log = a_log(store)
    call = a_call()

    record(log, call)

    assert ids_in(rows_of_table("evaluation")) == ids_of([call])
    assert [row["card_id"] for row in rows_of_table("card")] == [call.cards[0].card_id]
    assert log.stats == CardLogStats(
        state="writing",
        answered=1,
        stored=1,
        lost=0,
        late=0,
        spooled=0,
        feedback_stored=0,
        last_error=None,
        healthy=True,
    )


def test_calls_that_come_at_once_share_commits(store: CardLogStore, a_log: BuildLog, a_call: BuildCall) -> None:
    """A sync of the disk serves many calls."""
    watched = WatchedStore(store)
    log = a_log(watched)
    calls = [a_call() for _ in range(64)]

    record(log, *calls)
    asyncio.run(_wait(until(lambda: log.stats.state == "writing")))  # on a slow machine the spool helped

    assert evaluations_in(store) == log.stats.stored == 64
    assert len(watched.batches) < 16


def test_records_gather_while_the_loop_has_calls_to_answer(
    store: CardLogStore, a_log: BuildLog, a_call: BuildCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit begins when a turn of the loop brings no further record: here after the last of many turns."""
    monkeypatch.setattr(card_log, "_GATHER_S", PATIENCE_S)
    monkeypatch.setattr(card_log, "_SPOOL_AFTER_S", PATIENCE_S)
    monkeypatch.setattr(backlog, "_GATHERED_FOR_S", PATIENCE_S)
    watched = WatchedStore(store)
    log = a_log(watched)
    calls = [a_call() for _ in range(12)]

    async def one_in_each_turn() -> None:
        waiting = []
        for call in calls:
            waiting.append(asyncio.ensure_future(log.record(call)))
            await asyncio.sleep(0)
        await asyncio.gather(*waiting)

    asyncio.run(one_in_each_turn())

    assert [len(batch.evaluation) for batch in watched.batches] == [12]


def test_records_do_not_gather_for_ever(
    store: CardLogStore, a_log: BuildLog, a_call: BuildCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though each turn brings another, the first are committed once they have gathered for long."""
    monkeypatch.setattr(card_log, "_GATHER_S", 0.0)
    watched = WatchedStore(store)
    log = a_log(watched)

    async def until_one_is_stored() -> None:
        waiting = []
        async with asyncio.timeout(PATIENCE_S):
            while not watched.batches:
                waiting.append(asyncio.ensure_future(log.record(a_call())))
                await asyncio.sleep(0)
        await asyncio.gather(*waiting)

    asyncio.run(until_one_is_stored())

    assert log.stats.stored >= len(watched.batches[0].evaluation) > 0


def test_what_has_gathered_is_written_while_a_long_turn_of_the_loop_goes_on(
    store: CardLogStore, a_log: BuildLog, a_call: BuildCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many calls that came at once are answered in one turn; the first of them do not wait for the last."""
    monkeypatch.setattr(backlog, "_GATHERED_FOR_S", 0.0)
    log = a_log(store)
    rouse, roused = log._course.rouse, []

    def watched_rouse() -> None:
        roused.append("the database's thread")
        rouse()

    monkeypatch.setattr(log._course, "rouse", watched_rouse)

    async def in_one_turn() -> None:
        first = log._add(a_call())
        assert roused == []
        second = log._add(a_call())
        assert roused == ["the database's thread"]
        assert first is not None
        assert second is not None
        await asyncio.gather(first, second)

    asyncio.run(in_one_turn())

    assert evaluations_in(store) == 2


def test_a_busy_event_loop_is_no_slow_database(
    store: CardLogStore, a_log: BuildLog, a_call: BuildCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The spool helps when the database has had its time, not when nobody could tell the database in time."""
    monkeypatch.setattr(database_writer, "_COUNTS_EVERY_S", PATIENCE_S)  # its thread does not look by itself
    log = a_log(store)
    turns = []
    monkeypatch.setattr(log._course, "to_the_spool", lambda: turns.append("spool"))
    monkeypatch.setattr(card_log, "_SPOOL_AFTER_S", 1.0)  # more than a commit takes on a slow machine
    busy_for_s = 1.1 * card_log._SPOOL_AFTER_S

    async def a_long_turn() -> None:
        waiter = log._add(a_call())
        time.sleep(busy_for_s)  # noqa: ASYNC251 - other calls, which keep the loop busy
        assert waiter is not None
        await waiter

    asyncio.run(a_long_turn())

    assert turns == []


def test_a_batch_taken_before_it_was_handed_over_has_the_spool_behind_it(
    store: CardLogStore, a_log: BuildLog, a_call: BuildCall
) -> None:
    """The database's thread looked by itself in the middle of a turn, and hangs: the spool helps all the same."""
    hanging = HangingStore(store)
    log = a_log(hanging)

    async def taken_in_a_long_turn() -> bool:
        waiter = log._add(a_call())
        log._course.database_work.set()
        assert hanging.entered.wait(PATIENCE_S)
        assert waiter is not None
        return await waiter

    assert asyncio.run(taken_in_a_long_turn())
    assert log.stats.spooled == 1
    assert (log.stats.answered, log.stats.stored, log.stats.late) == (1, 1, 0)

    hanging.release.set()


def test_a_call_recorded_twice_is_stored_once(store: CardLogStore, a_log: BuildLog, a_call: BuildCall) -> None:
    """A repeated event id is recognised, within a batch and later."""
    log = a_log(store)
    call = a_call()

    record(log, call, call)
    record(log, call)

    assert evaluations_in(store) == 1


def test_calls_of_several_event_loops_are_all_stored(store: CardLogStore, a_log: BuildLog, a_call: BuildCall) -> None:
    """Each waiter is let go on the loop that it waits on."""
    log = a_log(store)

    async def from_threads() -> None:
        await asyncio.gather(*(asyncio.to_thread(record, log, a_call(), a_call()) for _ in range(4)))

    asyncio.run(from_threads())

    assert (evaluations_in(store), log.stats.stored) == (8, 8)


def test_a_call_recorded_before_the_start_waits_for_it(
    store: CardLogStore, spool: Spool, tallies: Tallies, a_call: BuildCall
) -> None:
    """The order of start-up cannot lose an event."""
    log = CardLog(store, spool, tallies)

    async def start_later() -> None:
        waiting = asyncio.create_task(log.record(a_call()))
        await asyncio.sleep(0)
        log.start()
        await waiting

    asyncio.run(start_later())
    log.close()

    assert evaluations_in(store) == 1


def test_while_the_database_is_away_events_are_in_the_spool_before_the_answer(
    store: CardLogStore, a_log: BuildLog, a_call: BuildCall, folder: Path
) -> None:
    """They are on this machine's disk, the service stays ready, and says where they are."""
    log = a_log(WatchedStore(store, away=True))

    record(log, a_call())
    record(log, a_call(), a_call())

    assert [file.records for file in waiting_in(folder)] == [3]
    stats = log.stats
    assert (stats.state, stats.answered, stats.stored, stats.lost) == ("spooling", 3, 3, 0)
    assert (stats.spooled, stats.healthy, stats.last_error) == (3, True, "database: OperationalError")


def test_when_the_database_returns_the_spool_is_delivered_in_order_and_once(
    store: CardLogStore, a_log: BuildLog, a_call: BuildCall, rows_of_table: ReadTable
) -> None:
    """What came before, during and after the outage is there once, in order of arrival."""
    watched = WatchedStore(store)
    log = a_log(watched)
    calls = [a_call() for _ in range(30)]

    async def scenario() -> None:
        for call in calls[:10]:
            await log.record(call)
        watched.away = True
        for call in calls[10:20]:
            await log.record(call)
        watched.away = False
        for call in calls[20:]:
            await log.record(call)
        await until(lambda: log.stats.spooled == 0 and log.stats.state == "writing")

    asyncio.run(scenario())

    assert ids_in(rows_of_table("evaluation")) == ids_of(calls)
    arrived = [row[0] for rows in watched.batches for row in rows.evaluation]
    assert list(dict.fromkeys(arrived)) == [call.evaluations[0].event_id for call in calls]
    assert (log.stats.answered, log.stats.stored, log.stats.lost) == (30, 30, 0)


def test_a_database_that_hangs_holds_nobody_up(
    store: CardLogStore, a_log: BuildLog, a_call: BuildCall, rows_of_table: ReadTable
) -> None:
    """The spool takes the events meanwhile; the write that hung and the spool together store each once."""
    hanging = HangingStore(store)
    log = a_log(hanging)
    calls = [a_call() for _ in range(6)]

    record(log, *calls[:3])
    record(log, *calls[3:])
    assert hanging.entered.is_set()
    assert (log.stats.state, log.stats.stored, log.stats.lost) == ("spooling", 6, 0)
    hanging.release.set()
    asyncio.run(_wait(until(lambda: log.stats.state == "writing")))

    assert ids_in(rows_of_table("evaluation")) == ids_of(calls)


async def _wait(awaitable: Awaitable[None]) -> None:
    await awaitable


def test_what_an_earlier_process_left_is_delivered_before_anything_new(
    store: CardLogStore, spool: Spool, a_log: BuildLog, a_call: BuildCall
) -> None:
    """The order of arrival holds across a restart."""
    left, new = a_call(), a_call()
    spool.append([left])
    watched = WatchedStore(store)
    log = a_log(watched)

    record(log, new)
    asyncio.run(_wait(until(lambda: log.stats.state == "writing" and log.stats.spooled == 0)))

    arrived = [row[0] for rows in watched.batches for row in rows.evaluation]
    assert list(dict.fromkeys(arrived)) == [left.evaluations[0].event_id, new.evaluations[0].event_id]


class BusyStore(WatchedStore):
    """The real store of a service to which calls keep coming: while the spool takes them, each write finds another."""

    def __init__(self, store: CardLogStore, spool: Spool, a_call: BuildCall) -> None:
        super().__init__(store)
        self._spool = spool
        self._a_call = a_call
        self.is_spooling: Callable[[], bool] = lambda: False
        self.in_order_of_arrival: list[str] = []

    def write(self, rows: Rows) -> None:
        """Another call comes, and then this is written."""
        if self.is_spooling():
            self.spool_a_call()
        super().write(rows)

    def spool_a_call(self) -> None:
        """A call that the spool's thread has just put there."""
        call = self._a_call()
        self.in_order_of_arrival.append(call.evaluations[0].event_id)
        self._spool.append([call])


def test_a_database_that_keeps_pace_takes_over_before_the_spool_is_empty(
    store: CardLogStore, spool: Spool, a_log: BuildLog, a_call: BuildCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left in it goes before anything that comes then."""
    monkeypatch.setattr(database_writer, "_KEEPS_PACE_S", PATIENCE_S)
    busy = BusyStore(store, spool, a_call)
    busy.spool_a_call()
    logs: list[CardLog] = []
    busy.is_spooling = lambda: not logs or logs[0].stats.state == "spooling"
    log = a_log(busy)
    logs.append(log)

    asyncio.run(_wait(until(lambda: log.stats.state == "writing" and log.stats.spooled == 0)))
    after = a_call()
    record(log, after)
    asyncio.run(_wait(until(lambda: log.stats.lost == 0)))

    arrived = [row[0] for rows in busy.batches for row in rows.evaluation]
    assert list(dict.fromkeys(arrived)) == [*busy.in_order_of_arrival, after.evaluations[0].event_id]


class SlowSpool(Spool):
    """A spool on a disk that takes ten milliseconds more for each commit."""

    def append(self, records: Sequence[CallRecord | Sequence[FeedbackEvent]]) -> None:
        """Put records at the end, slowly."""
        time.sleep(0.01)
        super().append(records)


def test_a_database_that_keeps_pace_takes_over_though_calls_keep_coming(
    store: CardLogStore, folder: Path, a_log: BuildLog, a_call: BuildCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is always something to append then; all would be written twice until nobody calls any more."""
    monkeypatch.setattr(database_writer, "_KEEPS_PACE_S", PATIENCE_S)
    slow = SlowSpool(folder)
    slow.open()
    watched = WatchedStore(store)
    log = a_log(watched, slow)
    came: list[str] = []

    async def scenario() -> None:
        log._course.to_the_spool()
        calls = []
        async with asyncio.timeout(PATIENCE_S):
            while len(came) < 50 or log.stats.state != "writing":
                call = a_call()
                came.append(call.evaluations[0].event_id)
                calls.append(asyncio.create_task(log.record(call)))
                await asyncio.sleep(0.001)
        await asyncio.gather(*calls)
        await until(lambda: log.stats.spooled == 0)

    asyncio.run(scenario())
    log.close()
    slow.close()

    arrived = [row[0] for rows in watched.batches for row in rows.evaluation]
    assert list(dict.fromkeys(arrived)) == came
    assert (log.stats.stored, log.stats.lost) == (len(came), 0)


def test_a_database_that_does_not_keep_pace_leaves_what_comes_to_the_spool(
    store: CardLogStore, spool: Spool, a_log: BuildLog, a_call: BuildCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes over when the spool is empty, and not before: the calls would wait for it."""
    monkeypatch.setattr(database_writer, "_KEEPS_PACE_S", 0.0)
    busy = BusyStore(store, spool, a_call)
    busy.spool_a_call()
    busy.is_spooling = lambda: len(busy.batches) < 5
    log = a_log(busy)
    seen: list[str] = []

    def is_delivered() -> bool:
        seen.append(log.stats.state)
        return log.stats.spooled == 0

    asyncio.run(_wait(until(is_delivered)))

    assert set(seen[:-1]) <= {"spooling"}
    assert [len(rows.evaluation) for rows in busy.batches] == [1] * 6
    asyncio.run(_wait(until(lambda: log.stats.state == "writing")))


def test_when_nothing_can_be_written_the_answer_goes_out_and_the_loss_shows_at_once(
    a_log: BuildLog, a_call: BuildCall, caplog: pytest.LogCaptureFixture
) -> None:
    """The clinician gets the card; health, counts and the service's own log say what is missing."""
    log = a_log(AwayStore(), FullSpool())

    record(log, a_call(), a_call())

    stats = log.stats
    assert (stats.state, stats.answered, stats.stored, stats.lost, stats.late) == ("losing", 2, 0, 2, 2)
    assert not stats.healthy
    assert [each.levelname for each in caplog.records] == ["WARNING", "ERROR"]


def test_what_was_answered_late_is_stored_when_the_database_returns(
    store: CardLogStore, a_log: BuildLog, a_call: BuildCall
) -> None:
    """It is then no longer lost, and stays counted as late."""
    watched = WatchedStore(store, away=True)
    log = a_log(watched, FullSpool())

    async def scenario() -> None:
        await log.record(a_call())
        assert (log.stats.stored, log.stats.lost, log.stats.late) == (0, 1, 1)
        watched.away = False
        await until(lambda: log.stats.lost == 0)

    asyncio.run(scenario())

    stats = log.stats
    assert (stats.answered, stats.stored, stats.late, stats.healthy) == (1, 1, 1, True)
    assert evaluations_in(store) == 1


def test_a_slow_disk_is_waited_for_no_longer_than_a_clinician_waits(
    store: CardLogStore, a_log: BuildLog, a_call: BuildCall
) -> None:
    """Both the database and the spool hang: the call is answered, counted as lost, and stored when they go on."""
    hanging = HangingStore(store)
    spool = FullSpool()
    log = a_log(hanging, spool)

    async def scenario() -> None:
        await log.record(a_call())
        assert (log.stats.lost, log.stats.healthy) == (1, False)
        hanging.release.set()
        await until(lambda: log.stats.lost == 0)

    asyncio.run(scenario())

    assert evaluations_in(store) == 1


def test_the_sum_of_stored_and_lost_is_what_was_answered_at_every_moment(
    store: CardLogStore, a_log: BuildLog, a_call: BuildCall
) -> None:
    """Looked at again and again while the database comes and goes."""
    watched = WatchedStore(store)
    log = a_log(watched)
    sums: list[tuple[int, int]] = []

    async def look(done: asyncio.Event) -> None:
        while not done.is_set():
            stats = log.stats
            sums.append((stats.answered, stats.stored + stats.lost))
            await asyncio.sleep(0)

    async def scenario() -> None:
        done = asyncio.Event()
        looking = asyncio.create_task(look(done))
        for turn in range(12):
            watched.away = turn % 3 == 1
            await asyncio.gather(*(log.record(a_call()) for _ in range(5)))
        done.set()
        await looking

    asyncio.run(scenario())

    assert [pair for pair in sums if pair[0] != pair[1]] == []
    assert log.stats.answered == 60


def test_what_does_not_fit_is_lost_and_never_held_up(a_log: BuildLog, a_call: BuildCall) -> None:
    """Memory is bounded; the call goes on at once."""
    log = a_log(AwayStore(), FullSpool(), capacity=3)

    record(log, *(a_call() for _ in range(5)))

    assert (log.stats.answered, log.stats.lost, log.stats.healthy) == (5, 5, False)


def test_an_event_that_the_database_refuses_is_lost_and_blocks_no_other(
    store: CardLogStore,
    a_log: BuildLog,
    a_call: BuildCall,
    refuse_client: Callable[[str], None],
    rows_of_table: ReadTable,
) -> None:
    """One event that cannot be stored does not hold up the log for ever."""
    refuse_client("refused-client")
    log = a_log(store)
    calls = [a_call() for _ in range(4)]

    record(log, *calls[:2], a_call(client_id="refused-client"), *calls[2:])
    asyncio.run(_wait(until(lambda: log.stats.state == "writing")))

    assert ids_in(rows_of_table("evaluation")) == ids_of(calls)
    assert (log.stats.answered, log.stats.stored, log.stats.lost, log.stats.state) == (5, 4, 1, "writing")


class SlowToRefuse:
    """The real store, which waits before it answers a record alone, so that the spool takes the batch as well."""

    def __init__(self, store: CardLogStore, spool: Spool) -> None:
        self._store = store
        self._spool = spool

    def write(self, rows: Rows) -> None:
        """Write; one record by itself only once the spool has it."""
        if len(rows.evaluation) == 1:
            give_up_at = time.monotonic() + PATIENCE_S
            while not self._spool.waiting and time.monotonic() < give_up_at:
                time.sleep(0.001)
        self._store.write(rows)

    def write_counts(self, counts: Counts) -> None:
        """Write to the real store."""
        self._store.write_counts(counts)


def test_what_does_not_go_into_one_commit_is_written_by_the_next(
    store: CardLogStore, spool: Spool, tallies: Tallies, a_call: BuildCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches that were announced together: the thread goes on by itself until nothing is left."""
    monkeypatch.setattr(database_writer, "MOST_RECORDS", 1)
    monkeypatch.setattr(backlog, "_GATHERED_FOR_S", -1.0)  # each record is a batch
    waiting, course = Backlog(10), Course()
    writer = DatabaseWriter(waiting, tallies, store, spool, course)

    async def scenario() -> list[bool]:
        for _ in range(3):
            waiting.add(a_call(), asyncio.get_running_loop())
        goes_on = []
        for _ in range(3):
            course.database_work.clear()
            writer._write_gathered()
            goes_on.append(course.database_work.is_set())
        return goes_on

    assert asyncio.run(scenario()) == [True, True, False]
    assert evaluations_in(store) == 3


def test_an_event_that_both_threads_find_refused_is_lost_once(
    store: CardLogStore, spool: Spool, a_log: BuildLog, a_call: BuildCall, refuse_client: Callable[[str], None]
) -> None:
    """The database is slow to refuse, the spool takes the batch meanwhile: the sums count each event once."""
    refuse_client("refused-client")
    log = a_log(SlowToRefuse(store, spool))

    record(log, a_call(), a_call(client_id="refused-client"), a_call())
    asyncio.run(_wait(until(lambda: log.stats.state == "writing")))

    assert (log.stats.answered, log.stats.stored, log.stats.lost) == (3, 2, 1)
    assert evaluations_in(store) == 2


def test_an_event_refused_and_counted_before_the_spool_was_settled_is_lost_once(
    store: CardLogStore, spool: Spool, tallies: Tallies, a_call: BuildCall, refuse_client: Callable[[str], None]
) -> None:
    """The other order: it is counted as lost, and then found in the spool as well."""
    refuse_client("refused-client")
    backlog, course = Backlog(10), Course()
    writer = DatabaseWriter(backlog, tallies, store, spool, course)
    call = a_call(client_id="refused-client")

    async def scenario() -> None:
        backlog.add(call, asyncio.get_running_loop())
        writer._write_gathered()
        spool.append([call])
        writer._deliver()

    asyncio.run(scenario())

    assert backlog.tally() == Tally(answered=1, lost=1)


def test_a_spooled_event_that_the_database_refuses_is_lost_after_all(
    store: CardLogStore,
    a_log: BuildLog,
    a_call: BuildCall,
    refuse_client: Callable[[str], None],
) -> None:
    """It leaves the spool, so that what stands behind it is delivered."""
    refuse_client("refused-client")
    watched = WatchedStore(store, away=True)
    log = a_log(watched)

    async def scenario() -> None:
        await asyncio.gather(log.record(a_call()), log.record(a_call(client_id="refused-client")), log.record(a_call()))
        assert (log.stats.stored, log.stats.lost) == (3, 0)
        watched.away = False
        await until(lambda: log.stats.state == "writing")

    asyncio.run(scenario())

    assert (log.stats.answered, log.stats.stored, log.stats.lost, log.stats.spooled) == (3, 2, 1, 0)
    assert evaluations_in(store) == 2


class RefusesOneAndIsAwayForOther(WatchedStore):
    """A database that takes no batch with one event, and is away the first time it is given anything else."""

    def __init__(self, store: CardLogStore, event_id: str) -> None:
        super().__init__(store, away=True)
        self._event_id = event_id

    def write(self, rows: Rows) -> None:
        """Refuse, be away, or write."""
        if self._event_id in {row[0] for row in rows.evaluation}:
            raise CardLogStoreError("IntegrityError", refused=True)
        try:
            super().write(rows)
        finally:
            self.away = False


def test_a_spooled_event_that_comes_again_after_it_was_refused_is_lost_once(
    store: CardLogStore, spool: Spool, tallies: Tallies, a_call: BuildCall
) -> None:
    """The database went away between it and the next, so that both were still in the spool."""
    refused, good = a_call(), a_call()
    spool.append([refused, good])
    backlog, course = Backlog(10), Course()
    backlog._answered = backlog._stored = 2
    course.stopping.set()  # no pause
    refusing = RefusesOneAndIsAwayForOther(store, refused.evaluations[0].event_id)
    writer = DatabaseWriter(backlog, tallies, refusing, spool, course)

    writer._deliver()
    assert (spool.waiting, backlog.tally()) == (2, Tally(answered=2, stored=1, lost=1))
    writer._deliver()

    assert (spool.waiting, backlog.tally()) == (0, Tally(answered=2, stored=1, lost=1))


def test_a_record_that_cannot_be_read_is_kept_apart_and_blocks_no_other(
    store: CardLogStore, spool: Spool, a_log: BuildLog, a_call: BuildCall, caplog: pytest.LogCaptureFixture
) -> None:
    """A damaged one, or one of a version with other columns: the rest is delivered, and it is there to be looked at."""
    spool.append([a_call()])
    spool._appending.execute("INSERT INTO waiting (record) VALUES (?)", (b'{"evaluation":[["too","short"]]}',))
    spool.append([a_call()])
    spool._waiting = 3

    log = a_log()
    asyncio.run(_wait(until(lambda: log.stats.state == "writing")))

    assert evaluations_in(store) == 2
    assert spool._delivering.execute("SELECT count(*) FROM unreadable").fetchone()[0] == 1
    assert "1 records that cannot be read" in caplog.text


def test_what_an_earlier_process_answered_is_no_part_of_this_ones_sums(
    store: CardLogStore,
    folder: Path,
    tallies: Tallies,
    a_call: BuildCall,
    refuse_client: Callable[[str], None],
) -> None:
    """A record that it left, and that the database refuses, makes neither count negative."""
    refuse_client("refused-client")
    left = Spool(folder)
    left.open()
    left.append([a_call(client_id="refused-client"), a_call()])
    left.close()
    heir = Spool(folder)
    heir.open()
    log = CardLog(store, heir, tallies)

    log.start()
    asyncio.run(_wait(until(lambda: log.stats.state == "writing")))
    log.close()
    heir.close()

    assert (log.stats.answered, log.stats.stored, log.stats.lost) == (0, 0, 0)
    assert evaluations_in(store) == 1


def test_counts_that_the_database_does_not_take_are_told_once_and_kept(
    a_log: BuildLog,
    run_sql: Callable[..., None],
    rows_of_table: ReadTable,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A grant that is missing on one table does not stay unnoticed, and costs no count."""
    run_sql("ALTER TABLE call_count RENAME TO call_count_away")
    log = a_log()
    log.count_call(*OUT_OF_SCOPE)
    asyncio.run(_wait(until(lambda: log.stats.last_error is not None)))
    run_sql("ALTER TABLE call_count_away RENAME TO call_count")
    asyncio.run(_wait(until(lambda: rows_of_table("call_count") != [])))
    log.close()

    assert [row["calls"] for row in rows_of_table("call_count")] == [1]
    assert len([message for message in caplog.messages if "does not take counts of calls" in message]) == 1


def test_feedback_is_in_the_database_when_the_await_returns(
    store: CardLogStore, a_log: BuildLog, a_feedback: BuildFeedback, rows_of_table: ReadTable
) -> None:
    """The client may be told that it is stored."""
    log = a_log(store)

    asyncio.run(log.store_feedback([a_feedback(), a_feedback()]))

    assert len(rows_of_table("feedback")) == log.stats.feedback_stored == 2


def test_feedback_is_acknowledged_from_the_spool_while_the_database_is_away(
    store: CardLogStore, a_log: BuildLog, a_feedback: BuildFeedback, rows_of_table: ReadTable
) -> None:
    """It is on a disk, and reaches the database when that returns."""
    watched = WatchedStore(store, away=True)
    log = a_log(watched)

    async def scenario() -> None:
        await log.store_feedback([a_feedback()])
        assert (log.stats.spooled, log.stats.feedback_stored) == (1, 1)
        watched.away = False
        await until(lambda: log.stats.spooled == 0)

    asyncio.run(scenario())

    assert len(rows_of_table("feedback")) == 1


def test_no_feedback_needs_no_database(a_log: BuildLog) -> None:
    """An empty list is stored at once."""
    asyncio.run(a_log(AwayStore(), FullSpool()).store_feedback([]))


def test_feedback_is_refused_at_once_when_nothing_can_be_stored(
    a_log: BuildLog, a_call: BuildCall, a_feedback: BuildFeedback
) -> None:
    """The client is told to send it again rather than left waiting."""
    log = a_log(AwayStore(), FullSpool(), feedback_timeout_s=PATIENCE_S)

    async def scenario() -> None:
        await log.record(a_call())
        with pytest.raises(CardLogUnavailable, match="nothing can be stored"):
            await log.store_feedback([a_feedback()])

    asyncio.run(scenario())


def test_feedback_is_refused_when_it_is_on_no_disk_in_time(
    a_log: BuildLog, a_feedback: BuildFeedback, store: CardLogStore
) -> None:
    """The wait is bounded whether the parts fail or hang."""
    hanging = HangingStore(store)
    for broken in (AwayStore(), hanging):
        log = a_log(broken, FullSpool(), feedback_timeout_s=0.01, close_timeout_s=0.01)
        with pytest.raises(CardLogUnavailable, match="in time"):
            asyncio.run(log.store_feedback([a_feedback()]))

    hanging.release.set()


def test_feedback_that_the_database_refuses_is_not_acknowledged(
    store: CardLogStore, a_log: BuildLog, a_feedback: BuildFeedback, run_sql: Callable[..., None], database_url: str
) -> None:
    """A client is told "stored" of nothing that is not."""
    if database_url.startswith("sqlite"):
        run_sql("CREATE TRIGGER refuse BEFORE INSERT ON feedback BEGIN SELECT RAISE(ABORT, 'refused'); END")
    else:
        run_sql("ALTER TABLE feedback ADD CONSTRAINT refuse CHECK (had_comment IS NULL)")
    log = a_log(store)

    with pytest.raises(CardLogUnavailable, match="could not store"):
        asyncio.run(log.store_feedback([a_feedback()]))

    assert log.stats.feedback_stored == 0


def test_a_caller_that_goes_away_disturbs_nobody(
    store: CardLogStore, a_log: BuildLog, a_feedback: BuildFeedback, rows_of_table: ReadTable
) -> None:
    """A cancelled request's feedback is stored all the same, and so is the next."""
    log = a_log(store)

    async def cancel_the_first() -> None:
        waiting = asyncio.create_task(log.store_feedback([a_feedback()]))
        await asyncio.sleep(0)
        waiting.cancel()
        await log.store_feedback([a_feedback()])

    asyncio.run(cancel_the_first())

    assert len(rows_of_table("feedback")) == 2


def test_counts_of_calls_reach_the_database(store: CardLogStore, a_log: BuildLog, rows_of_table: ReadTable) -> None:
    """Calls out of scope leave a number per hour and client; a code that no list knows, one per month."""
    log = a_log(store)
    for _ in range(3):
        log.count_call(*OUT_OF_SCOPE)
    log.count_unknown_procedure(date(2026, 11, 21), "demo-ehr", "http://ehr.example/codes", "XR-1")

    log.close()

    assert [(row["result"], row["calls"]) for row in rows_of_table("call_count")] == [("out_of_scope", 3)]
    assert [(row["code"], row["orders"]) for row in rows_of_table("unknown_procedure_count")] == [("XR-1", 1)]


def test_counts_of_calls_wait_in_the_spool_when_the_service_stops_during_an_outage(
    store: CardLogStore, spool: Spool, a_log: BuildLog, folder: Path, rows_of_table: ReadTable
) -> None:
    """The next process brings them in."""
    log = a_log(AwayStore())
    log.count_call(*OUT_OF_SCOPE)
    log.close()
    spool.close()

    heir = Spool(folder)
    heir.open()
    later = a_log(store, heir)
    asyncio.run(_wait(until(lambda: later.stats.state == "writing")))
    later.close()
    heir.close()

    assert [row["calls"] for row in rows_of_table("call_count")] == [1]


def test_closing_brings_what_waits_to_a_disk(
    store: CardLogStore, a_log: BuildLog, a_call: BuildCall, folder: Path
) -> None:
    """A stop during an outage loses nothing: the spool has it."""
    hanging = HangingStore(store)
    log = a_log(hanging, close_timeout_s=0.2)

    async def stop_before_the_answer() -> None:
        waiting = [asyncio.create_task(log.record(a_call())) for _ in range(3)]
        await asyncio.sleep(0)
        await asyncio.to_thread(log.close)
        await asyncio.gather(*waiting)

    asyncio.run(stop_before_the_answer())

    assert [file.records for file in waiting_in(folder)] == [3]
    assert (log.stats.answered, log.stats.stored, log.stats.lost) == (3, 3, 0)
    hanging.release.set()


def test_closing_does_not_wait_for_ever_and_says_what_is_lost(
    a_log: BuildLog, a_call: BuildCall, caplog: pytest.LogCaptureFixture
) -> None:
    """With the database away and the spool full the service still stops."""
    log = a_log(AwayStore(), FullSpool(), close_timeout_s=0.5)
    record(log, a_call(), a_call())

    log.close()

    assert (log.stats.answered, log.stats.lost, log.stats.stored) == (2, 2, 0)
    assert "2 evaluations" in caplog.records[-1].getMessage()


def test_a_closed_log_answers_and_counts_as_lost(store: CardLogStore, a_log: BuildLog, a_call: BuildCall) -> None:
    """A call still being answered while the service stops does not fail; closing twice does no harm."""
    log = a_log(store)
    log.close()

    record(log, a_call())
    log.close()

    assert (log.stats.answered, log.stats.lost, log.stats.healthy) == (1, 1, False)


def test_a_log_that_never_started_closes_and_is_not_healthy(spool: Spool, tallies: Tallies, a_call: BuildCall) -> None:
    """Forgetting to start it shows; nobody waits for it longer than for a slow disk."""
    log = CardLog(AwayStore(), spool, tallies)
    record(log, a_call())
    assert not log.stats.healthy

    log.close()

    assert log.stats.lost == 1


def test_no_value_of_an_event_is_logged_while_the_parts_fail(
    store: CardLogStore,
    a_log: BuildLog,
    a_call: BuildCall,
    a_feedback: BuildFeedback,
    refuse_client: Callable[[str], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log names kinds of fault only, and says once that the database is away."""
    refuse_client("refused-client")
    watched = WatchedStore(store, away=True)
    caplog.set_level(logging.DEBUG, logger="cds_service")
    log = a_log(watched)

    async def scenario() -> None:
        await asyncio.gather(
            log.record(a_call(organisation="Z99MARK")),
            log.record(a_call(client_id="refused-client")),
            log.store_feedback([a_feedback(override_reason_code="marked-code")]),
        )
        watched.away = False
        await until(lambda: log.stats.state == "writing")

    asyncio.run(scenario())

    assert [mark for mark in ("Z99MARK", "refused-client", "marked-code") if mark in caplog.text] == []
    assert [each.getMessage().split(" (")[0] for each in caplog.records if each.levelname != "DEBUG"] == [
        "The card log's database does not take events",
        "The card log's database takes events again",
        "The card log's database refused events",
    ]


def test_the_measuring_log_stores_nothing_and_never_acknowledges_feedback(
    a_call: BuildCall, a_feedback: BuildFeedback
) -> None:
    """It can stand in for the card log, and promises nothing that it does not keep."""
    log: EvaluationLog = NoCardLog()
    log.start()
    log.count_call(*OUT_OF_SCOPE)
    log.count_unknown_procedure(date(2026, 11, 21), "demo-ehr", "http://ehr.example/codes", "XR-1")

    async def scenario() -> None:
        await log.record(a_call())
        with pytest.raises(CardLogUnavailable, match="switched off"):
            await log.store_feedback([a_feedback()])

    asyncio.run(scenario())
    log.close()

    assert (log.stats.state, log.stats.answered, log.stats.stored, log.stats.healthy) == ("off", 0, 0, True)
