import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from cds_service.cardlog.events import EvaluationEvent, FeedbackEvent
from cds_service.cardlog.store import CardLogStore, CardLogStoreError
from cds_service.cardlog.writer import CardLog, CardLogStats, CardLogUnavailable, EvaluationLog, NoCardLog

BuildEvaluation = Callable[..., EvaluationEvent]
BuildFeedback = Callable[..., FeedbackEvent]

PATIENCE_S = 30
"""How long a test waits for something that must happen; only a failing test ever waits this long."""


class WatchedStore:
    """The real store, which also tells when a write failed."""

    def __init__(self, store: CardLogStore) -> None:
        self._store = store
        self.failed = threading.Event()

    def write(self, evaluations: Sequence[EvaluationEvent], feedback: Sequence[FeedbackEvent]) -> None:
        """Write to the real store."""
        try:
            self._store.write(evaluations, feedback)
        except CardLogStoreError:
            self.failed.set()
            raise


class AwayStore:
    """A database that cannot be reached."""

    def __init__(self) -> None:
        self.failed = threading.Event()

    def write(self, evaluations: Sequence[EvaluationEvent], feedback: Sequence[FeedbackEvent]) -> None:
        """Fail, as a lost connection does."""
        del evaluations, feedback
        self.failed.set()
        raise CardLogStoreError("OperationalError", refused=False)


class HangingStore:
    """A database that takes a write and does not answer until it is released."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.release = threading.Event()

    def write(self, evaluations: Sequence[EvaluationEvent], feedback: Sequence[FeedbackEvent]) -> None:
        """Hang until released."""
        del evaluations, feedback
        self.entered.set()
        assert self.release.wait(PATIENCE_S)


@pytest.fixture
def started() -> Iterator[Callable[[CardLog], CardLog]]:
    """Start a log and close it when the test ends, however it ends."""
    logs: list[CardLog] = []

    def start(log: CardLog) -> CardLog:
        log.start()
        logs.append(log)
        return log

    yield start
    for log in logs:
        log.close()


@pytest.fixture
def log(store: CardLogStore, started: Callable[[CardLog], CardLog]) -> CardLog:
    """A card log that writes to a real database."""
    return started(CardLog(store))


def stored_ids(store: CardLogStore) -> list[str]:
    """Ids of the stored evaluations, sorted, each as often as it is stored."""
    return sorted(row["event_id"] for row in store.latest_evaluations(100_000))


def ids_of(events: Sequence[EvaluationEvent]) -> list[str]:
    """Ids of the events, sorted."""
    return sorted(event.event_id for event in events)


def test_closing_writes_everything_that_waits(
    log: CardLog, store: CardLogStore, an_evaluation: BuildEvaluation
) -> None:
    """More events than one batch holds are all in the database once close returns."""
    events = [an_evaluation() for _ in range(1_201)]
    log.record(events[:1])
    log.record(events[1:])

    log.close()

    assert stored_ids(store) == ids_of(events)
    assert (log.stats.recorded, log.stats.stored, log.stats.lost) == (1_201, 1_201, 0)


def test_many_threads_and_tasks_record_at_once_and_each_event_is_stored_once(
    log: CardLog, store: CardLogStore, an_evaluation: BuildEvaluation
) -> None:
    """Neither threads nor tasks of an event loop lose or double an event."""
    batches = [[an_evaluation() for _ in range(25)] for _ in range(16)]

    def record(events: Sequence[EvaluationEvent]) -> None:
        for event in events:
            log.record([event])

    async def record_in_tasks() -> None:
        async def record_one_by_one(events: Sequence[EvaluationEvent]) -> None:
            for event in events:
                log.record([event])
                await asyncio.sleep(0)

        await asyncio.gather(*(record_one_by_one(events) for events in batches[8:]))

    threads = [threading.Thread(target=record, args=(events,)) for events in batches[:8]]
    for thread in threads:
        thread.start()
    asyncio.run(record_in_tasks())
    for thread in threads:
        thread.join()
    log.close()

    assert stored_ids(store) == ids_of([event for events in batches for event in events])


def test_an_event_recorded_twice_is_stored_once(
    log: CardLog, store: CardLogStore, an_evaluation: BuildEvaluation
) -> None:
    """A repeated event id is recognised, within a batch and later."""
    event = an_evaluation()

    log.record([event, event])
    log.record([event])
    log.close()

    assert stored_ids(store) == [event.event_id]


def test_events_recorded_before_the_start_are_written(
    store: CardLogStore, an_evaluation: BuildEvaluation, started: Callable[[CardLog], CardLog]
) -> None:
    """The order of start-up cannot lose an event."""
    log = CardLog(store)
    event = an_evaluation()
    log.record([event])

    started(log).close()

    assert stored_ids(store) == [event.event_id]


def test_feedback_is_in_the_database_when_the_await_returns(
    log: CardLog, store: CardLogStore, a_feedback: BuildFeedback
) -> None:
    """The client may be told that it is stored."""
    asyncio.run(log.store_feedback([a_feedback(), a_feedback()]))

    assert store.count_feedback() == 2
    assert log.stats == CardLogStats(
        recorded=0, stored=0, lost=0, waiting=0, feedback_stored=2, last_error=None, healthy=True
    )


def test_feedback_of_many_clients_at_once_is_stored(
    log: CardLog, store: CardLogStore, a_feedback: BuildFeedback
) -> None:
    """Each waits for its own entries only, and all of them arrive."""

    async def store_all() -> None:
        await asyncio.gather(*(log.store_feedback([a_feedback()]) for _ in range(50)))

    asyncio.run(store_all())

    assert store.count_feedback() == 50


def test_no_feedback_needs_no_database(a_feedback: BuildFeedback) -> None:
    """An empty list is stored at once, even by a log that never started."""
    asyncio.run(CardLog(AwayStore()).store_feedback([]))

    assert a_feedback().had_comment


def test_events_wait_while_the_database_is_away_and_are_stored_once_when_it_returns(
    store: CardLogStore,
    an_evaluation: BuildEvaluation,
    a_feedback: BuildFeedback,
    run_sql: Callable[..., None],
    started: Callable[[CardLog], CardLog],
) -> None:
    """Nothing is lost or doubled, and the state is told meanwhile and afterwards."""
    watched = WatchedStore(store)
    log = started(CardLog(watched, feedback_timeout_s=PATIENCE_S))
    events = [an_evaluation() for _ in range(40)]
    log.record(events[:10])
    run_sql("ALTER TABLE evaluation RENAME TO evaluation_away")
    log.record(events[10:20])
    assert watched.failed.wait(PATIENCE_S)
    log.record(events[20:30])
    assert not log.stats.healthy

    run_sql("ALTER TABLE evaluation_away RENAME TO evaluation")
    log.record(events[30:])
    # Feedback stands behind the evaluations in the queue: once it is stored, so are they.
    asyncio.run(log.store_feedback([a_feedback()]))

    assert stored_ids(store) == ids_of(events)
    assert (log.stats.stored, log.stats.lost, log.stats.waiting, log.stats.healthy) == (40, 0, 0, True)
    assert log.stats.last_error is not None


def test_a_log_that_closes_still_stores_what_waited_for_the_database(
    store: CardLogStore,
    an_evaluation: BuildEvaluation,
    run_sql: Callable[..., None],
    started: Callable[[CardLog], CardLog],
) -> None:
    """Closing tries once more at once, whatever pause the writer was in."""
    watched = WatchedStore(store)
    log = started(CardLog(watched, close_timeout_s=PATIENCE_S))
    run_sql("ALTER TABLE evaluation RENAME TO evaluation_away")
    event = an_evaluation()
    log.record([event])
    assert watched.failed.wait(PATIENCE_S)
    run_sql("ALTER TABLE evaluation_away RENAME TO evaluation")

    log.close()

    assert stored_ids(store) == [event.event_id]


def test_an_event_that_the_database_refuses_is_counted_and_blocks_no_other(
    log: CardLog,
    store: CardLogStore,
    an_evaluation: BuildEvaluation,
    refuse_client: Callable[[str], None],
) -> None:
    """One event that cannot be stored does not hold up the log for ever."""
    refuse_client("refused-client")
    events = [an_evaluation() for _ in range(4)]

    log.record([*events[:2], an_evaluation(client_id="refused-client"), *events[2:]])
    log.close()

    assert stored_ids(store) == ids_of(events)
    assert (log.stats.recorded, log.stats.stored, log.stats.lost) == (5, 4, 1)


def test_a_full_queue_counts_what_it_loses_and_says_so_once(
    an_evaluation: BuildEvaluation, caplog: pytest.LogCaptureFixture
) -> None:
    """The clinician's call goes on; the loss shows in the counts, in health and in the log."""
    log = CardLog(AwayStore(), capacity=3)

    for _ in range(3):
        log.record([an_evaluation(), an_evaluation()])

    assert (log.stats.recorded, log.stats.waiting, log.stats.lost, log.stats.healthy) == (6, 3, 3, False)
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_full_log_refuses_feedback_at_once(an_evaluation: BuildEvaluation, a_feedback: BuildFeedback) -> None:
    """The client is told to send it again rather than left waiting."""
    log = CardLog(AwayStore(), capacity=1, feedback_timeout_s=PATIENCE_S)
    log.record([an_evaluation()])

    with pytest.raises(CardLogUnavailable, match="full or closed"):
        asyncio.run(log.store_feedback([a_feedback()]))


def test_feedback_is_refused_when_the_database_does_not_take_it_in_time(
    a_feedback: BuildFeedback, started: Callable[[CardLog], CardLog]
) -> None:
    """The wait is bounded whether the database is away or hangs."""
    hanging = HangingStore()
    logs = [
        started(CardLog(database, feedback_timeout_s=0.01, close_timeout_s=0.01)) for database in (AwayStore(), hanging)
    ]

    for log in logs:
        with pytest.raises(CardLogUnavailable, match="in time"):
            asyncio.run(log.store_feedback([a_feedback()]))

    hanging.release.set()


def test_feedback_that_the_database_refuses_is_not_acknowledged(
    log: CardLog, a_feedback: BuildFeedback, run_sql: Callable[..., None], database_url: str
) -> None:
    """A client is told "stored" of nothing that is not."""
    if database_url.startswith("sqlite"):
        run_sql("CREATE TRIGGER refuse BEFORE INSERT ON feedback BEGIN SELECT RAISE(ABORT, 'refused'); END")
    else:
        run_sql("ALTER TABLE feedback ADD CONSTRAINT refuse CHECK (had_comment IS NULL)")

    with pytest.raises(CardLogUnavailable, match="could not store"):
        asyncio.run(log.store_feedback([a_feedback()]))

    assert log.stats.feedback_stored == 0


def test_a_caller_that_goes_away_does_not_disturb_the_writer(store: CardLogStore, a_feedback: BuildFeedback) -> None:
    """A cancelled request's feedback is stored all the same, and so is the next."""
    log = CardLog(store)

    async def cancel_the_first() -> None:
        waiting = asyncio.create_task(log.store_feedback([a_feedback()]))
        await asyncio.sleep(0)
        waiting.cancel()
        log.start()
        await log.store_feedback([a_feedback()])

    asyncio.run(cancel_the_first())

    log.close()
    assert store.count_feedback() == 2


def test_closing_does_not_wait_for_ever_and_counts_what_is_left(
    an_evaluation: BuildEvaluation, caplog: pytest.LogCaptureFixture
) -> None:
    """With the database away the service still stops, and says how much it lost."""
    away = AwayStore()
    log = CardLog(away, close_timeout_s=0.01)
    log.start()
    log.record([an_evaluation(), an_evaluation()])
    assert away.failed.wait(PATIENCE_S)

    log.close()

    assert (log.stats.recorded, log.stats.lost, log.stats.waiting) == (2, 2, 0)
    assert "2 evaluations" in caplog.records[-1].getMessage()


def test_a_write_that_outlives_the_close_changes_no_count(an_evaluation: BuildEvaluation) -> None:
    """An event is counted as stored or as lost, never as both."""
    hanging = HangingStore()
    log = CardLog(hanging, close_timeout_s=0.01)
    log.start()
    log.record([an_evaluation()])
    assert hanging.entered.wait(PATIENCE_S)

    log.close()
    hanging.release.set()
    log._thread.join(PATIENCE_S)

    assert (log.stats.recorded, log.stats.stored, log.stats.lost) == (1, 0, 1)


def test_a_closed_log_counts_later_events_as_lost(log: CardLog, an_evaluation: BuildEvaluation) -> None:
    """A call still being answered while the service stops does not fail; closing twice does no harm."""
    log.close()

    log.record([an_evaluation()])
    log.close()

    assert (log.stats.recorded, log.stats.lost, log.stats.healthy) == (1, 1, False)


def test_a_log_that_never_started_closes_and_is_not_healthy(an_evaluation: BuildEvaluation) -> None:
    """Forgetting to start it shows."""
    log = CardLog(AwayStore())
    log.record([an_evaluation()])
    assert not log.stats.healthy

    log.close()

    assert log.stats.lost == 1


def test_no_value_of_an_event_is_logged_while_the_database_fails(
    store: CardLogStore,
    an_evaluation: BuildEvaluation,
    a_feedback: BuildFeedback,
    refuse_client: Callable[[str], None],
    run_sql: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log names kinds of fault only, and says once that the database is away."""
    refuse_client("refused-client")
    watched = WatchedStore(store)
    log = CardLog(watched, feedback_timeout_s=PATIENCE_S)
    caplog.set_level(logging.DEBUG, logger="cds_service")
    run_sql("ALTER TABLE evaluation RENAME TO evaluation_away")
    log.record([an_evaluation(organisation="Z99MARK"), an_evaluation(client_id="refused-client")])
    log.start()
    assert watched.failed.wait(PATIENCE_S)
    run_sql("ALTER TABLE evaluation_away RENAME TO evaluation")
    asyncio.run(log.store_feedback([a_feedback(override_reason_code="marked-code")]))
    log.close()

    assert [mark for mark in ("Z99MARK", "refused-client", "marked-code") if mark in caplog.text] == []
    assert [record.getMessage().split(" (")[0] for record in caplog.records] == [
        "The card log's database does not take events",
        "The card log's database refused events",
        "The card log's database refused events",
    ]


def test_the_measuring_log_stores_nothing_and_never_acknowledges_feedback(
    an_evaluation: BuildEvaluation, a_feedback: BuildFeedback
) -> None:
    """It can stand in for the card log, and promises nothing that it does not keep."""
    log: EvaluationLog = NoCardLog()
    log.start()
    log.record([an_evaluation()])
    with pytest.raises(CardLogUnavailable, match="switched off"):
        asyncio.run(log.store_feedback([a_feedback()]))
    log.close()

    assert log.stats == CardLogStats(
        recorded=0, stored=0, lost=0, waiting=0, feedback_stored=0, last_error=None, healthy=True
    )


def test_a_flood_is_slowed_to_what_the_database_takes(store: CardLogStore, an_evaluation: BuildEvaluation) -> None:
    """Once half of the queue is taken, callers wait for the writer, and nothing is lost."""
    log = CardLog(store, capacity=100)

    async def flood() -> None:
        log.start()
        for _ in range(40):
            log.record([an_evaluation() for _ in range(20)])
            await log.wait_for_room()

    asyncio.run(flood())
    log.close()

    assert (log.stats.stored, log.stats.lost) == (800, 0)
