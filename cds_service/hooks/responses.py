"""JSON in and out: a bounded body, compact answers, and every error as an OperationOutcome."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope

from cds_service.protocol.operation_outcome import Issue, IssueType, ProtocolError, operation_outcome

LONGEST_BODY = 4 * 1024 * 1024
"""Bytes that a request body may have (`design.md`, "Contracts")."""

DEFECT = ProtocolError(
    500,
    [Issue("transient", "The service failed on this call: a defect, now in its log. The pathway was not evaluated.")],
)
"""What a caller is told of a defect: nothing of its data."""

_CODES: Mapping[int, IssueType] = {404: "not-found", 405: "not-supported", 413: "too-long"}


def json_response(content: Any, status: int = 200) -> Response:  # noqa: ANN401 - any JSON value
    """An `application/json` answer."""
    return Response(orjson.dumps(content), status_code=status, media_type="application/json")


def outcome_response(error: ProtocolError) -> Response:
    """An error's OperationOutcome."""
    response = json_response(operation_outcome(error.issues), error.status)
    response.headers.update(error.headers)
    return response


async def read_body(scope: Scope, receive: Receive) -> bytes:
    """The whole body.

    Raises:
        ProtocolError: 413 as soon as more than 4 MiB is announced or has come; 400 when the client hung up.
    """
    _check_announced_length(scope)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ProtocolError(400, [Issue("incomplete", "The connection closed before the whole body had come.")])
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > LONGEST_BODY:
            raise _too_long()
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _check_announced_length(scope: Scope) -> None:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > LONGEST_BODY:
            raise _too_long()


def _too_long() -> ProtocolError:
    text = f"The body is larger than {LONGEST_BODY} bytes (4 MiB). Send fewer prefetched resources."
    return ProtocolError(413, [Issue("too-long", text)])


async def on_http_error(_request: Request, error: Exception) -> Response:
    """Answer an unknown path or method with an OperationOutcome."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    phrase = HTTPStatus(error.status_code).phrase
    code = _CODES.get(error.status_code, "not-supported")
    text = f"{phrase}. GET /cds-services lists what there is."
    return outcome_response(ProtocolError(error.status_code, [Issue(code, text)], error.headers))


async def on_defect(_request: Request, _error: Exception) -> Response:
    """Answer a defect of a page; `LastResort` logs it."""
    return outcome_response(DEFECT)
