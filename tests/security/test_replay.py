import asyncio
import contextlib
import logging
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from cds_service.security import replay
from cds_service.security.replay import ReplayGuard, SharedStore
from cds_service.security.replay_memory import SeenTokens
from cds_service.security.replay_store import ReplayStore, ReplayStoreUnavailable

NOW = 1_000.0
MEANWHILE = ": each worker checks replay in its own memory meanwhile"
NewStore = Callable[..., ReplayStore]


class SetClock:
    """A clock that stands until it is set."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.now


class StoreDouble:
    """A store in memory that notes each batch, fails while `fails` is set, and hangs while `answers` is not."""

    def __init__(self) -> None:
        self.batches: list[list[tuple[bytes, int]]] = []
        self.noted: set[bytes] = set()
        self.schemas = 0
        self.fails = False
        self.answers = threading.Event()
        self.answers.set()

    def create_schema(self) -> None:
        """Count the attempts."""
        self.schemas += 1
        if self.fails:
            raise ReplayStoreUnavailable("OperationalError 08006")

    def claim(self, claims: Sequence[tuple[bytes, int]]) -> set[bytes]:
        """Note the tokens."""
        self.batches.append(list(claims))
        assert self.answers.wait(timeout=30)
        if self.fails:
            raise ReplayStoreUnavailable("OperationalError 08006")
        hashes = {token_hash for token_hash, _ in claims}
        seen = hashes & self.noted
        self.noted |= hashes
        return seen


@contextmanager
def file_store(file: Path) -> Iterator[ReplayStore]:
    """A store on a SQLite file, disposed of at the end of the block."""
    store = ReplayStore(f"sqlite:///{file}", clock=lambda: NOW)
    try:
        yield store
    finally:
        store.dispose()


@asynccontextmanager
async def running(
    store: SharedStore | None, *, clock: Callable[[], float] = lambda: NOW, patience_seconds: float = 10.0
) -> AsyncIterator[ReplayGuard]:
    """A guard between start and close; patient, so that a slow machine fails no test."""
    guard = ReplayGuard(store, clock, patience_seconds)
    await guard.start()
    try:
        yield guard
    finally:
        await guard.close()


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until something has come about."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what the guard comes to know from its thread sets no event
            await asyncio.sleep(0.005)


def metric(name: str, **labels: str) -> float:
    """What a metric says now."""
    value = REGISTRY.get_sample_value(name, labels)
    assert value is not None
    return value


@pytest.fixture
def quick_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a store that failed asked again after a moment, not after a second."""
    monkeypatch.setattr(replay, "_RETRY_EVERY_S", 0.01)


def test_a_token_is_used_for_the_first_time_once() -> None:
    """Memory alone refuses a second use until the token's life is over."""

    async def use() -> list[bool]:
        clock = SetClock()
        async with running(None, clock=clock) as guard:
            answers = [await guard.first_use("ehr", "a", NOW + 9.5) for _ in range(2)]
            clock.now = NOW + 9.4
            answers.append(await guard.first_use("ehr", "a", NOW + 9.5))
            clock.now = NOW + 10
            return [*answers, await guard.first_use("ehr", "a", NOW + 20), await guard.first_use("ehr", "a", NOW + 20)]

    assert asyncio.run(use()) == [True, False, False, True, False]


def test_clients_have_their_own_ids() -> None:
    """The same `jti` of another client is another token, and so is any text that JSON can hold."""

    async def use() -> list[bool]:
        async with running(None) as guard:
            tokens = [
                ("ehr", "a"),
                ("other", "a"),
                ("ehr", "\0a"),
                ("ehr\0", "a"),
                ("ehr", "\ud800"),
                ("ehr", "ü" * 255),
            ]
            return [await guard.first_use(client, jti, NOW + 60) for client, jti in tokens]

    assert asyncio.run(use()) == [True, True, True, False, True, True]


def test_of_concurrent_uses_one_is_the_first() -> None:
    """Calls with the same token at the same moment in one worker: one gets through, whatever the store says."""
    store = StoreDouble()

    async def use() -> list[bool]:
        async with running(store) as guard:
            return await asyncio.gather(*(guard.first_use("ehr", "a", NOW + 60) for _ in range(50)))

    assert sum(asyncio.run(use())) == 1


def test_the_calls_at_hand_are_claimed_together() -> None:
    """Fifty calls that come at once cost the store one statement, and those that come meanwhile one more."""
    store = StoreDouble()

    async def use() -> None:
        async with running(store) as guard:
            first = asyncio.gather(*(guard.first_use("ehr", f"a{number}", NOW + 60) for number in range(50)))
            store.answers.clear()
            await until(lambda: len(store.batches) == 2)
            second = asyncio.gather(*(guard.first_use("ehr", f"b{number}", NOW + 60) for number in range(50)))
            await asyncio.sleep(0)
            store.answers.set()
            assert await first == await second == [True] * 50

    asyncio.run(use())

    assert [len(batch) for batch in store.batches] == [0, 50, 50]


def test_the_store_learns_hashes_only() -> None:
    """Neither client nor `jti` reaches the store: 16 bytes and the second, rounded up, of the token's expiry."""
    store = StoreDouble()

    async def use() -> None:
        async with running(store) as guard:
            await guard.first_use("marked-client", "marked-jti", NOW + 59.2)

    asyncio.run(use())
    [(token_hash, expiry)] = store.batches[-1]

    assert (len(token_hash), expiry) == (16, 1_060)
    assert b"marked" not in token_hash


def test_workers_that_share_a_store_take_a_token_once(new_store: NewStore) -> None:
    """What one worker took, another refuses, also after the first has gone and come again."""

    async def use() -> list[bool]:
        async with running(new_store()) as first, running(new_store()) as second:
            answers = [await guard.first_use("ehr", "a", NOW + 60) for guard in (first, second, first)]
        async with running(new_store()) as restarted:
            return [*answers, await restarted.first_use("ehr", "a", NOW + 60)]

    assert asyncio.run(use()) == [True, False, False, False]


def test_workers_that_race_for_tokens_have_one_winner_each(new_store: NewStore) -> None:
    """Three workers are sent the same two hundred tokens at the same moment: each gets through once."""
    together = threading.Barrier(3)
    answers: list[list[bool]] = []

    async def work(store: ReplayStore) -> list[bool]:
        async with running(store) as guard:
            together.wait(timeout=30)
            return await asyncio.gather(*(guard.first_use("ehr", f"t{number}", NOW + 60) for number in range(200)))

    stores = [new_store() for _ in range(3)]
    threads = [
        threading.Thread(target=lambda store=store: answers.append(asyncio.run(work(store)))) for store in stores
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert [sum(column) for column in zip(*answers, strict=True)] == [1] * 200


USES = st.lists(
    st.one_of(
        st.tuples(st.just("use"), st.integers(0, 1), st.integers(0, 3)),
        st.tuples(st.just("wait"), st.just(0), st.integers(1, 40)),
        st.tuples(st.just("restart"), st.integers(0, 1), st.just(0)),
    ),
    max_size=40,
)


@settings(max_examples=40)
@given(uses=USES)
def test_no_sequence_of_uses_lets_a_token_through_twice(uses: list[tuple[str, int, int]]) -> None:
    """Two workers over a real file, whatever they are sent, whenever either restarts: once in a token's life."""

    async def play(url: str) -> None:
        clock = SetClock()
        stores = [ReplayStore(url, clock=clock) for _ in range(2)]
        guards = [ReplayGuard(store, clock, 10.0) for store in stores]
        for guard in guards:
            await guard.start()
        expiry_of: dict[int, float] = {}
        for action, worker, number in uses:
            if action == "wait":
                clock.now += number
            elif action == "restart":
                await guards[worker].close()
                guards[worker] = ReplayGuard(stores[worker], clock, 10.0)
                await guards[worker].start()
            else:
                free = expiry_of.get(number, 0) <= clock.now
                if free:  # else the very token comes again, with the expiry that its client signed
                    expiry_of[number] = clock.now + 5 * (number + 1)
                assert await guards[worker].first_use("ehr", f"t{number}", expiry_of[number]) == free
        for guard, store in zip(guards, stores, strict=True):
            await guard.close()
            store.dispose()

    with TemporaryDirectory() as folder:
        asyncio.run(play(f"sqlite:///{folder}/seen.sqlite3"))


@settings(max_examples=40)
@given(uses=st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), max_size=30))
def test_no_outage_lets_a_token_through_twice_in_one_worker(uses: list[tuple[int, bool, bool]]) -> None:
    """The store may fail and come back at any moment: a worker that lives refuses what it has taken."""

    async def play() -> None:
        store = StoreDouble()
        taken: set[int] = set()
        async with running(store) as guard:
            for number, fails, recovers in uses:
                store.fails = fails
                if recovers and not fails:
                    await until(lambda: guard.is_shared)
                assert await guard.first_use("ehr", f"t{number}", NOW + 60) == (number not in taken)
                taken.add(number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replay, "_RETRY_EVERY_S", 0.001)
        asyncio.run(play())


@pytest.mark.usefixtures("quick_retry")
def test_while_the_file_is_locked_memory_decides_and_the_store_learns_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Calls are answered and counted during an outage; afterwards another worker knows their tokens too."""
    file = tmp_path / "seen.sqlite3"
    by_store, by_memory = (metric("cds_replay_checks_total", by=by) for by in ("store", "memory"))

    async def use() -> None:
        with file_store(file) as store, file_store(file) as another_store:
            async with running(store) as guard:
                assert guard.is_shared
                with closing(sqlite3.connect(file)) as other:
                    other.execute("BEGIN EXCLUSIVE")
                    assert await guard.first_use("ehr", "marked-a", NOW + 60)
                    assert (guard.is_shared, metric("cds_replay_store_up")) == (False, 0)
                    assert await guard.first_use("ehr", "marked-b", NOW + 60)
                    assert not await guard.first_use("ehr", "marked-b", NOW + 60)
                    assert metric("cds_replay_checks_total", by="memory") == by_memory + 3
                await until(lambda: guard.is_shared)
                assert metric("cds_replay_store_up") == 1
                async with running(another_store) as another:
                    assert not await another.first_use("ehr", "marked-a", NOW + 60)
                    assert not await another.first_use("ehr", "marked-b", NOW + 60)

    with caplog.at_level(logging.DEBUG, "cds_service"):
        asyncio.run(use())

    assert metric("cds_replay_checks_total", by="store") == by_store + 2
    assert [record.getMessage() for record in caplog.records] == [
        "The store of seen tokens fails (OperationalError SQLITE_BUSY)" + MEANWHILE,
        "The store of seen tokens answers again",
    ]


def test_a_store_that_failed_is_not_waited_for() -> None:
    """After a failure calls are answered from memory alone, and the store is asked in the background."""
    store = StoreDouble()

    async def use() -> None:
        async with running(store) as guard:
            store.fails = True
            assert await guard.first_use("ehr", "a", NOW + 60)
            asked = len(store.batches)
            assert [await guard.first_use("ehr", f"b{number}", NOW + 60) for number in range(20)] == [True] * 20
            assert len(store.batches) == asked

    asyncio.run(use())


@pytest.mark.usefixtures("quick_retry")
def test_a_late_refusal_is_counted() -> None:
    """When the store says "seen before" after the patience is over, the call is answered; a metric tells of it."""
    store = StoreDouble()
    late = metric("cds_replay_late_refusals_total")

    async def use() -> None:
        async with running(store) as first:
            await first.first_use("ehr", "a", NOW + 60)
        async with running(store, patience_seconds=0.02) as second:
            store.answers.clear()
            answers = asyncio.gather(second.first_use("ehr", "a", NOW + 60), second.first_use("ehr", "b", NOW + 60))
            assert list(await answers) == [True, True]
            assert not second.is_shared
            assert await second.first_use("ehr", "c", NOW + 60)
            store.answers.set()
            await until(lambda: second.is_shared)

    asyncio.run(use())

    assert metric("cds_replay_late_refusals_total") == late + 1
    assert len(store.noted) == 3


def test_calls_that_gather_behind_a_hanging_batch_are_answered_with_it() -> None:
    """Nobody waits for two patiences: when the store is given up, all calls that wait are answered."""
    store = StoreDouble()

    async def use() -> None:
        async with running(store, patience_seconds=0.1) as guard:
            store.answers.clear()
            first = asyncio.ensure_future(guard.first_use("ehr", "a", NOW + 60))
            await until(lambda: len(store.batches) == 2)
            assert guard._watch is not None
            assert guard._watch.when() <= asyncio.get_running_loop().time() + 0.1
            second = asyncio.ensure_future(guard.first_use("ehr", "b", NOW + 60))
            assert list(await asyncio.gather(first, second)) == [True, True]
            assert len(store.batches) == 2
            store.answers.set()

    asyncio.run(use())

    assert len(store.noted) == 2


def test_a_store_that_hangs_after_good_answers_is_given_up() -> None:
    """The watch goes on from one batch to the next, and rests when nobody waits."""
    store = StoreDouble()

    async def use() -> None:
        loop = asyncio.get_running_loop()
        async with running(store, patience_seconds=0.1) as guard:
            assert await guard.first_use("ehr", "a", NOW + 60)
            await until(lambda: guard._watch is None)
            assert await guard.first_use("ehr", "b", NOW + 60)
            watched_until = guard._watch.when() if guard._watch else 0
            await until(lambda: loop.time() > watched_until - 0.08)
            store.answers.clear()
            assert await guard.first_use("ehr", "c", NOW + 60)
            assert not guard.is_shared
            store.answers.set()

    asyncio.run(use())


def test_an_absurd_expiry_reaches_no_database(new_store: NewStore) -> None:
    """A token that lives for ever is noted like any other, and does not keep the store from the rest."""

    async def use() -> None:
        async with running(new_store()) as guard:
            assert await guard.first_use("ehr", "a", 1e300)
            assert not await guard.first_use("ehr", "a", 1e300)
            assert guard.is_shared

    asyncio.run(use())


@pytest.mark.usefixtures("quick_retry")
def test_what_expired_in_an_outage_is_not_written_any_more() -> None:
    """Only claims that still live are owed to the store."""
    store = StoreDouble()
    clock = SetClock()

    async def use() -> None:
        store.fails = True
        async with running(store, clock=clock) as guard:
            await guard.first_use("ehr", "short", NOW + 5)
            await guard.first_use("ehr", "long", NOW + 60)
            clock.now = NOW + 10
            await guard.first_use("ehr", "later", NOW + 60)
            store.fails = False
            await until(lambda: guard.is_shared)

    asyncio.run(use())

    assert len(store.noted) == 2


@pytest.mark.usefixtures("quick_retry")
def test_a_store_that_is_down_at_the_start_is_used_once_it_comes() -> None:
    """A worker starts without its store; the table is made when the store can be reached."""
    store = StoreDouble()
    store.fails = True

    async def use() -> None:
        async with running(store) as guard:
            assert not guard.is_shared
            assert await guard.first_use("ehr", "a", NOW + 60)
            store.fails = False
            await until(lambda: guard.is_shared)

    asyncio.run(use())

    assert store.schemas >= 2
    assert len(store.noted) == 1


def test_a_store_that_hangs_at_the_start_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker starts after a bounded wait, answers from memory, and uses the store when that has come round."""
    monkeypatch.setattr(replay, "_START_PATIENCE_S", 0.02)
    monkeypatch.setattr(replay, "_RETRY_EVERY_S", 0.01)
    store = StoreDouble()
    store.answers.clear()

    async def use() -> None:
        async with running(store) as guard:
            assert not guard.is_shared
            assert await guard.first_use("ehr", "a", NOW + 60)
            store.answers.set()
            await until(lambda: guard.is_shared)

    asyncio.run(use())

    assert len(store.noted) == 1


def test_a_caller_that_goes_away_disturbs_no_other() -> None:
    """A cancelled call leaves the others of its batch their answers, and its token is used up."""
    store = StoreDouble()

    async def use() -> None:
        async with running(store) as guard:
            store.answers.clear()
            calls = [asyncio.ensure_future(guard.first_use("ehr", jti, NOW + 60)) for jti in ("a", "b")]
            await until(lambda: len(store.batches) == 2)
            calls[0].cancel()
            store.answers.set()
            assert await calls[1]
            with contextlib.suppress(asyncio.CancelledError):
                await calls[0]
            assert not await guard.first_use("ehr", "a", NOW + 60)

    asyncio.run(use())


def test_close_writes_what_memory_let_through(tmp_path: Path) -> None:
    """A worker that stops just after an outage leaves its claims to the others."""
    file = tmp_path / "seen.sqlite3"
    tokens = [f"t{number}" for number in range(1_100)]

    async def use() -> list[bool]:
        with file_store(file) as store, file_store(file) as another_store:
            async with running(store) as guard:
                with closing(sqlite3.connect(file)) as other:
                    other.execute("BEGIN EXCLUSIVE")
                    for token in tokens:
                        assert await guard.first_use("ehr", token, NOW + 60)
            async with running(another_store) as another:
                return [await another.first_use("ehr", token, NOW + 60) for token in tokens]

    assert not any(asyncio.run(use()))


def test_close_gives_up_on_a_store_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop does not wait for ever, the calls that wait are answered, and memory answers afterwards."""
    monkeypatch.setattr(replay, "_CLOSE_PATIENCE_S", 0.05)
    store = StoreDouble()

    async def use() -> None:
        async with running(store) as guard:
            store.answers.clear()
            first = asyncio.ensure_future(guard.first_use("ehr", "a", NOW + 60))
            await until(lambda: len(store.batches) == 2)
            second = asyncio.ensure_future(guard.first_use("ehr", "b", NOW + 60))
            await asyncio.sleep(0)
            await guard.close()
            assert (await first, await second) == (True, True)
            assert await guard.first_use("ehr", "c", NOW + 60)
            assert not await guard.first_use("ehr", "c", NOW + 60)
            assert not guard.is_shared
            assert guard._thread is not None
        store.answers.set()
        guard._thread.join(timeout=30)

    asyncio.run(use())


def test_close_answers_the_calls_that_wait() -> None:
    """Calls that gather when the worker stops are still put to the store."""
    store = StoreDouble()

    async def use() -> None:
        async with running(store) as guard:
            store.answers.clear()
            first = asyncio.ensure_future(guard.first_use("ehr", "a", NOW + 60))
            await until(lambda: len(store.batches) == 2)
            second = asyncio.ensure_future(guard.first_use("ehr", "b", NOW + 60))
            await asyncio.sleep(0)
            stopping = asyncio.ensure_future(guard.close())
            await asyncio.sleep(0)
            store.answers.set()
            await stopping
            assert [await first, await second] == [True, True]

    asyncio.run(use())

    assert len(store.noted) == 2


def test_close_takes_along_the_call_that_has_just_come() -> None:
    """A call that came in the same turn of the loop as the stop is put to the store too."""
    store = StoreDouble()

    async def use() -> None:
        async with running(store) as guard:
            call = asyncio.ensure_future(guard.first_use("ehr", "a", NOW + 60))
            stopping = asyncio.ensure_future(guard.close())
            assert await call
            await stopping

    asyncio.run(use())

    assert len(store.noted) == 1


def test_a_guard_that_was_not_started_answers_from_memory() -> None:
    """Before its start a guard has no thread, and its close nothing to do."""

    async def use() -> list[bool]:
        guard = ReplayGuard(StoreDouble(), lambda: NOW)
        answers = [await guard.first_use("ehr", "a", NOW + 60) for _ in range(2)]
        await guard.close()
        return answers

    assert asyncio.run(use()) == [True, False]


def test_memory_holds_only_what_lives() -> None:
    """Expired tokens are dropped, each with the second in which it expired; one used anew stays."""
    memory = SeenTokens()
    assert memory.add(b"a", 10, now=0)
    assert memory.add(b"b", 12, now=0)
    assert memory.add(b"a", 20, now=11)

    assert memory.forget(11) == []
    assert not memory.add(b"a", 20, now=11)
    assert memory.forget(12) == [b"b"]
    assert memory.forget(20) == [b"a"]
    assert memory.forget(20) == []


def test_a_token_that_comes_expired_does_no_harm() -> None:
    """The token check refuses it before; were it not to, memory would drop it without a fault."""
    memory = SeenTokens()
    assert memory.add(b"a", 5, now=10)
    assert memory.add(b"a", 5, now=10)

    assert memory.forget(11) == [b"a"]
