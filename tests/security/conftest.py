"""Stores of seen tokens in databases of each kind, and keys that are made once for a session."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from cds_service.security.client_token import ClientToken, check_claims, check_signature
from cds_service.security.clients import Algorithm, Client
from cds_service.security.jwks import PublicKey
from cds_service.security.minting import SigningKey
from cds_service.security.replay_store import ReplayStore


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
