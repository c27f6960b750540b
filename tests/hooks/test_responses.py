import asyncio
from collections.abc import Iterable

import pytest
from starlette.types import Message

from cds_service.hooks.responses import LONGEST_BODY, json_response, outcome_response, read_body
from cds_service.protocol.operation_outcome import Issue, ProtocolError


def read(messages: Iterable[Message], *headers: tuple[bytes, bytes]) -> bytes:
    """Read the body of a request that comes in these messages."""
    coming = iter(messages)

    async def receive() -> Message:
        return next(coming)

    return asyncio.run(read_body({"type": "http", "headers": headers}, receive))


def part(body: bytes, *, more: bool = False) -> Message:
    """One message of a body."""
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_is_put_together_from_its_parts() -> None:
    """An empty part, and one that lacks its body, are parts as well."""
    parts = [part(b"one", more=True), part(b"", more=True), {"type": "http.request", "more_body": True}, part(b"two")]

    assert read(parts) == b"onetwo"


def test_a_client_that_hangs_up_is_told_nothing_useful_and_breaks_nothing() -> None:
    """The call is incomplete, and no defect."""
    with pytest.raises(ProtocolError) as caught:
        read([part(b"half", more=True), {"type": "http.disconnect"}])

    assert (caught.value.status, caught.value.issues[0].code) == (400, "incomplete")


def test_a_long_body_is_refused_before_it_is_read() -> None:
    """When it is announced, not a byte is waited for."""
    with pytest.raises(ProtocolError) as caught:
        read([], (b"content-length", str(LONGEST_BODY + 1).encode()))

    assert caught.value.status == 413


def test_a_long_body_is_refused_as_soon_as_it_is_too_long() -> None:
    """What would come after is not waited for, whatever length was announced."""
    with pytest.raises(ProtocolError) as caught:
        read([part(b"x" * LONGEST_BODY, more=True), part(b"x", more=True)], (b"content-length", b"5"))

    assert caught.value.status == 413


@pytest.mark.parametrize("length", [b"", b"-1", b"5 MiB", b"0x10"])
def test_an_announcement_that_is_no_number_is_ignored(length: bytes) -> None:
    """The body itself is counted."""
    assert read([part(b"{}")], (b"content-length", length)) == b"{}"


def test_answers_are_compact_json() -> None:
    """In UTF-8."""
    response = json_response({"a": ["é"]})

    assert (response.status_code, response.body) == (200, '{"a":["é"]}'.encode())
    assert response.headers["content-type"] == "application/json"


def test_an_error_is_an_outcome_with_its_status() -> None:
    """The one shape of all errors."""
    response = outcome_response(ProtocolError(404, [Issue("not-found", "None here.")]))

    assert response.status_code == 404
    assert b'"resourceType":"OperationOutcome"' in response.body
