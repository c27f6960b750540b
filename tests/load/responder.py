"""A server that does next to nothing: it waits for the end of a request and writes fixed bytes.

Loading it shows what the load client itself can reach. It is no HTTP server: it trusts the client beside it
to send one request at a time, with a content-length or no body.
"""

import asyncio
import signal
import sys
from typing import cast

import uvloop
from answers import NO_CARD, ONE_CARD
from bare_app import NO_CARD_PATH

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
_ONE_CARD = _HEAD % len(ONE_CARD) + ONE_CARD
_NO_CARD = _HEAD % len(NO_CARD) + NO_CARD
_NO_CARD_START = b"POST " + NO_CARD_PATH.encode()
_LENGTH_FIELD = b"content-length:"


class Responder(asyncio.Protocol):
    """One connection: counts the bytes of a request in, and writes the answer when they are all there."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._head = b""
        self._outstanding = 0
        self._answer = _ONE_CARD

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer once the whole request has come in."""
        if self._outstanding:
            self._outstanding -= len(data)
        else:
            self._head += data
            head_end = self._head.find(b"\r\n\r\n")
            if head_end < 0:
                return
            self._answer = _NO_CARD if self._head.startswith(_NO_CARD_START) else _ONE_CARD
            self._outstanding = head_end + 4 + _body_length(self._head[:head_end]) - len(self._head)
            self._head = b""
        if self._outstanding == 0 and self._transport is not None:
            self._transport.write(self._answer)


def _body_length(head: bytes) -> int:
    lowered = head.lower()
    start = lowered.find(_LENGTH_FIELD)
    if start < 0:
        return 0
    return int(lowered[start + len(_LENGTH_FIELD) :].split(b"\r\n", 1)[0])


async def serve(port: int) -> None:
    """Answer on 127.0.0.1:`port` until terminated."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    server = await loop.create_server(Responder, "127.0.0.1", port)
    async with server:
        await stopped.wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
