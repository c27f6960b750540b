"""The routes of CDS Hooks: discovery, the service call and feedback.

They are plain Starlette routes: a clinician waits for the call, and FastAPI's own routes cost half of its budget.
Their OpenAPI description is written by hand in `openapi.py`.
"""

import time
from collections.abc import Callable
from datetime import date, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cds_service.cardlog.events import FeedbackEvent, FeedbackOutcome, london_day_and_hour
from cds_service.cardlog.writer import CardLogUnavailable, EvaluationLog
from cds_service.hooks.answers import Responder
from cds_service.hooks.discovery import DISCOVERY, SERVICE_ID
from cds_service.hooks.log_events import CallOfEvent
from cds_service.hooks.metrics import FEEDBACK, observe_call
from cds_service.hooks.responses import json_response, outcome_response, read_body
from cds_service.protocol.feedback import Feedback, parse_feedback
from cds_service.protocol.hook_request import parse_hook_request
from cds_service.protocol.messages import parse_object
from cds_service.protocol.operation_outcome import Issue, ProtocolError
from cds_service.security.clients import Client

Clock = Callable[[], datetime]
"""The aware time now; tests hand in a fixed one."""

NOT_EVALUATED = Issue(
    "incomplete",
    "The MSK imaging pathway could not be evaluated: nothing in the call places the order in a region. Send the "
    "requester's organisation with its ODS code, or the patient's registered practice. No card does not mean that "
    "there are no concerns.",
    "context.draftOrders",
)


class HookRoutes:
    """The three routes, wired to one responder and one card log.

    Args:
        responder: answers calls.
        card_log: where events go.
        client: whose preferences apply.
        clock: the aware time now.
    """

    def __init__(self, responder: Responder, card_log: EvaluationLog, client: Client, clock: Clock) -> None:
        self._responder = responder
        self._card_log = card_log
        self._client = client
        self._clock = clock

    def routes(self) -> list[Route]:
        """The routes, the busiest first."""
        return [
            Route("/cds-services/{service_id}", self.call, methods=["POST"]),
            Route("/cds-services/{service_id}/feedback", self.feedback, methods=["POST"]),
            Route("/cds-services", self.discover, methods=["GET"]),
        ]

    async def discover(self, _request: Request) -> Response:
        """`GET /cds-services`."""
        return json_response(DISCOVERY)

    async def call(self, request: Request) -> Response:
        """`POST /cds-services/msk-imaging-pathway`: cards, or an OperationOutcome."""
        started = time.perf_counter()
        _check_service(request)
        hook_request = parse_hook_request(parse_object(await read_body(request)))
        today, hour = london_day_and_hour(self._clock())
        answer = self._responder.answer(hook_request, self._client, today)
        elapsed = time.perf_counter() - started
        if answer.orders:
            call = CallOfEvent(today, hour, hook_request.hook, self._client.id, round(elapsed * 1000))
            self._card_log.record(self._responder.events(answer, call))
        observe_call(hook_request.hook, answer, elapsed)
        if answer.unevaluated:
            return outcome_response(ProtocolError(412, [NOT_EVALUATED]))
        return json_response({"cards": answer.cards})

    async def feedback(self, request: Request) -> Response:
        """`POST /cds-services/msk-imaging-pathway/feedback`: 200 once it is stored."""
        _check_service(request)
        entries = parse_feedback(parse_object(await read_body(request)))
        day, hour = london_day_and_hour(self._clock())
        try:
            await self._card_log.store_feedback([_feedback_event(entry, day, hour) for entry in entries])
        except CardLogUnavailable:
            text = "The feedback could not be stored now. Send it again later."
            return outcome_response(ProtocolError(503, [Issue("transient", text)]))
        for entry in entries:
            FEEDBACK.labels(entry.outcome).inc()
        return json_response({})


def _check_service(request: Request) -> None:
    if request.path_params["service_id"] != SERVICE_ID:
        text = f"No such service. The service here is '{SERVICE_ID}'; GET /cds-services lists it."
        raise ProtocolError(404, [Issue("not-found", text)])


def _feedback_event(entry: Feedback, day: date, hour: int) -> FeedbackEvent:
    return FeedbackEvent(
        received_on=day,
        received_hour=hour,
        service_id=SERVICE_ID,
        card_id=entry.card,
        outcome=FeedbackOutcome(entry.outcome),
        suggestion_accepted=entry.suggestion_accepted,
        override_reason_code=entry.override_code,
        override_reason_system=entry.override_system,
        had_comment=entry.had_comment,
        outcome_timestamp=entry.outcome_timestamp,
    )
