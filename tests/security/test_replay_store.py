import os
import signal
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from cds_service.security import replay_postgresql
from cds_service.security.replay_store import ReplayStore, ReplayStoreUnavailable, replay_database_url

NewStore = Callable[..., ReplayStore]


def a_hash(number: int) -> bytes:
    """A token's hash."""
    return number.to_bytes(16, "big")


def count_rows(url: str) -> int:
    """Rows of the table, asked beside the store."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT count(*) FROM seen_token")).scalar_one()
    engine.dispose()
    return int(rows)


@contextmanager
def closing_store(url: str) -> Iterator[ReplayStore]:
    """A store that is disposed of at the end of the block."""
    store = ReplayStore(url)
    try:
        yield store
    finally:
        store.dispose()


class SetClock:
    """A clock that stands until it is set."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.now


def test_a_token_is_new_once(new_store: NewStore) -> None:
    """The first claim wins; each later one is told that the token was seen."""
    store = new_store()
    store.create_schema()

    assert store.claim([(a_hash(1), 2_000)]) == set()
    assert store.claim([(a_hash(1), 2_000)]) == {a_hash(1)}


def test_a_batch_names_exactly_the_tokens_seen_before(new_store: NewStore) -> None:
    """Of a batch, those noted before are named, and the others are noted."""
    store = new_store()
    store.create_schema()
    store.claim([(a_hash(2), 2_000), (a_hash(4), 2_000)])

    assert store.claim([(a_hash(number), 2_000) for number in range(5)]) == {a_hash(2), a_hash(4)}
    assert store.claim([(a_hash(number), 2_000) for number in range(5)]) == {a_hash(number) for number in range(5)}


def test_another_worker_and_a_restart_know_the_token(new_store: NewStore) -> None:
    """What one store notes, another on the same database knows, also after the first is gone."""
    first = new_store()
    first.create_schema()
    first.claim([(a_hash(1), 2_000)])
    second = new_store()

    assert second.claim([(a_hash(1), 2_000)]) == {a_hash(1)}
    first.dispose()
    assert new_store().claim([(a_hash(1), 2_000)]) == {a_hash(1)}


def test_an_expired_row_may_be_claimed_anew(new_store: NewStore) -> None:
    """A token is alive until its last second, and from then on its row is free; a living one keeps its expiry."""
    clock = SetClock(1_000)
    store = new_store(clock)
    store.create_schema()
    store.claim([(a_hash(1), 1_010)])

    clock.now = 1_009.9
    assert store.claim([(a_hash(1), 1_500)]) == {a_hash(1)}
    clock.now = 1_010
    assert store.claim([(a_hash(1), 1_020)]) == set()
    assert store.claim([(a_hash(1), 1_020)]) == {a_hash(1)}


def test_an_empty_batch_asks_the_database(new_store: NewStore) -> None:
    """Without claims the store still finds out whether its table can be written."""
    store = new_store()

    with pytest.raises(ReplayStoreUnavailable):
        store.claim([])
    store.create_schema()
    assert store.claim([]) == set()


def test_of_connections_that_claim_at_the_same_moment_exactly_one_wins(new_store: NewStore) -> None:
    """Four workers claim the same tokens, each in its own order, all at once: each token has one winner."""
    workers = 4
    stores = [new_store() for _ in range(workers)]
    stores[0].create_schema()
    batches = [[(a_hash(100 * turn + number), 2_000) for number in range(50)] for turn in range(20)]
    together = threading.Barrier(workers)

    def claim_all(worker: int) -> list[bytes]:
        won: list[bytes] = []
        for batch in batches:
            together.wait(timeout=30)
            seen = stores[worker].claim(batch if worker % 2 else batch[::-1])
            won += [token_hash for token_hash, _ in batch if token_hash not in seen]
        return won

    with ThreadPoolExecutor(workers) as threads:
        winners = [token_hash for won in threads.map(claim_all, range(workers)) for token_hash in won]

    assert sorted(winners) == sorted(token_hash for batch in batches for token_hash, _ in batch)


def test_one_store_serves_several_threads(new_store: NewStore) -> None:
    """Claims of different tokens through one store do not disturb each other."""
    store = new_store()
    store.create_schema()

    with ThreadPoolExecutor(3) as threads:
        seen = list(threads.map(lambda number: store.claim([(a_hash(number), 2_000)]), range(60)))

    assert seen == [set()] * 60


def test_workers_that_start_together_make_one_table(new_store: NewStore) -> None:
    """The schema may be made by several workers at once, and again later."""
    stores = [new_store() for _ in range(4)]
    together = threading.Barrier(4)

    def make(store: ReplayStore) -> None:
        together.wait(timeout=30)
        store.create_schema()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(make, stores))

    stores[0].create_schema()
    assert stores[0].claim([(a_hash(1), 2_000)]) == set()


def test_rows_are_deleted_some_time_after_their_life(new_store: NewStore, replay_url: str) -> None:
    """Claims delete what expired over five minutes ago, a bounded number each, until none is left."""
    clock = SetClock(1_000)
    store = new_store(clock)
    store.create_schema()
    store.claim([(a_hash(number), 1_100) for number in range(1_200)])

    clock.now = 1_399
    store.claim([(a_hash(5_000), 9_000)])
    assert count_rows(replay_url) == 1_201
    clock.now = 1_460
    left = []
    for number in range(4):
        store.claim([(a_hash(6_000 + number), 9_000)])
        left.append(count_rows(replay_url))
    assert left == [702, 203, 4, 5]


def test_rows_are_looked_through_once_a_minute(new_store: NewStore, replay_url: str) -> None:
    """After everything expired is gone, the next minute's claims delete nothing."""
    clock = SetClock(1_000)
    store = new_store(clock)
    store.create_schema()
    store.claim([(a_hash(1), 699)])

    clock.now = 1_059
    store.claim([(a_hash(2), 2_000)])
    assert count_rows(replay_url) == 2
    clock.now = 1_060
    store.claim([(a_hash(3), 2_000)])
    assert count_rows(replay_url) == 2


def test_on_postgresql_the_table_is_unlogged(postgresql_server: Callable[[], str]) -> None:
    """No claim waits for PostgreSQL's write-ahead log."""
    url = postgresql_server()
    with closing_store(url) as store:
        store.create_schema()
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        kind = connection.execute(text("SELECT relpersistence FROM pg_class WHERE relname = 'seen_token'")).scalar_one()
    engine.dispose()

    assert kind == "u"


def test_on_sqlite_the_file_is_in_wal_mode(tmp_path: Path) -> None:
    """Claims append to a log of their own; the folder is made when it is missing."""
    file = tmp_path / "new" / "seen.sqlite3"
    with closing_store(f"sqlite:///{file}") as store:
        store.create_schema()
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_locked_file_is_unavailable_and_names_no_data(tmp_path: Path) -> None:
    """Another connection's lock makes a claim fail soon, with an error that tells neither path nor hash."""
    file = tmp_path / "seen.sqlite3"
    with closing_store(f"sqlite:///{file}") as store:
        store.create_schema()
        with closing(sqlite3.connect(file)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(ReplayStoreUnavailable) as caught:
                store.claim([(b"marked-as-secret", 2_000)])
        assert store.claim([(b"marked-as-secret", 4_000_000_000)]) == set()

    assert str(caught.value) == (
        "the store of seen tokens failed (OperationalError SQLITE_BUSY); "
        "check that its database runs and can be written"
    )
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_new_file_that_another_process_holds_is_unavailable(tmp_path: Path) -> None:
    """A file that cannot be switched to write-ahead logging in time is given up, and tried anew at the next use."""
    file = tmp_path / "seen.sqlite3"
    with closing_store(f"sqlite:///{file}") as store:
        with closing(sqlite3.connect(file)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(ReplayStoreUnavailable) as caught:
                store.create_schema()
        store.create_schema()

    assert caught.value.kind == "OperationalError SQLITE_BUSY"


def test_a_claim_does_not_wait_for_a_connection_for_ever(
    postgresql_server: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When all connections of a store are taken, a further claim fails soon."""
    monkeypatch.setattr(replay_postgresql, "_POOL_TIMEOUT_S", 0.01)
    with closing_store(postgresql_server()) as store, ExitStack() as taken:
        for _ in range(3):
            taken.enter_context(store._engine.connect())
        with pytest.raises(ReplayStoreUnavailable) as caught:
            store.claim([])

    assert caught.value.kind == "TimeoutError"


@pytest.fixture
def silent_server() -> Iterator[int]:
    """The port of a server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_server_that_never_answers_is_unavailable(silent_server: int) -> None:
    """An attempt to connect is given up after two seconds; its error holds nothing of the URL."""
    with (
        closing_store(f"postgresql://reader:marked@127.0.0.1:{silent_server}/seen") as store,
        pytest.raises(ReplayStoreUnavailable) as caught,
    ):
        store.claim([(a_hash(1), 2_000)])

    assert caught.value.kind == "ConnectionTimeout"
    assert "marked" not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)


def test_a_statement_that_takes_too_long_is_broken_off(postgresql_server: Callable[[], str]) -> None:
    """A row that another transaction holds keeps a claim waiting for a second, not longer."""
    url = postgresql_server()
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with closing_store(url) as store:
        store.create_schema()
        with engine.connect() as other:
            other.execute(text("INSERT INTO seen_token VALUES (:hash, 2000, 1)"), {"hash": a_hash(1)})
            with pytest.raises(ReplayStoreUnavailable) as caught:
                store.claim([(a_hash(1), 2_000)])
    engine.dispose()

    assert caught.value.kind == "QueryCanceled 57014"


def test_a_server_that_falls_silent_is_given_up(postgresql_server: Callable[[], str]) -> None:
    """When the server's process stands still in mid-connection, a claim fails; the next one connects anew."""
    url = postgresql_server()
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with closing_store(url) as store:
        store.create_schema()
        with engine.connect() as other:
            backend = other.execute(
                text(
                    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    " AND backend_type = 'client backend'"
                )
            ).scalar_one()
        os.kill(backend, signal.SIGSTOP)
        try:
            with pytest.raises(ReplayStoreUnavailable) as caught:
                store.claim([(a_hash(1), 4_000_000_000)])
            assert store.claim([(a_hash(2), 4_000_000_000)]) == set()
        finally:
            os.kill(backend, signal.SIGCONT)
    engine.dispose()

    assert caught.value.kind == "OperationalError"


@pytest.mark.parametrize(
    ("card_log", "expected"),
    [
        ("sqlite:///card-log.sqlite3", "sqlite:///card-log-seen-tokens.sqlite3"),
        ("sqlite:////var/lib/cds/card-log.sqlite3", "sqlite:////var/lib/cds/card-log-seen-tokens.sqlite3"),
        ("sqlite+pysqlite:///card-log.db", "sqlite+pysqlite:///card-log-seen-tokens.db"),
        ("sqlite:///log", "sqlite:///log-seen-tokens"),
        ("sqlite:///.hidden", "sqlite:///.hidden-seen-tokens"),
        ("sqlite:///v1.2/card.log.db", "sqlite:///v1.2/card.log-seen-tokens.db"),
        ("sqlite:///card-log.sqlite3?timeout=5", "sqlite:///card-log-seen-tokens.sqlite3?timeout=5"),
        ("postgresql://reader:p%40ss@db.example.org/cds?sslmode=require", None),
        ("postgres://reader@db.example.org/cds", None),
    ],
)
def test_seen_tokens_live_beside_the_card_log(card_log: str, expected: str | None) -> None:
    """A SQLite card log has a file of tokens beside it; PostgreSQL holds both."""
    assert replay_database_url(card_log) == (expected or card_log)


@pytest.mark.parametrize("name", ["a b.db", "a%20b#c.db", "Größe?.db", "a%3Fb.db"])
def test_odd_file_names_survive(tmp_path: Path, name: str) -> None:
    """Whatever SQLAlchemy makes of a name, the tokens' file stands beside the card log's."""
    card_log = f"sqlite:///{tmp_path}/{name}"
    url = make_url(replay_database_url(card_log))

    read = Path(str(make_url(card_log).database))
    assert Path(str(url.database)) == read.with_name(f"{read.stem}-seen-tokens{read.suffix}")
    assert url.query == make_url(card_log).query


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("sqlite://", "the service needs a file on disk"),
        ("sqlite:///:memory:", "the service needs a file on disk"),
        ("sqlite:///file:seen?mode=memory&uri=true", "the service needs a file on disk"),
        ("mysql://reader:marked@db.example.org/cds", "the service does not speak 'mysql'"),
        ("no url, marked", "cannot be read"),
    ],
)
def test_a_url_that_cannot_be_shared_is_refused(url: str, problem: str) -> None:
    """The message says what to give instead, and nothing of the URL."""
    for use in (replay_database_url, ReplayStore):
        with pytest.raises(ValueError, match=problem) as caught:
            use(url)
        assert "give sqlite:///FILE" in str(caught.value)
        assert "marked" not in str(caught.value)


def test_a_store_shows_its_kind_only() -> None:
    """A store in a traceback or log tells no password."""
    with closing_store("postgresql://reader:marked@db.example.org/cds") as store:
        assert repr(store) == "ReplayStore(<postgresql>)"


HASH = b"0123456789abcdef"


def test_a_file_takes_a_claim_at_once(tmp_path: Path) -> None:
    """The first use and no other, whichever way the next claim comes."""
    store = ReplayStore(f"sqlite:///{tmp_path / 'seen.sqlite3'}", clock=lambda: 1_000.0)
    store.create_schema()

    uses = [store.claim_now(HASH, 1_300), store.claim_now(HASH, 1_300)]
    by_batch = store.claim([(HASH, 1_300)])
    store.dispose()

    assert (uses, by_batch) == ([True, False], {HASH})


def test_a_claim_at_once_sees_what_another_process_claimed(tmp_path: Path) -> None:
    """Two stores on one file stand for two workers."""
    stores = [ReplayStore(f"sqlite:///{tmp_path / 'seen.sqlite3'}", clock=lambda: 1_000.0) for _ in range(2)]
    stores[0].create_schema()

    uses = [store.claim_now(HASH, 1_300) for store in stores]
    for store in stores:
        store.dispose()

    assert uses == [True, False]


def test_a_token_is_claimed_anew_once_its_life_is_over(tmp_path: Path) -> None:
    """But not with a life that is over itself."""
    now = [1_000.0]
    store = ReplayStore(f"sqlite:///{tmp_path / 'seen.sqlite3'}", clock=lambda: now[0])
    store.create_schema()
    store.claim_now(HASH, 1_100)
    now[0] = 1_100.0

    uses = [store.claim_now(HASH, 1_100), store.claim_now(HASH, 1_400)]
    store.dispose()

    assert uses == [False, True]


def test_a_file_that_another_process_writes_is_not_waited_for(tmp_path: Path) -> None:
    """The event loop goes on; the claim is made by the thread, which waits."""
    path = tmp_path / "seen.sqlite3"
    store = ReplayStore(f"sqlite:///{path}", clock=lambda: 1_000.0)
    store.create_schema()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    while_locked = store.claim_now(HASH, 1_300)
    other.execute("COMMIT")
    afterwards = store.claim_now(HASH, 1_300)
    other.close()
    store.dispose()

    assert (while_locked, afterwards) == (None, True)


def test_a_file_without_its_table_takes_no_claim_at_once(tmp_path: Path) -> None:
    """The thread makes it, or says what is the matter."""
    store = ReplayStore(f"sqlite:///{tmp_path / 'seen.sqlite3'}", clock=lambda: 1_000.0)

    claimed = store.claim_now(HASH, 1_300)
    store.dispose()

    assert claimed is None


def test_what_was_claimed_at_once_is_brought_into_the_file(tmp_path: Path) -> None:
    """So that SQLite's log does not grow with every call for ever."""
    path = tmp_path / "seen.sqlite3"
    store = ReplayStore(f"sqlite:///{path}", clock=lambda: 1_000.0)
    store.create_schema()
    log = path.with_name(f"{path.name}-wal")

    def claim_many(number: int) -> None:
        for count in range(1_500):
            store.claim_now(number.to_bytes(8, "big") + count.to_bytes(8, "big"), 1_300)
        store.claim([])

    claim_many(1)
    size = log.stat().st_size
    for number in range(2, 6):
        claim_many(number)
    grown = log.stat().st_size
    store.dispose()

    assert grown <= 2 * size
