"""Where all workers and replicas note the tokens that they have seen, so that none is taken a second time.

A row is 16 bytes of a hash, the moment at which the token stops being good, and a random number that the claims of one
statement have in common. No issuer, client or `jti` is kept (the claims: RFC 7519 §4.1.4 and §4.1.7).
With SQLite the rows live in a file of their own beside the card log, so that a claim never waits for the log's commits.
With PostgreSQL they live in the card log's database.

Neither a database URL (it may carry a password) nor a value reaches a message from here: a fault leaves as
`ReplayStoreUnavailable`, which names its kind only.
"""

import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Final

from sqlalchemy import BigInteger, Column, Engine, LargeBinary, MetaData, Table, create_engine, event, text
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.schema import CreateIndex, CreateTable

from cds_service.database_url import readable_url

# A worker waits for another's claims, which take a millisecond; whatever holds the file longer is a fault.
_BUSY_TIMEOUT_MS: Final = 250
_BUSY_PAUSE_S: Final = 0.02

_TIDY_EVERY_S: Final = 60
_TIDIED_AT_ONCE: Final = 500
# A replica whose clock is ahead must not drop what one behind still takes for good.
_KEPT_PAST_EXPIRY_S: Final = 300

# Any fixed number does that the card log does not use, so long as every process of the service takes the same lock.
_SCHEMA_LOCK: Final = 4_201_337_803

# No RETURNING: at each row fetched SQLite's driver gives the interpreter lock to the event loop, and a busy loop gives
# it back late. The number of rows written says that all claims were won, as nearly always; else `batch` says which.
# The hashes come as one run of bytes, since JSON has no bytes: the n-th expiry belongs to the n-th 16 of them.
_CLAIM_ON_SQLITE: Final = text(
    "INSERT INTO seen_token (token_hash, expires_at, batch)"
    " SELECT substr(:hashes, 16 * key + 1, 16), value, :batch FROM json_each(:expiries) WHERE true"
    " ON CONFLICT (token_hash) DO UPDATE SET expires_at = excluded.expires_at, batch = excluded.batch"
    " WHERE seen_token.expires_at <= :now AND excluded.expires_at > :now"
)
_CLAIM_ON_POSTGRESQL: Final = text(
    "INSERT INTO seen_token (token_hash, expires_at, batch)"
    " SELECT token_hash, expires_at, CAST(:batch AS bigint)"
    " FROM unnest(CAST(:hashes AS bytea[]), CAST(:expiries AS bigint[])) AS claim (token_hash, expires_at)"
    " ON CONFLICT (token_hash) DO UPDATE SET expires_at = excluded.expires_at, batch = excluded.batch"
    " WHERE seen_token.expires_at <= :now AND excluded.expires_at > :now"
)
_CLAIM_ONE: Final = (
    "INSERT INTO seen_token (token_hash, expires_at, batch) VALUES (?, ?, 0)"
    " ON CONFLICT (token_hash) DO UPDATE SET expires_at = excluded.expires_at, batch = excluded.batch"
    " WHERE seen_token.expires_at <= ? AND excluded.expires_at > ?"
)
_MOST_IN_THE_LOG: Final = 1000
_WON_ON_SQLITE: Final = text(
    "SELECT token_hash FROM seen_token WHERE batch = :batch"
    " AND token_hash IN (SELECT substr(:hashes, 16 * key + 1, 16) FROM json_each(:expiries))"
)
_WON_ON_POSTGRESQL: Final = text(
    "SELECT token_hash FROM seen_token WHERE batch = :batch AND token_hash = ANY(CAST(:hashes AS bytea[]))"
)
_TIDY_ON_SQLITE: Final = text(
    "DELETE FROM seen_token WHERE token_hash IN "
    "(SELECT token_hash FROM seen_token WHERE expires_at <= :before LIMIT :limit)"
)
# Rows that another replica is claiming or deleting are left to it: nobody waits, and no two can block each other.
_TIDY_ON_POSTGRESQL: Final = text(
    "DELETE FROM seen_token WHERE token_hash IN "
    "(SELECT token_hash FROM seen_token WHERE expires_at <= :before LIMIT :limit FOR UPDATE SKIP LOCKED)"
)


class ReplayStoreUnavailable(Exception):  # noqa: N818 - says what is the matter: ask again later
    """The store of seen tokens did not answer as asked; nothing, or all, of the call may have been noted.

    Attributes:
        kind: class of the driver's error and the database's own code for it, never its message.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(f"the store of seen tokens failed ({kind}); check that its database runs and can be written")
        self.kind = kind


def replay_database_url(card_log_url: str) -> str:
    """Where the seen tokens live when the card log lives at `card_log_url`.

    Args:
        card_log_url: the card log's database URL.

    Returns:
        A PostgreSQL URL as it came. For a SQLite file the file beside it whose name says `-seen-tokens`, with the
        query part as it came: `sqlite:///card-log.sqlite3` gives `sqlite:///card-log-seen-tokens.sqlite3`.

    Raises:
        ValueError: the URL cannot be read, or names no database that the service's processes can share.
    """
    url = readable_url(card_log_url)
    if url.get_backend_name() == "postgresql":
        return card_log_url
    card_log = PurePath(str(url.database))
    beside = card_log.with_name(f"{card_log.stem}-seen-tokens{card_log.suffix}")
    return url.set(database=str(beside)).render_as_string(hide_password=False)


class ReplayStore:
    """Notes tokens in a database that all workers share. Safe to use from several threads.

    On PostgreSQL the table is UNLOGGED: no claim waits for a sync to disk. A crash of the server, or a failover to a
    standby, empties it, which lets a token through again only within its own short life, and only in a worker that
    has not seen it itself. SQLite's `synchronous = NORMAL` can lose the last moments to a power cut for the same price.

    Args:
        database_url: as `replay_database_url` gives it. Nothing is connected until first use.
        clock: seconds since 1970 (UTC), as `time.time` gives them.

    Raises:
        ValueError: the URL cannot be read, or names no database that the service's processes can share.
        OSError: the folder of the SQLite file cannot be made.
    """

    def __init__(self, database_url: str, *, clock: Callable[[], float] = time.time) -> None:
        url = readable_url(database_url)
        self._clock = clock
        self._on_sqlite = url.get_backend_name() == "sqlite"
        self._table = _table(unlogged=not self._on_sqlite)
        self._engine = _sqlite_engine(url) if self._on_sqlite else _postgresql_engine(url)
        self._claim = _CLAIM_ON_SQLITE if self._on_sqlite else _CLAIM_ON_POSTGRESQL
        self._won = _WON_ON_SQLITE if self._on_sqlite else _WON_ON_POSTGRESQL
        self._tidy_away = _TIDY_ON_SQLITE if self._on_sqlite else _TIDY_ON_POSTGRESQL
        self._tidy_at = 0.0
        self._at_once: sqlite3.Connection | None = None
        self._not_brought_in = 0

    def __repr__(self) -> str:
        """Name the kind of database and nothing of its URL."""
        return f"ReplayStore(<{self._engine.dialect.name}>)"

    def create_schema(self) -> None:
        """Make the table and its index where they are missing; several processes may do so at once.

        Raises:
            ReplayStoreUnavailable: the database cannot be reached or refuses.
        """
        with self._connection() as connection:
            if self._on_sqlite:
                self._create_missing(connection)
                return
            with connection.execution_options(isolation_level="READ COMMITTED").begin():
                # IF NOT EXISTS alone does not keep two sessions of PostgreSQL from making a table at once.
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
                self._create_missing(connection)

    def claim(self, claims: Sequence[tuple[bytes, int]]) -> set[bytes]:
        """Note tokens as seen, each for the first caller only, whichever connection that comes by.

        The claims are made in one statement and are committed with it. Now and then some rows whose life is over
        are deleted before. An empty sequence asks the database nonetheless, and so tells whether it answers.

        Args:
            claims: hash of each token (16 bytes) and the second (since 1970) from which it is no longer good.

        Returns:
            The hashes that were noted before and are still alive: these tokens come a second time.

        Raises:
            ReplayStoreUnavailable: the database failed or did not answer in time.
        """
        # In one order everywhere: two replicas that hold overlapping batches could else wait for each other.
        batch = sorted(dict(claims).items())
        with self._connection() as connection:
            now = self._clock()
            if now >= self._tidy_at:
                self._tidy(connection, now)
            if self._not_brought_in >= _MOST_IN_THE_LOG:
                self._bring_in(connection)
            return self._seen_before(connection, batch, int(now))

    def claim_now(self, token_hash: bytes, expires_at: int) -> bool | None:
        """Note one token in a SQLite file at once: a write to its log, without a sync and without waiting for a lock.

        Belongs to one thread, that of the event loop; what it leaves in the log is brought into the file by `claim`.

        Args:
            token_hash: 16 bytes.
            expires_at: the second (since 1970) from which the token is no longer good.

        Returns:
            Whether it is the first use; None when another process writes at this moment, or the file fails: then
            `claim` waits, and says what is the matter.
        """
        now = int(self._clock())
        try:
            if self._at_once is None:
                self._at_once = self._opened_at_once()
            changed = self._at_once.execute(_CLAIM_ONE, (token_hash, expires_at, now, now)).rowcount
        except sqlite3.Error:
            return None
        self._not_brought_in += 1
        return changed == 1

    def _opened_at_once(self) -> sqlite3.Connection:
        connection = sqlite3.connect(str(self._engine.url.database), timeout=0, isolation_level=None)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")  # its sync would hold up the event loop
        return connection

    def _bring_in(self, connection: Connection) -> None:
        """Bring what was claimed at once from SQLite's log into its file, so that the log begins anew."""
        self._not_brought_in = 0
        connection.exec_driver_sql("PRAGMA wal_checkpoint(RESTART)")

    def dispose(self) -> None:
        """Close the connections. The store may be used again and then opens new ones."""
        if self._at_once is not None:
            self._at_once.close()
            self._at_once = None
        self._engine.dispose()

    def _create_missing(self, connection: Connection) -> None:
        connection.execute(CreateTable(self._table, if_not_exists=True))
        for index in self._table.indexes:
            connection.execute(CreateIndex(index, if_not_exists=True))

    def _seen_before(self, connection: Connection, batch: list[tuple[bytes, int]], now: int) -> set[bytes]:
        hashes = [token_hash for token_hash, _ in batch]
        values = self._values(hashes, [expiry for _, expiry in batch])
        values["batch"] = secrets.randbits(63)
        if connection.execute(self._claim, {**values, "now": now}).rowcount == len(batch):
            return set()
        return set(hashes).difference(connection.execute(self._won, values).scalars())

    def _values(self, hashes: list[bytes], expiries: list[int]) -> dict[str, object]:
        if self._on_sqlite:
            return {"hashes": b"".join(hashes), "expiries": f"[{','.join(map(str, expiries))}]"}
        return {"hashes": hashes, "expiries": expiries}

    def _tidy(self, connection: Connection, now: float) -> None:
        """Delete some of the rows whose life is over; while there are more, each claim takes its share."""
        limits = {"before": int(now) - _KEPT_PAST_EXPIRY_S, "limit": _TIDIED_AT_ONCE}
        deleted = connection.execute(self._tidy_away, limits).rowcount
        if deleted < _TIDIED_AT_ONCE:
            self._tidy_at = now + _TIDY_EVERY_S

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            # The driver's message may quote a value; without "from None" a traceback would show it.
            raise ReplayStoreUnavailable(_kind(error)) from None


def _table(*, unlogged: bool) -> Table:
    return Table(
        "seen_token",
        MetaData(),
        Column("token_hash", LargeBinary, primary_key=True),
        Column("expires_at", BigInteger, nullable=False),
        Column("batch", BigInteger, nullable=False),
        prefixes=["UNLOGGED"] if unlogged else [],
        sqlite_with_rowid=False,
    )


def _kind(error: SQLAlchemyError) -> str:
    driver_error = error.orig if isinstance(error, DBAPIError) else None
    if driver_error is None:
        return type(error).__name__
    code = getattr(driver_error, "sqlstate", None) or getattr(driver_error, "sqlite_errorname", None)
    return f"{type(driver_error).__name__} {code}" if code else type(driver_error).__name__


def _sqlite_engine(url: URL) -> Engine:
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, hide_parameters=True, isolation_level="AUTOCOMMIT")

    @event.listens_for(engine, "connect")
    def _make_fast(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        _keep_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous = NORMAL")

    return engine


def _keep_write_ahead_log(connection: sqlite3.Connection) -> None:
    # SQLite answers "busy" at once to the second of two processes that switch a new file; the file keeps the mode.
    give_up_at = time.monotonic() + _BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(_BUSY_PAUSE_S)
        else:
            return


def _postgresql_engine(url: URL) -> Engine:
    # Imported where it is needed: the PostgreSQL driver costs a SQLite deployment part of its start.
    from cds_service.security.replay_postgresql import bounded_engine  # noqa: PLC0415 - see above

    return bounded_engine(url)
