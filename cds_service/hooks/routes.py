"""The routes of CDS Hooks: discovery, the service call and feedback.

The call is an ASGI endpoint under a plain Starlette route: a clinician waits for it, and a framework's own request
handling costs more than reading the facts does. Its OpenAPI description is written by hand in `openapi.py`.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from cds_service.cardlog.card_log import CardLogUnavailable, EvaluationLog
from cds_service.cardlog.events import CallRecord
from cds_service.hooks.answers import Call, Responder
from cds_service.hooks.discovery import DISCOVERY, SERVICE_ID
from cds_service.hooks.log_events import CallLogger, Moment, Sent, feedback_events
from cds_service.hooks.metrics import count_feedback, observe_call
from cds_service.hooks.responses import json_response, outcome_response, read_body
from cds_service.london_time import london_day_and_hour
from cds_service.protocol.feedback import parse_feedback
from cds_service.protocol.hook_request import HookRequest, parse_hook_request
from cds_service.protocol.json_body import parse_object
from cds_service.protocol.operation_outcome import Issue, IssueType, ProtocolError
from cds_service.security.clients import Client
from cds_service.security.door import Door
from cds_service.security.refusals import CallerRefusedError

Clock = Callable[[], datetime]
"""The aware time now; tests hand in a fixed one."""


SERVICE_PATH = f"/cds-services/{SERVICE_ID}"
FEEDBACK_PATH = f"{SERVICE_PATH}/feedback"
DISCOVERY_PATH = "/cds-services"


class Completer(Protocol):
    """Reads from an EHR's FHIR server what prefetch lacks."""

    async def complete(self, call: Call, request: HookRequest, client: Client) -> Call:
        """The call with what came; what did not come stays unknown."""


class ServiceCall:
    """`POST /cds-services/msk-imaging-pathway`: cards, or an OperationOutcome.

    Args:
        responder: answers calls.
        call_logger: writes what was answered into the card log.
        door: lets callers in.
        completer: reads what prefetch lacks; None where nothing is ever read.
        clock: the aware time now.
    """

    def __init__(
        self,
        responder: Responder,
        call_logger: CallLogger,
        door: Door,
        completer: Completer | None,
        clock: Clock,
    ) -> None:
        self._responder = responder
        self._call_logger = call_logger
        self._door = door
        self._completer = completer
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            response, record = await self._answer(scope, receive)
        except ProtocolError as error:
            response, record = outcome_response(error), None
        if record is not None:
            await self._call_logger.keep(record)
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[Response, CallRecord | None]:
        """What the client gets, and what the log keeps before it does.

        Both are all that is left of a call while it waits for the log: holding on to the parsed bodies of all the calls
        that wait would cost as much again as answering them.
        """
        started = time.perf_counter()
        _check_address(scope)
        client = await _admitted(self._door, scope, SERVICE_PATH)
        hook_request = parse_hook_request(parse_object(await read_body(scope, receive)))
        today, hour = london_day_and_hour(self._clock())
        call = self._responder.select(hook_request, client)
        if self._completer is not None and call.selection.orders:
            call = await self._completer.complete(call, hook_request, client)
        answer = self._responder.answer(call, client, today)
        elapsed = time.perf_counter() - started
        hook = hook_request.hook
        moment = Moment(today, hour, hook, client.id, round(elapsed * 1000))
        self._call_logger.count(call, answer, moment)
        record = self._call_logger.record_of(call, answer, moment)
        observe_call(hook, answer, elapsed)
        if answer.refusal is not None:
            return outcome_response(answer.refusal), record
        return json_response({"cards": answer.cards}), record


class FeedbackCall:
    """`POST /cds-services/msk-imaging-pathway/feedback`: 200 once it is stored.

    Feedback sent to the address of another service is stored too, with that address, and answered 404.

    Args:
        card_log: where feedback goes.
        door: lets callers in.
        clock: the aware time now.
    """

    def __init__(self, card_log: EvaluationLog, door: Door, clock: Clock) -> None:
        self._card_log = card_log
        self._door = door
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            response = await self._store(scope, receive)
        except ProtocolError as error:
            response = outcome_response(error)
        await response(scope, receive, send)

    async def _store(self, scope: Scope, receive: Receive) -> Response:
        _check_method(scope)
        if scope["path_params"]["service_id"] != SERVICE_ID:
            with suppress(ProtocolError):  # whatever else is wrong with it, it came to the wrong address
                await self._keep(scope, receive, "other")  # an address may hold anything, a patient's number too
            raise _no_such_service()
        await self._keep(scope, receive, SERVICE_ID)
        return json_response({})

    async def _keep(self, scope: Scope, receive: Receive, service_id: str) -> None:
        """Store what was sent, once the caller is let in.

        Raises:
            ProtocolError: the caller is not let in, the body is no feedback, or it cannot be stored now (503).
        """
        client = await _admitted(self._door, scope, FEEDBACK_PATH)
        entries = parse_feedback(parse_object(await read_body(scope, receive)))
        sent = Sent(*london_day_and_hour(self._clock()), client.id, service_id)
        try:
            await self._card_log.store_feedback(feedback_events(entries, sent))
        except CardLogUnavailable:
            text = "The feedback could not be stored now. Send it again later."
            raise ProtocolError(503, [Issue("transient", text)]) from None
        count_feedback(entries)


class Discovery:
    """`GET /cds-services`: open to everyone, but a token that is sent must be a good one.

    Args:
        door: lets callers in.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            response = await self._answer(scope)
        except ProtocolError as error:
            response = outcome_response(error)
        await response(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response:
        if scope["method"] not in {"GET", "HEAD"}:
            raise ProtocolError(405, [Issue("not-supported", "Send a GET.")], {"Allow": "GET, HEAD"})
        if any(name == b"authorization" for name, _ in scope["headers"]):
            await _admitted(self._door, scope, DISCOVERY_PATH)
        return json_response(DISCOVERY)


class ShortWay:
    """Takes a hook call straight to its endpoint: matching it against routes would cost a fiftieth of its time.

    Args:
        service_call: where hook calls go.
        router: where everything else goes.
    """

    def __init__(self, service_call: ServiceCall, router: ASGIApp) -> None:
        self._service_call = service_call
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] == "http" and scope["path"] == SERVICE_PATH:
            scope["path_params"] = {"service_id": SERVICE_ID}
            await self._service_call(scope, receive, send)
        else:
            await self._router(scope, receive, send)


def hook_routes(service_call: ServiceCall, feedback_call: FeedbackCall, discovery: Discovery) -> list[Route]:
    """The three routes, the busiest first."""
    return [
        Route("/cds-services/{service_id}", service_call),
        Route("/cds-services/{service_id}/feedback", feedback_call),
        Route(DISCOVERY_PATH, discovery),
    ]


async def _admitted(door: Door, scope: Scope, path: str) -> Client:
    """The client that calls.

    Raises:
        ProtocolError: it is not let in.
    """
    try:
        return await door.admit(scope["headers"], path)
    except CallerRefusedError as error:
        issue = Issue(_ISSUE_OF_REFUSAL[error.status], error.advice)
        raise ProtocolError(error.status, [issue], error.headers) from None


_ISSUE_OF_REFUSAL: dict[int, IssueType] = {401: "login", 403: "forbidden", 429: "throttled", 503: "transient"}


def _check_address(scope: Scope) -> None:
    if scope["path_params"]["service_id"] != SERVICE_ID:
        raise _no_such_service()
    _check_method(scope)


def _no_such_service() -> ProtocolError:
    text = f"No such service. The service here is '{SERVICE_ID}'; GET /cds-services lists it."
    return ProtocolError(404, [Issue("not-found", text)])


def _check_method(scope: Scope) -> None:
    if scope["method"] != "POST":
        raise ProtocolError(405, [Issue("not-supported", "Send a POST.")], {"Allow": "POST"})
