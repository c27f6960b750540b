"""A small CDS Hooks service that keeps every rule, and whose parts a test may spoil one at a time."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

JsonObject = dict[str, Any]
Spoil = Callable[[JsonObject], object]
Speak = Callable[[str, str, Response], Response | None]

ORIGIN_HEADERS = {"Access-Control-Allow-Origin": "*"}
PREFLIGHT_HEADERS = {**ORIGIN_HEADERS, "Access-Control-Allow-Headers": "Authorization, Content-Type"}


class RefusedError(Exception):
    """A request is answered with an error."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def order(**members: object) -> JsonObject:
    """A draft order of nobody."""
    return {"resourceType": "ServiceRequest", "status": "draft", "intent": "proposal", **members}


def full_card() -> JsonObject:
    """A card with every member that the specification has."""
    return {
        "uuid": str(uuid4()),
        "summary": "Refer to the community service instead",
        "detail": "**Why**: the pathway says so.",
        "indicator": "warning",
        "source": {
            "label": "Little pathway",
            "url": "https://example.org/pathway",
            "icon": "https://example.org/icon.png",
            "topic": {"system": "https://example.org/topics", "code": "little", "display": "Little"},
        },
        "suggestions": [
            {
                "label": "Refer",
                "uuid": str(uuid4()),
                "isRecommended": True,
                "actions": [
                    {"type": "create", "description": "Add a referral", "resource": order(id="referral-1")},
                    {"type": "delete", "description": "Remove the scan", "resourceId": "ServiceRequest/draft-1"},
                ],
            },
            {
                "label": "Keep the scan, marked",
                "uuid": str(uuid4()),
                "actions": [{"type": "update", "description": "Mark the scan", "resource": order(id="draft-1")}],
            },
        ],
        "selectionBehavior": "at-most-one",
        "overrideReasons": [{"system": "https://example.org/reasons", "code": "agreed", "display": "Agreed already"}],
        "links": [
            {"label": "Guidance", "url": "https://example.org/guidance", "type": "absolute"},
            {"label": "App", "url": "https://example.org/app", "type": "smart", "appContext": "little"},
        ],
        "extension": {"com.example.little": True},
    }


class LittleService:
    """One service, `little` on order-select, as an ASGI application.

    What a test may spoil: `discovery` is the answer to discovery; `spoil` changes each answer to a good call; `spoken`
    changes each response before it leaves, with the request's method and path.
    """

    def __init__(self) -> None:
        self.discovery: Any = {
            "services": [
                {
                    "hook": "order-select",
                    "id": "little",
                    "title": "Little service",
                    "description": "Answers every order with the same card.",
                    "version": "2.0.0",
                    "prefetch": {
                        "patient": "Patient/{{context.patientId}}",
                        "user": "PractitionerRole?_id={{userPractitionerRoleId}}",
                    },
                }
            ]
        }
        self.spoil: Spoil = lambda answer: answer
        self.spoken: Speak = lambda _method, _path, response: response
        self.token: str | None = None
        self.checks_body = True
        self.calls: list[JsonObject] = []
        self.feedback: list[JsonObject] = []
        self.authorizations: list[str | None] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; where `spoken` gives None, never."""
        assert scope["type"] == "http"
        request = Request(scope, receive)
        body = await request.body()
        response = self.spoken(request.method, request.url.path, self._response(request, body))
        if response is None:
            while (await receive())["type"] != "http.disconnect":
                continue
            return
        await response(scope, receive, send)

    def _response(self, request: Request, body: bytes) -> Response:
        if request.method == "OPTIONS":
            return Response(headers=PREFLIGHT_HEADERS)
        try:
            content, status = self._answer(request, body), 200
        except RefusedError as error:
            issue = {"severity": "error", "code": "invalid", "diagnostics": str(error)}
            content, status = {"resourceType": "OperationOutcome", "issue": [issue]}, error.status
        headers = {**ORIGIN_HEADERS, **({"WWW-Authenticate": "Bearer"} if status == 401 else {})}
        return Response(json.dumps(content), status, headers, "application/json")

    def _answer(self, request: Request, body: bytes) -> object:
        path = request.url.path
        if path == "/cds-services" and request.method == "GET":
            return self.discovery
        if path not in {"/cds-services/little", "/cds-services/little/feedback"}:
            raise RefusedError(404, "There is nothing here.")
        if request.method != "POST":
            raise RefusedError(405, "Send a POST.")
        self.authorizations.append(request.headers.get("authorization"))
        if self.token is not None and request.headers.get("authorization") != f"Bearer {self.token}":
            raise RefusedError(401, "Send a token.")
        if self.checks_body and request.headers.get("content-type") != "application/json":
            raise RefusedError(415, "Send application/json.")
        message = self._parsed(body)
        return self._take_feedback(message) if path.endswith("/feedback") else self._take_call(message)

    def _parsed(self, body: bytes) -> JsonObject:
        try:
            message = json.loads(body)
        except json.JSONDecodeError:
            raise RefusedError(400, "Send JSON.") from None
        if not isinstance(message, dict):
            raise RefusedError(400, "Send an object.")
        return message

    def _take_call(self, message: JsonObject) -> object:
        if self.checks_body:
            _check_call(message)
        self.calls.append(message)
        return self.spoil({"cards": [full_card()]})

    def _take_feedback(self, message: JsonObject) -> object:
        entries = message.get("feedback")
        if not isinstance(entries, list):
            raise RefusedError(400, "feedback is missing.")
        for entry in entries:
            _check_feedback(entry)
        self.feedback += entries
        return {}


def _check_call(message: JsonObject) -> None:
    context = message.get("context")
    if not isinstance(context, dict):
        raise RefusedError(400, "context is missing.")
    if message.get("hook") != "order-select":
        raise RefusedError(400, "hook is not order-select.")
    if not {"userId", "patientId", "selections", "draftOrders"} <= context.keys():
        raise RefusedError(400, "context lacks a field.")
    if "fhirAuthorization" in message and "fhirServer" not in message:
        raise RefusedError(400, "fhirServer is missing.")
    try:
        UUID(message.get("hookInstance"))
    except (TypeError, ValueError):
        raise RefusedError(400, "hookInstance is no UUID.") from None


def _check_feedback(entry: JsonObject) -> None:
    if "card" not in entry or entry.get("outcome") not in {"accepted", "overridden"}:
        raise RefusedError(400, "card or outcome is wrong.")
    if entry["outcome"] == "accepted" and not entry.get("acceptedSuggestions"):
        raise RefusedError(400, "acceptedSuggestions is missing.")
    if "T" not in entry.get("outcomeTimestamp", ""):
        raise RefusedError(400, "outcomeTimestamp is no time.")
