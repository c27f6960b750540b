import asyncio
import importlib
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from answers import ONE_CARD
from bare_app import Message, Receive, Send
from mint import make_trust
from servers import DEMO_CONFIGURATION
from trust import AUDIENCE, ISSUER, JWKS_VARIABLE, Algorithm, Trust

from cds_service.security.minting import SigningKey

MODULE = "bare_app_with_tokens"

App = Callable[[Message, Receive, Send], Awaitable[None]]


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    """The keys of a run."""
    return make_trust(tmp_path_factory.mktemp("trust") / "new", DEMO_CONFIGURATION)


@pytest.fixture
def app(trust: Trust, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """The application, which reads its keys when it is imported."""
    monkeypatch.setenv(JWKS_VARIABLE, str(trust.jwks))
    yield cast("App", importlib.import_module(MODULE).app)
    del sys.modules[MODULE]


def status_of(app: App, algorithm: Algorithm, token: str | None) -> int:
    """How a call with this token, or none, is answered."""
    sent: list[Message] = []
    headers = [] if token is None else [(b"authorization", b"Bearer " + token.encode())]
    scope: Message = {"method": "POST", "path": f"/cds-services/one-card-pathway/{algorithm}", "headers": headers}

    async def receive() -> Message:
        return {"type": "http.request", "body": b"{}"}

    async def send(message: Message) -> None:
        sent.append(message)

    async def call() -> None:
        await app(scope, receive, send)

    asyncio.run(call())
    start, body = sent
    assert (body["body"] == ONE_CARD) == (start["status"] == 200)
    return int(start["status"])


def token(key: Path, algorithm: Algorithm, *, audience: str = AUDIENCE, life: int = 300) -> str:
    """A token signed with the key of this file."""
    return SigningKey.read(key, algorithm.value).token(ISSUER, audience, life=life)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_good_token_is_taken_once(app: App, trust: Trust, algorithm: Algorithm) -> None:
    """The card comes with it; the same token again is refused."""
    signed = token(trust.private_key(algorithm), algorithm)

    assert [status_of(app, algorithm, signed) for _ in range(2)] == [200, 401]


def test_no_token_and_bad_tokens_are_refused(app: App, trust: Trust, tmp_path: Path) -> None:
    """The same verification as the service's: signature, algorithm, audience and time."""
    own, other = trust.private_key(Algorithm.ES384), tmp_path / "other.pem"
    SigningKey.made("ES384").save(other)

    refused = [
        None,
        token(other, Algorithm.ES384),
        token(trust.private_key(Algorithm.RS384), Algorithm.RS384),
        token(own, Algorithm.ES384, audience="https://elsewhere.example.org"),
        token(own, Algorithm.ES384, life=-1),
    ]

    assert [status_of(app, Algorithm.ES384, each) for each in refused] == [401] * len(refused)
