import asyncio
import io
import logging
from collections.abc import Callable

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

import cds_service.hooks.answers
from cds_service.hooks.browsers import BrowserAccess
from cds_service.hooks.correlation import CorrelationFilter
from cds_service.hooks.last_resort import LastResort
from fhir_fixtures import hook_call
from tests.conftest import SERVICE, InProcess

Ask = Callable[..., httpx.Response]

SECRET = "Test-adult 9990000018"  # noqa: S105 - a marker of the fixtures, not a password


class WrongValueError(Exception):
    """What a defect may raise, with somebody's data in its words."""


async def defective(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - ASGI's signature
    """An application that fails at once, for a reason of its own."""
    raise WrongValueError(SECRET) from KeyError(SECRET)


async def defective_half_way(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - ASGI's signature
    """An application that fails when the answer has begun."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    raise WrongValueError(SECRET)


def test_a_defect_is_answered_with_an_outcome(ask: Ask) -> None:
    """500 that says that the pathway was not evaluated; nothing of the exception is told."""
    response = ask(LastResort(defective), "GET", "/")

    outcome = response.json()
    assert response.status_code == 500
    assert outcome["resourceType"] == "OperationOutcome"
    assert "not evaluated" in outcome["issue"][0]["diagnostics"]
    assert SECRET not in response.text


def test_a_defect_is_logged_by_class_and_place(ask: Ask, logged: list[str]) -> None:
    """Enough to find it, and no word of its message, nor of the exception behind it."""
    ask(LastResort(defective), "GET", "/")

    (line,) = [line for line in logged if line.startswith("cds_service.hooks.last_resort")]
    assert "ERROR WrongValueError in defective (" in line
    assert "test_last_resort.py:" in line
    assert SECRET not in "\n".join(logged)


def test_answer_outcome_and_log_line_of_a_defect_bear_one_id(ask: Ask) -> None:
    """So that a vendor can ask about one call."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(CorrelationFilter())
    handler.setFormatter(logging.Formatter("%(correlation_id)s"))
    logging.getLogger("cds_service").addHandler(handler)

    response = ask(LastResort(defective), "GET", "/")

    logging.getLogger("cds_service").removeHandler(handler)
    identifier = response.headers["x-correlation-id"]
    assert response.json()["id"] == identifier
    assert set(written.getvalue().split()) == {identifier}


def test_a_defect_after_the_answer_began_is_only_logged(logged: list[str]) -> None:
    """A second answer cannot be sent; the server breaks the connection off, so that half is not taken for all."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    asyncio.run(LastResort(defective_half_way)({"type": "http"}, receive, send))

    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert any("WrongValueError" in line for line in logged)


def test_a_browser_may_read_the_outcome_of_a_defect(ask: Ask) -> None:
    """CORS stands outside the last resort."""
    response = ask(BrowserAccess(LastResort(defective), ["*"]), "GET", "/", headers={"Origin": "https://x.example"})

    assert response.status_code == 500
    assert response.headers["access-control-allow-origin"] == "*"


def test_a_defect_in_the_middle_of_a_call_tells_nothing_of_the_call(
    service: InProcess, monkeypatch: pytest.MonkeyPatch, logged: list[str]
) -> None:
    """The whole service, with a rule that fails over a patient's data."""

    def failing(facts: object, pathway: object, today: object) -> None:  # noqa: ARG001 - the signature of `decide`
        raise WrongValueError(SECRET)

    monkeypatch.setattr(cds_service.hooks.answers, "decide", failing)

    response = service.call(hook_call("nwl-gp-knee-mri-pain--redirect.json"))

    assert response.status_code == 500
    assert response.json()["resourceType"] == "OperationOutcome"
    assert SECRET not in response.text
    assert any("WrongValueError in failing (" in line for line in logged)


def test_a_defect_of_a_page_is_answered_with_an_outcome_too(
    service: InProcess, monkeypatch: pytest.MonkeyPatch, logged: list[str]
) -> None:
    """Every error of the service has one shape."""

    def failing() -> bytes:
        raise WrongValueError(SECRET)

    monkeypatch.setattr("cds_service.hooks.health.generate_latest", failing)

    response = service.send("GET", "/metrics")

    assert response.status_code == 500
    assert SECRET not in "\n".join(logged)
    assert response.headers["content-type"] == "application/json"
    assert response.json()["resourceType"] == "OperationOutcome"


def test_a_call_after_a_defect_is_answered_as_ever(service: InProcess) -> None:
    """Nothing is left broken."""
    assert service.send("POST", SERVICE, json=hook_call("nwl-gp-knee-mri-pain--redirect.json")).status_code == 200
