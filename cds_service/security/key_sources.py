"""Where a client's keys come from: its own entry, or its key server, asked seldom and never by a waiting call.

A key server is asked once in a quarter of an hour while calls come, in the background; at once, but seldom, when a
token names a key that is not known; and its last answer is kept through an outage for a day.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from cds_service.security.jwks import KeySet, KeySetError, PublicKey

FRESH_SECONDS = 900.0
"""How old an answer may be before the next call has it renewed, in the background.

A withdrawn key is refused from that renewal on; the call that caused it may still be let in by it.
"""

KEPT_SECONDS = 86_400.0
"""How long the last answer serves while the key server cannot be reached."""

PAUSE_SECONDS = 15.0
"""The shortest time between two requests to a key server, whatever tokens come."""

_logger = logging.getLogger(__name__)

Fetch = Callable[[str], Awaitable[object]]
"""Gets the JSON at a URL; raises `KeyServerError` when it cannot."""


class KeyServerError(Exception):
    """A key server did not give its keys; the message says why, in words that hold nothing of its answer."""


class KeysUnavailableError(Exception):
    """No keys of the client are known, and its key server cannot be asked now."""


class KeySource(Protocol):
    """Where keys come from."""

    async def matching(self, kid: str, algorithm: str) -> list[PublicKey]:
        """The keys that may check such a token; empty when there is none.

        Raises:
            KeysUnavailableError: it is not known whether there is one.
        """

    async def warm(self) -> None:
        """Get the keys ready before a call needs them."""

    async def close(self) -> None:
        """Stop what runs in the background."""


class PinnedKeys:
    """Keys that stand in the client's own entry.

    Args:
        keys: the keys.
    """

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys

    async def matching(self, kid: str, algorithm: str) -> list[PublicKey]:
        """The keys that may check such a token."""
        return self._keys.matching(kid, algorithm)

    async def warm(self) -> None:
        """Nothing to do: they are here."""

    async def close(self) -> None:
        """Nothing to do: nothing runs."""


class FetchedKeys:
    """Keys of a key server.

    Args:
        url: its address.
        fetch: how it is asked.
        clock: seconds that only grow.
    """

    def __init__(self, url: str, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._fetch = fetch
        self._clock = clock
        self._keys: KeySet | None = None
        self._came_at = 0.0
        self._asked_at: float | None = None
        self._asking: asyncio.Task[None] | None = None

    async def matching(self, kid: str, algorithm: str) -> list[PublicKey]:
        """The keys that may check such a token. With the key cached no request is made and nothing is waited for."""
        keys = self._kept()
        if keys is None:
            keys = await self._renewed()
        elif self._clock() - self._came_at > FRESH_SECONDS:
            self._ask()
        found = keys.matching(kid, algorithm)
        if not found and (self._is_asking or self._may_ask()):
            found = (await self._renewed()).matching(kid, algorithm)
        return found

    async def warm(self) -> None:
        """Ask for the keys; a failure is logged, and the first call asks again."""
        task = self._ask()
        if task is not None:
            await asyncio.shield(task)

    async def close(self) -> None:
        """Give up a request that is still out."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    def _kept(self) -> KeySet | None:
        return self._keys if self._clock() - self._came_at <= KEPT_SECONDS else None

    async def _renewed(self) -> KeySet:
        task = self._ask()
        if task is not None:
            await asyncio.shield(task)  # one caller that hangs up must not end it for the others
        keys = self._kept()
        if keys is None:
            raise KeysUnavailableError
        return keys

    @property
    def _is_asking(self) -> bool:
        return self._asking is not None and not self._asking.done()

    def _may_ask(self) -> bool:
        return self._asked_at is None or self._clock() - self._asked_at >= PAUSE_SECONDS

    def _ask(self) -> "asyncio.Task[None] | None":
        """The request that is out, or a new one, or None when the last was too short a time ago."""
        if self._is_asking:
            return self._asking
        if not self._may_ask():
            return None
        self._asked_at = self._clock()
        self._asking = asyncio.create_task(self._renew())
        return self._asking

    async def _renew(self) -> None:
        try:
            self._keys = KeySet.fetched(await self._fetch(self._url))
        except (KeyServerError, KeySetError) as error:
            _logger.warning("keys at %s not renewed: %s", self._url, error)
            return
        self._came_at = self._clock()
        if len(self._keys) == 0:
            _logger.warning("the key set at %s holds no key that can check a signature", self._url)
        if self._keys.holds_a_secret:
            _logger.warning("the key set at %s shows a private or symmetric key; its owner must replace it", self._url)
