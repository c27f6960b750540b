"""JSON in and out: a body bounded in kind, size and time, compact answers, and every error as an OperationOutcome."""

import asyncio
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope

from cds_service.hooks.correlation import correlation_id
from cds_service.protocol.operation_outcome import Issue, IssueType, ProtocolError, operation_outcome

_logger = logging.getLogger(__name__)

LONGEST_BODY = 4 * 1024 * 1024
"""Bytes that a request body may have: 4 MiB (docs/security.md, "Limits")."""

LONGEST_WAIT = 10.0
"""Seconds in which the whole of a body must have come."""

DEFECT = ProtocolError(
    500,
    [Issue("transient", "The service failed on this call: a defect, now in its log. The pathway was not evaluated.")],
)
"""What a caller is told of a defect: nothing of its data."""

FOR_EVERY_ANSWER = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
"""An answer is about one patient at one moment: nobody keeps it, and nobody takes it for anything but JSON."""

CAME_WHOLE = "cds_service.came_whole"
"""In a request's scope: set by the server once the whole body has come, so that nothing is left to wait for."""

_USUAL_JSON = frozenset({b"application/json", b"application/json; charset=utf-8", b"application/fhir+json"})

_MOST_DIGITS = len(str(LONGEST_BODY))

_CODES: Mapping[int, IssueType] = {404: "not-found", 405: "not-supported", 413: "too-long"}


def json_response(content: Any, status: int = 200) -> Response:  # noqa: ANN401 - any JSON value
    """An `application/json` answer."""
    response = Response(orjson.dumps(content), status_code=status, media_type="application/json")
    response.raw_headers += FOR_EVERY_ANSWER
    return response


def outcome_response(error: ProtocolError) -> Response:
    """An error's OperationOutcome, which bears the request's correlation id, as its line in the log does."""
    _logger.info("answered %d (%s)", error.status, ", ".join(dict.fromkeys(issue.code for issue in error.issues)))
    response = json_response(operation_outcome(error.issues, correlation_id()), error.status)
    response.headers.update(error.headers)
    return response


async def read_body(scope: Scope, receive: Receive, seconds: float = LONGEST_WAIT) -> bytes:
    """The whole body.

    Args:
        scope: the request's scope.
        receive: where its messages come from.
        seconds: how long all of it may take to come.

    Raises:
        ProtocolError: 415 when it is announced as something else than plain JSON; 413 as soon as more than 4 MiB is
            announced or has come; 408 when it is too slow; 400 when the client hung up.
    """
    _check_announced(scope)
    if CAME_WHOLE in scope:  # as nearly always; a timer for it would cost as much as reading it
        return await _read_all(receive)
    try:
        async with asyncio.timeout(seconds):
            return await _read_all(receive)
    except TimeoutError:
        text = f"The body did not come within {seconds:g} seconds. Send it again, without pauses."
        raise ProtocolError(408, [Issue("timeout", text)], {"Connection": "close"}) from None


async def _read_all(receive: Receive) -> bytes:
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


def _check_announced(scope: Scope) -> None:
    """Refuse by its headers what need not be read. What a header says is not repeated."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            if value.isdigit() and (len(value) > _MOST_DIGITS or int(value) > LONGEST_BODY):
                raise _too_long()
        elif name == b"content-type":
            if value not in _USUAL_JSON and not _is_json(value):
                text = "The Content-Type is not JSON in UTF-8. Send application/json."
                raise ProtocolError(415, [Issue("not-supported", text)], {"Accept": "application/json"})
        elif name == b"content-encoding" and value.strip().lower() not in {b"", b"identity"}:
            text = "The body is compressed or encoded otherwise. Send it as it is, without Content-Encoding."
            raise ProtocolError(415, [Issue("not-supported", text)], {"Accept-Encoding": "identity"})


def _is_json(content_type: bytes) -> bool:
    """Whether a media type is JSON's (RFC 6839, section 3.1), and in UTF-8 if it says (RFC 9110, section 8.3)."""
    media_type, *parameters = content_type.lower().split(b";")
    kind = media_type.strip()
    if kind != b"application/json" and not (kind.endswith(b"+json") and kind.count(b"/") == 1):
        return False
    members = [parameter.strip().partition(b"=") for parameter in parameters]
    charsets = {value.strip().strip(b'"') for name, _, value in members if name.strip() == b"charset"}
    return charsets <= {b"utf-8", b"utf8"}


def _too_long() -> ProtocolError:
    text = f"The body is larger than {LONGEST_BODY} bytes (4 MiB). Send fewer prefetched resources."
    return ProtocolError(413, [Issue("too-long", text)])


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer an unknown path or method with an OperationOutcome."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    phrase = HTTPStatus(error.status_code).phrase
    code = _CODES.get(error.status_code, "not-supported")
    text = f"{phrase}. {_about_slashes(request.scope['path'])}GET /cds-services lists what there is."
    return outcome_response(ProtocolError(error.status_code, [Issue(code, text)], error.headers))


def _about_slashes(path: str) -> str:
    """What a client makes of a discovery address with a slash at its end, to which it adds `/` and the service's id."""
    has_too_many = "//" in path or (path != "/" and path.endswith("/"))
    return "The path has a doubled slash, or one at its end: call it without. " if has_too_many else ""


async def on_defect(_request: Request, _error: Exception) -> Response:
    """Answer a defect of a page; `LastResort` logs it."""
    return outcome_response(DEFECT)
