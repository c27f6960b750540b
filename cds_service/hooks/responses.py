"""JSON in and out: a bounded body, compact answers, and every error as an OperationOutcome."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from cds_service.protocol.operation_outcome import Issue, IssueType, ProtocolError, operation_outcome

LONGEST_BODY = 4 * 1024 * 1024
"""Bytes that a request body may have (`design.md`, "Contracts")."""

_CODES: Mapping[int, IssueType] = {404: "not-found", 405: "not-supported", 413: "too-long"}


def json_response(content: Any, status: int = 200) -> Response:  # noqa: ANN401 - any JSON value
    """An `application/json` answer."""
    return Response(orjson.dumps(content), status_code=status, media_type="application/json")


def outcome_response(error: ProtocolError) -> Response:
    """An error's OperationOutcome."""
    return json_response(operation_outcome(error.issues), error.status)


async def read_body(request: Request) -> bytes:
    """The whole body.

    Raises:
        ProtocolError: 413 as soon as more than 4 MiB is announced or has come.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > LONGEST_BODY:
        raise _too_long()
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LONGEST_BODY:
            raise _too_long()
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_long() -> ProtocolError:
    text = f"The body is larger than {LONGEST_BODY} bytes (4 MiB). Send fewer prefetched resources."
    return ProtocolError(413, [Issue("too-long", text)])


async def on_protocol_error(_request: Request, error: Exception) -> Response:
    """Answer a request that cannot be answered otherwise."""
    assert isinstance(error, ProtocolError)  # noqa: S101 - registered for this class alone
    return outcome_response(error)


async def on_http_error(_request: Request, error: Exception) -> Response:
    """Answer an unknown path or method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    phrase = HTTPStatus(error.status_code).phrase
    text = f"{phrase}. GET /cds-services lists what there is."
    code = _CODES.get(error.status_code, "not-supported")
    response = outcome_response(ProtocolError(error.status_code, [Issue(code, text)]))
    response.headers.update(error.headers or {})
    return response


async def on_disconnect(_request: Request, error: Exception) -> Response:
    """The client hung up while sending; nobody reads this answer."""
    assert isinstance(error, ClientDisconnect)  # noqa: S101 - registered for this class alone
    text = "The connection closed before the whole body had come."
    return outcome_response(ProtocolError(400, [Issue("incomplete", text)]))
