import asyncio
from collections.abc import MutableMapping
from typing import Any

import orjson
import pytest
from answers import NO_CARD, ONE_CARD
from bare_app import NO_CARD_PATH, ONE_CARD_PATH, app
from client import Load, Outcome, drive
from responder import Responder
from scenarios import SCENARIOS, Scenario, calls
from servers import Kind, path_for


def answered(method: str, path: str, *chunks: bytes) -> tuple[int, bytes]:
    """Status and body that the bare app gives to a request whose body arrives in `chunks`."""
    sent: list[MutableMapping[str, Any]] = []
    waiting = list(chunks)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app({"type": "http", "method": method, "path": path}, receive, send))
    start, body = sent
    assert dict(start["headers"])[b"content-length"] == b"%d" % len(body["body"])
    return start["status"], body["body"]


def test_the_bare_app_answers_by_path() -> None:
    """One path has a card, the other none, whatever is sent."""
    assert answered("POST", ONE_CARD_PATH, b"{}") == (200, ONE_CARD)
    assert answered("POST", NO_CARD_PATH, b"{}") == (200, NO_CARD)


def test_the_bare_app_reads_the_whole_body_and_parses_it() -> None:
    """A body in two pieces is one document; a broken one is not answered."""
    assert answered("POST", ONE_CARD_PATH, b'{"hook":', b'"order-sign"}') == (200, ONE_CARD)
    with pytest.raises(orjson.JSONDecodeError):
        answered("POST", ONE_CARD_PATH, b'{"hook":')


def test_the_bare_app_is_healthy() -> None:
    """The health check that waits for the service works for it as well."""
    assert answered("GET", "/health/live")[0] == 200


def test_the_constant_card_is_as_large_as_a_real_one() -> None:
    """One redirect card with its suggestion, of 4 to 5 kB, as the service answers now."""
    (card,) = orjson.loads(ONE_CARD)["cards"]

    assert card["indicator"] == "warning"
    assert [action["type"] for action in card["suggestions"][0]["actions"]] == ["create", "delete"]
    assert 4000 <= len(ONE_CARD) <= 5000


@pytest.mark.parametrize("scenario", Scenario)
def test_the_responder_gives_what_the_scenario_expects(scenario: Scenario) -> None:
    """Its fixed bytes pass the client's checks, so that only speed differs from the bare app."""

    async def load_responder() -> Outcome:
        loop = asyncio.get_running_loop()
        async with await loop.create_server(Responder, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            prepared = calls(scenario, path_for(Kind.RESPONDER, scenario))
            load = Load(port, prepared, SCENARIOS[scenario].marker, 3, seconds=5, max_requests=30)
            return await drive(load)

    outcome = asyncio.run(load_responder())

    assert outcome.answers == 30
    assert outcome.failures == 0
