"""The yardstick: the least that any Python service on this server could do with a call.

A bare ASGI function that takes the whole body, parses it and sends a constant answer. No routing table, no
framework, no rule, no log.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson
from answers import NO_CARD, ONE_CARD

ONE_CARD_PATH = "/cds-services/one-card-pathway"
NO_CARD_PATH = "/cds-services/no-card-pathway"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def app(scope: Message, receive: Receive, send: Send) -> None:
    """Answer a POST with the constant card of its path, and a GET (the health check) with an empty object."""
    if scope["method"] == "GET":
        await answer(send, 200, b"{}")
        return
    orjson.loads(await whole_body(receive))
    await answer(send, 200, NO_CARD if scope["path"] == NO_CARD_PATH else ONE_CARD)


async def whole_body(receive: Receive) -> bytes:
    """The request's body, however many pieces it comes in."""
    chunks: list[bytes] = []
    more = True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(chunks)


async def answer(send: Send, status: int, body: bytes) -> None:
    """Send a JSON body."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
