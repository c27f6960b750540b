import asyncio
import logging
import re
from collections.abc import Callable

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from cds_service.hooks.correlation import CorrelationFilter, begin_correlation, correlation_id, end_correlation
from cds_service.hooks.last_resort import LastResort
from cds_service.hooks.responses import json_response
from fhir_fixtures import hook_call
from tests.conftest import SERVICE, InProcess

Ask = Callable[..., httpx.Response]

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
CALL = hook_call("nwl-gp-knee-mri-pain--redirect.json")

REQUESTS = [
    ("GET", "/cds-services", None, 200),
    ("POST", SERVICE, CALL, 200),
    ("POST", SERVICE, {}, 400),
    ("POST", SERVICE, hook_call("unresolved-region-knee-mri-pain--could-not-evaluate.json"), 412),
    ("POST", f"{SERVICE}/feedback", {}, 400),
    ("GET", SERVICE, None, 405),
    ("GET", "/nowhere", None, 404),
    ("GET", "/health/live", None, 200),
    ("GET", "/pathways/nwl", None, 200),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), REQUESTS)
def test_every_answer_bears_an_id_of_its_own(
    service: InProcess, method: str, path: str, body: object, status: int
) -> None:
    """Once, in a form that says nothing; the OperationOutcome bears the same."""
    answers = [service.send(method, path, json=body) for _ in range(2)]
    ids = [answer.headers["x-correlation-id"] for answer in answers]

    assert [answer.status_code for answer in answers] == [status] * 2
    assert all(UUID.fullmatch(one) for one in ids)
    assert len(set(ids)) == 2
    if status >= 400:
        assert [answer.json()["id"] for answer in answers] == ids


def test_an_id_that_a_client_sends_is_not_believed(service: InProcess, logged: list[str]) -> None:
    """It could be anybody's name."""
    answer = service.send("POST", SERVICE, json={}, headers={"X-Correlation-ID": "Test-adult"})

    assert UUID.fullmatch(answer.headers["x-correlation-id"])
    assert "Test-adult" not in answer.text + "\n".join(logged)


def test_there_is_no_id_outside_a_request(ask: Ask) -> None:
    """Nor is one left behind."""
    ask(LastResort(told), "GET", "/")

    assert correlation_id() is None


async def told(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers with the id it sees."""
    await asyncio.sleep(0)
    await json_response(correlation_id())(scope, receive, send)


def test_the_id_is_known_while_a_request_is_handled(ask: Ask) -> None:
    """In everything that is awaited for it."""
    answer = ask(LastResort(told), "GET", "/")

    assert answer.json() == answer.headers["x-correlation-id"]


def test_two_requests_at_once_do_not_mix_their_ids() -> None:
    """Each in the task that handles it."""

    async def both() -> list[bool]:
        transport = httpx.ASGITransport(LastResort(told))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            answers = await asyncio.gather(*(client.get("/") for _ in range(5)))
        return [answer.json() == answer.headers["x-correlation-id"] for answer in answers]

    assert asyncio.run(both()) == [True] * 5


def test_an_answer_made_once_and_sent_often_gets_one_id_each_time(ask: Ask) -> None:
    """The application's own list of headers is left as it is."""
    response = json_response({})
    app = LastResort(response)

    answers = [ask(app, "GET", "/") for _ in range(3)]

    assert [len(answer.headers.get_list("x-correlation-id")) for answer in answers] == [1, 1, 1]


@pytest.mark.parametrize(("identifier", "field"), [(None, "-"), ("an-id", "an-id")])
def test_every_log_record_bears_the_id(identifier: str | None, field: str) -> None:
    """A dash where no request is handled."""
    record = logging.makeLogRecord({"msg": "a line"})
    if identifier is None:
        kept = CorrelationFilter().filter(record)
    else:
        token = begin_correlation(identifier)
        kept = CorrelationFilter().filter(record)
        end_correlation(token)

    assert kept
    assert logging.Formatter("%(correlation_id)s").format(record) == field
