"""HTTP as bytes, as little of it as the load client needs: a request to send and an answer to judge."""

from typing import NamedTuple

LOOPBACK = "127.0.0.1"

_STATUS = slice(9, 12)
_LENGTH_FIELD = b"content-length:"


class Call(NamedTuple):
    """One request as bytes, cut where a call sent gets something of its own.

    A token's header line follows `start`; the `hookInstance` stands between `before` and `after`.
    """

    start: bytes
    before: bytes
    after: bytes


class Answer(NamedTuple):
    """An HTTP answer read far enough to be judged."""

    status: int
    body: bytes


def prepare(path: str, body: bytes, instance: bytes) -> Call:
    """A POST of `body` to `path` as bytes; `instance` is the hookInstance in it that each call sent replaces.

    Raises:
        ValueError: `instance` is not 36 bytes long, or does not stand exactly once in the body.
    """
    if len(instance) != 36 or body.count(instance) != 1:
        raise ValueError(f"hookInstance: {instance!r} is not a UUID that stands once in the body")
    start = f"POST {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\n"
    rest = f"Accept: application/json\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    before, after = body.split(instance)
    return Call(start.encode(), rest.encode() + before, after)


def bearer(token: bytes) -> bytes:
    """The header line that carries a client's token."""
    return b"Authorization: Bearer %s\r\n" % token


def read_answer(data: bytes) -> Answer | None:
    """The answer in `data`, or None when it has not all arrived.

    Raises:
        ValueError: the answer states no length (a chunked answer), or more came than was asked for.
    """
    head_end = data.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    head = data[:head_end].lower()
    field_start = head.find(_LENGTH_FIELD)
    if field_start < 0:
        raise ValueError("the answer has no content-length, which this client needs")
    value_start = field_start + len(_LENGTH_FIELD)
    value_end = head.find(b"\r\n", value_start)
    length = int(head[value_start : value_end if value_end >= 0 else None])
    body = data[head_end + 4 :]
    if len(body) > length:
        raise ValueError("the answer is longer than its content-length")
    return Answer(int(head[_STATUS]), body) if len(body) == length else None
