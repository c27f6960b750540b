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


@pytest.mark.parametrize(
    "media_type",
    [
        b"application/json",
        b"application/json; charset=utf-8",
        b"application/json;charset=UTF-8",
        b'Application/JSON ; charset="UTF-8" ;',
        b"application/fhir+json",
        b"application/fhir+json; fhirVersion=4.0; charset=utf-8",
        b"application/vnd.example.hooks+json",
        b'application/json; profile="https://example.org/a;b"',
    ],
)
def test_json_by_any_of_its_names_is_read(media_type: bytes) -> None:
    """With UTF-8 as its charset, or none."""
    assert read([part(b"{}")], (b"content-type", media_type)) == b"{}"


@pytest.mark.parametrize(
    "media_type",
    [
        b"",
        b"text/plain",
        b"text/json",
        b"application/xml",
        b"application/x-www-form-urlencoded",
        b"multipart/form-data; boundary=x",
        b"application/json; charset=utf-16",
        b"application/json; charset=iso-8859-1",
        b"application/jsonp",
        b"application/fhir+xml",
        b"application/json, text/plain",
        b"text/plain; application/json",
        b"\xff",
    ],
)
def test_what_is_called_otherwise_is_refused_unread(media_type: bytes) -> None:
    """A browser's form, sent from a page of anybody's, is among it."""
    assert refused((b"content-type", media_type)) == (415, "not-supported", {"Accept": "application/json"})


@pytest.mark.parametrize("encoding", [b"identity", b" Identity ", b""])
def test_a_body_as_it_is_is_read(encoding: bytes) -> None:
    """Saying so does no harm."""
    assert read([part(b"{}")], (b"content-encoding", encoding)) == b"{}"


@pytest.mark.parametrize("encoding", [b"gzip", b"br", b"deflate", b"zstd", b"x-gzip", b"identity, gzip"])
def test_a_compressed_body_is_refused_unread(encoding: bytes) -> None:
    """Four MiB could unfold to gigabytes."""
    assert refused((b"content-encoding", encoding)) == (415, "not-supported", {"Accept-Encoding": "identity"})


def refused(*headers: tuple[bytes, bytes]) -> tuple[int, str, dict[str, str]]:
    """Status, issue type and headers for a request that is refused before a byte of it is read."""
    with pytest.raises(ProtocolError) as caught:
        read([], *headers)
    (issue,) = caught.value.issues
    assert "Send" in issue.diagnostics
    return caught.value.status, issue.code, caught.value.headers


@pytest.mark.parametrize("before", [[], [part(b"half", more=True)]])
def test_a_body_that_does_not_come_is_given_up(before: list[Message]) -> None:
    """Whether or not it has begun; the connection is closed, since the rest may still arrive on it."""
    coming = iter(before)

    async def receive() -> Message:
        for message in coming:
            return message
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return] # it never comes

    with pytest.raises(ProtocolError) as caught:
        asyncio.run(read_body({"type": "http", "headers": []}, receive, seconds=0.01))

    assert (caught.value.status, caught.value.issues[0].code) == (408, "timeout")
    assert caught.value.headers == {"Connection": "close"}


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


@pytest.mark.parametrize("status", [200, 412])
def test_an_answer_is_kept_by_nobody_and_guessed_at_by_nobody(status: int) -> None:
    """It is about one patient at one moment, and JSON is all it is."""
    response = json_response({}, status)

    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"


def test_an_errors_own_headers_go_with_it() -> None:
    """Beside those of every answer."""
    response = outcome_response(ProtocolError(405, [Issue("not-supported", "Send a POST.")], {"Allow": "POST"}))

    assert response.headers["allow"] == "POST"
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "content_type",
    [
        b"text/html" + b";  " * 5000 + b"!=x",
        b"application/json;charset=" + b" " * 20000 + b"utf-16",
        b"a/" * 10000 + b"b+json",
    ],
)
def test_a_content_type_made_to_keep_a_reader_busy_is_refused_at_once(content_type: bytes) -> None:
    """One look at each character: a pattern that tries every way to share out the blanks would never end."""
    assert refused((b"content-type", content_type)) == (415, "not-supported", {"Accept": "application/json"})


def test_blanks_and_empty_parameters_do_no_harm() -> None:
    """However many there are."""
    content_type = b"application/json" + b";  " * 5000 + b"charset=utf-8"

    assert read([part(b"{}")], (b"content-type", content_type)) == b"{}"


def test_a_length_with_thousands_of_digits_is_too_long() -> None:
    """Not a number that Python would refuse to read."""
    assert refused((b"content-length", b"9" * 5000))[:2] == (413, "too-long")
