"""uvicorn's HTTP protocol with limits: what a request's head may weigh, how long it may take, how many connections.

uvicorn bounds none of them: a client that sends a header line without end, or one byte a minute, would hold memory and
a connection for ever. What the body may weigh and take is for `cds_service/hooks/responses.py`.
"""

import asyncio
import logging
from asyncio import TimerHandle
from collections.abc import Callable
from typing import cast

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from cds_service.hooks.correlation import HEADER, begin_correlation, end_correlation
from cds_service.hooks.responses import CAME_WHOLE, FOR_EVERY_ANSWER
from cds_service.protocol.identifiers import new_uuid
from cds_service.protocol.operation_outcome import Issue, operation_outcome

LARGEST_HEAD = 32 * 1024
"""Bytes of request line and headers together."""

LARGEST_MESSAGE = 16 * 1024 * 1024
"""Bytes of a whole request on the wire: a body of 4 MiB in small chunks, with their sizes, and no flood of trailers."""

LONGEST_HEAD = 10.0
"""Seconds in which a request's head must have come, from the connection's opening or from its first byte; and in which
the rest of a body must have come, or the connection have ended, whose request has been answered already."""

MOST_CONNECTIONS = 1000
"""Connections of one process; beyond them requests get HTTP 503 at once. One call with its body takes up to 4 MiB."""


_logger = logging.getLogger(__name__)


FULL = (503, Issue("transient", "The service has as many connections as it takes. Call again in a moment."))
"""What a connection beyond them gets; uvicorn would say it in plain text and without an id."""


NO_UPGRADE = (
    400,
    Issue(
        "not-supported", "Connection: Upgrade came with a body. Send HTTP/1.1 without Upgrade (h2c is not spoken here)."
    ),
)
"""The parser would take the body for the next request, and whoever shares the connection for its answers."""


NO_SINGLE_HOST = (400, Issue("structure", "Host is missing, or comes twice. Send HTTP/1.1 with one Host."))
"""Servers on the way of such a request choose each another host (RFC 9112, 3.2); HTTP/1.0 may do without."""

ANOTHER_VERSION = (400, Issue("not-supported", "The version is neither HTTP/1.1 nor HTTP/1.0. Send HTTP/1.1."))
"""The parser lets HTTP/2.0 pass, and a line without a version, to which an answer would have no head."""


class _RefusedHeadError(Exception):
    """Stops the parser."""


class _NoTrailers(list[tuple[bytes, bytes]]):
    """Where header fields after the body go: nowhere. uvicorn would add them to the headers that were checked."""

    def append(self, _field: tuple[bytes, bytes]) -> None:
        """Forget it."""


class _Ending:
    """What an answer writes to: where it ends the connection, the rest of the body may still be on its way."""

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = close


def _announces_a_body(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0 ")) for name, value in headers
    )


class LimitedHttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol on httptools with limits.

    A timer runs only while something is awaited: a request that comes in one piece, as nearly all do, starts none.
    """

    largest_head = LARGEST_HEAD
    longest_head = LONGEST_HEAD
    most_connections = MOST_CONNECTIONS

    _ending: _Ending
    _deadline: TimerHandle | None = None
    _has_begun = False
    _head_is_whole = False
    _head_refusal: tuple[int, Issue] | None = None
    _is_refused = False
    _received = 0
    """Bytes of this request, but for those that came in one piece with the end of the request before."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Start to wait for a request."""
        super().connection_made(transport)
        self._ending = _Ending(transport, self._close_after_answer)
        self._start_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more, and leave no ring of references behind."""
        self._stop_deadline()
        self._ending.close = self.transport.close
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and see whether what came so far is too much."""
        self._received += len(data)
        if self._is_refused:
            if self._received > LARGEST_MESSAGE:
                self.transport.close()
            return
        super().data_received(data)
        if not (self._received or self._has_begun) or self._is_refused:
            return
        if self._received > (LARGEST_MESSAGE if self._head_is_whole else self.largest_head):
            self._refuse_size()
        elif not self._head_is_whole:
            self._start_deadline()

    def on_message_begin(self) -> None:
        """A request has begun, be it in one piece with the end of the one before."""
        super().on_message_begin()
        self._has_begun = True

    def on_headers_complete(self) -> None:
        """Hand the request on, unless its head is too large; header fields from now on are trailers."""
        if self._received > self.largest_head and self._head_size() > self.largest_head:
            self._head_refusal = self._too_large_a_head()
        elif self.parser.should_upgrade() and _announces_a_body(self.headers):
            self._head_refusal = NO_UPGRADE
        elif (version := self.parser.get_http_version()) not in {"1.1", "1.0"}:
            self._head_refusal = ANOTHER_VERSION
        elif (hosts := [name for name, _ in self.headers].count(b"host")) > 1 or (hosts < 1 and version == "1.1"):
            self._head_refusal = NO_SINGLE_HOST
        elif len(self.connections) > self.most_connections and not self._close_an_idle_connection():
            self._head_refusal = FULL
        if self._head_refusal is not None:
            raise _RefusedHeadError
        super().on_headers_complete()
        self.cycle.transport = cast("asyncio.Transport", self._ending)
        if self.parser.should_upgrade():
            self.cycle.keep_alive = False  # the parser counts no further on such a connection
        self._head_is_whole = True
        self._stop_deadline()
        self.headers = _NoTrailers()

    def on_message_complete(self) -> None:
        """Begin to count anew; where the answer went out before, the connection idles only from now on."""
        self._received = 0
        self._has_begun = False
        self._head_is_whole = False
        self._stop_deadline()
        self.scope[CAME_WHOLE] = True  # type: ignore[literal-required] # a word between this class and its reader
        super().on_message_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_response_complete(self) -> None:
        """Where the body has not all come, as of a request that was refused, wait for the rest, but not for long."""
        super().on_response_complete()
        if self._head_is_whole and self.cycle.response_complete:
            self._start_deadline()

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser refused, and close."""
        self._refuse(*(self._head_refusal or (400, Issue("structure", f"{msg} Send HTTP/1.1."))))

    def _close_after_answer(self) -> None:
        """Close; where the body has not all come, as of a request that was refused by its head, gently."""
        if self._head_is_whole and not self.pipeline:
            self._is_refused = True
            self._close_gently()
        else:
            self.transport.close()

    def _close_an_idle_connection(self) -> bool:
        """Make room by closing the connection that has idled longest; false when every one is at work."""
        idle = [
            (other.timeout_keep_alive_task.when(), other)
            for other in self.connections
            if isinstance(other, LimitedHttpProtocol)
            and other.timeout_keep_alive_task is not None
            and other is not self
        ]
        if not idle:
            return False
        _, longest = min(idle, key=lambda each: each[0])
        self.connections.discard(longest)
        longest.transport.close()
        return True

    def _head_size(self) -> int:
        """Bytes of URL and headers as parsed, with the four signs of each header line."""
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _refuse_size(self) -> None:
        if self._head_is_whole:
            self._refuse(413, Issue("too-long", f"The request is larger than {LARGEST_MESSAGE} bytes. Send less."))
        else:
            self._refuse(*self._too_large_a_head())

    def _too_large_a_head(self) -> tuple[int, Issue]:
        text = f"Request line and headers are larger than {self.largest_head} bytes. Send less in them."
        return 431, Issue("too-long", text)

    def _refuse(self, status: int, issue: Issue) -> None:
        """Read no further on this connection; the answer never stands where another request's is expected."""
        self._is_refused = True
        self._stop_deadline()
        cycle = cast("RequestResponseCycle | None", self.cycle)  # uvicorn has none before the first request
        is_answered = cycle is None or cycle.response_complete
        if self._head_is_whole:  # the application has the request; it is told that the client is gone
            if not (is_answered or self.cycle.response_started or self.pipeline):
                self._write_refusal(status, issue)
            self.transport.close()
        elif not is_answered:
            self.cycle.keep_alive = False  # closed once the requests before this one have their answers
        else:
            self._write_refusal(status, issue)
            self._close_gently()

    def _write_refusal(self, status: int, issue: Issue) -> None:
        identifier = new_uuid()
        token = begin_correlation(identifier)
        _logger.warning("A request was refused with HTTP %d before it was read.", status)
        end_correlation(token)
        body = orjson.dumps(operation_outcome([issue], identifier))
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            *FOR_EVERY_ANSWER,
            (HEADER, identifier.encode()),
            *([(b"retry-after", b"1")] if status == FULL[0] else []),
            (b"connection", b"close"),
        ]
        lines = [name + b": " + value + b"\r\n" for name, value in headers]
        self.transport.write(b"".join([STATUS_LINE[status], *lines, b"\r\n", body]))

    def _close_gently(self) -> None:
        """Say that no more comes, and wait a while for the client to end.

        If it is still sending, a connection that is closed at once is reset, and the answer lost on its way.
        """
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self._start_deadline()
        else:
            self.transport.close()

    def _start_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.longest_head, self._on_deadline)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _on_deadline(self) -> None:
        self._deadline = None
        self.transport.close()
