"""Who calls: the client behind a request's token, or a refusal.

In the order of the checks: form of the token, issuer, algorithm, key, signature, audience and times, tenant, first
use, origin, rate. Until the signature holds, every refusal that could tell a stranger what is registered reads alike
(the time that it takes, and a key server that is away, may still tell: `docs/security.md`, known limits).
"""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol
from urllib.parse import urlsplit

from cds_service.security.client_token import ClientToken, check_claims, check_signature, read_token
from cds_service.security.clients import Client
from cds_service.security.jwks import PublicKey
from cds_service.security.key_sources import KeySource, KeysUnavailableError
from cds_service.security.rates import RateLimiter, parse_rate
from cds_service.security.refusals import NOT_RECOGNISED, CallerRefusedError, Reason, TokenRefusedError, note

REALM = 'Bearer realm="cds-hooks"'

SLOW_ALGORITHMS = frozenset({"ES384"})
"""Checked in a thread, since the check lasts as long as a call and leaves the interpreter free meanwhile.

The others are over sooner than a thread takes to hand over (`docs/performance.md`).
"""

_BEARER = re.compile(r"bearer +(\S+)", re.IGNORECASE)


class FirstUse(Protocol):
    """Remembers tokens."""

    async def first_use(self, client_id: str, jti: str, expires_at: float) -> bool:
        """Whether a client's token comes for the first time."""


class Authenticator:
    """Authentication is required: a token of a registered client, for this endpoint, used once.

    Args:
        clients: the registered clients.
        sources: where each client's keys come from: by client id, then by `jku`, None for a token without one.
        base_url: the service's public address, for clients that name no audience of their own.
        seen: remembers tokens.
        rates: counts calls.
    """

    def __init__(
        self,
        clients: Sequence[Client],
        sources: Mapping[str, Mapping[str | None, KeySource]],
        base_url: str,
        seen: FirstUse,
        rates: RateLimiter,
    ) -> None:
        self._clients = {client.issuer: client for client in clients if client.issuer is not None}
        self._sources = sources
        self._base_url = base_url
        self._seen = seen
        self._rates = rates
        self._rate_of = {client.id: parse_rate(client.rate) for client in clients if client.rate is not None}
        self._audiences: dict[tuple[str, str], list[str]] = {}
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="signature")

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown()

    async def admit(self, headers: Sequence[tuple[bytes, bytes]], path: str) -> Client:
        """The client whose token a request bears.

        Args:
            headers: the request's headers.
            path: the path of the endpoint called; its public URL must be the token's audience.

        Raises:
            CallerRefusedError: 401 for the token, 403 for a browser's origin,
                429 beyond the client's rate, 503 when its keys cannot be had.
        """
        client: Client | None = None
        try:
            token = read_token(_bearer_token(headers))
            client = self._client_of(token)
            await self._check(token, client, path)
            acting = _for_tenant(client, token)
            await self._check_first_use(client, token)
        except TokenRefusedError as error:
            note(error.reason, client)
            raise _unauthorised(error) from None
        except KeysUnavailableError:
            note(Reason.KEYS_NOT_REACHED, client)
            text = "The client's keys cannot be fetched from its key server now. Try again later."
            raise CallerRefusedError(503, text, {"Retry-After": "15"}) from None
        _check_origin(headers, acting)
        self._check_rate(acting)
        return acting

    def _client_of(self, token: ClientToken) -> Client:
        client = self._clients.get(token.claims["iss"])
        if client is None:
            raise TokenRefusedError(Reason.ISSUER, NOT_RECOGNISED)
        return client

    async def _check_first_use(self, client: Client, token: ClientToken) -> None:
        expires_at = token.claims["exp"] + client.clock_skew
        if not await self._seen.first_use(client.id, token.claims["jti"], expires_at):
            text = "The token was used before (jti). Sign a new one, with a jti of its own, for each request."
            raise TokenRefusedError(Reason.REPLAY, text)

    async def _check(self, token: ClientToken, client: Client, path: str) -> None:
        if token.algorithm not in client.algorithms:
            raise TokenRefusedError(Reason.ALGORITHM, NOT_RECOGNISED)
        source = self._sources[client.id].get(token.jku)
        if source is None:
            raise TokenRefusedError(Reason.JKU, NOT_RECOGNISED)
        keys = await source.matching(token.kid, token.algorithm)
        if not keys:
            raise TokenRefusedError(Reason.KEY, NOT_RECOGNISED)
        await self._check_signature(token, keys)
        check_claims(token, client, self._audiences_of(client, path), time.time())

    async def _check_signature(self, token: ClientToken, keys: Sequence[PublicKey]) -> None:
        if token.algorithm not in SLOW_ALGORITHMS:
            check_signature(token, keys)
            return
        await asyncio.get_running_loop().run_in_executor(self._threads, check_signature, token, keys)

    def _audiences_of(self, client: Client, path: str) -> list[str]:
        """The public URLs of an endpoint, as this client may name them."""
        known = self._audiences.get((client.id, path))
        if known is None:
            known = self._audiences[client.id, path] = audiences(client, self._base_url, path)
        return known

    def _check_rate(self, client: Client) -> None:
        wait = self._rates.check(client.id, self._rate_of.get(client.id))
        if wait is not None:
            note(Reason.RATE, client)
            text = f"More calls than this client's rate, {client.rate}. Wait, then call again."
            raise CallerRefusedError(429, text, {"Retry-After": str(wait)})


def audiences(client: Client, base_url: str, path: str) -> list[str]:
    """The values that `aud` may have for an endpoint.

    Args:
        client: the client; its `audiences` are addresses of the service, or of one endpoint as a whole.
        base_url: the service's public address, used when the client names none.
        path: the endpoint's path.
    """
    if not client.audiences:
        return [base_url.rstrip("/") + path]
    whole = [address for address in client.audiences if address.endswith(path)]
    return whole + [address + path for address in client.audiences if not _names_an_endpoint(address)]


def _names_an_endpoint(address: str) -> bool:
    """Whether an address is one endpoint's, and not the service's."""
    return "cds-services" in urlsplit(address).path.split("/")


def _bearer_token(headers: Sequence[tuple[bytes, bytes]]) -> str:
    values = [value for name, value in headers if name == b"authorization"]
    if not values:
        raise TokenRefusedError(Reason.NO_TOKEN, "Send the client's signed JWT as Authorization: Bearer.")
    if len(values) > 1:
        raise TokenRefusedError(Reason.NOT_A_TOKEN, "Send one Authorization header.")
    found = _BEARER.fullmatch(values[0].decode("latin-1").strip())
    if found is None:
        raise TokenRefusedError(Reason.NOT_A_TOKEN, "Send the token as Authorization: Bearer, and nothing after it.")
    return found[1]


def _for_tenant(client: Client, token: ClientToken) -> Client:
    acting = client.for_tenant(token.claims.get("tenant"))
    if acting is None:
        raise TokenRefusedError(Reason.TENANT, "The token's tenant is not registered for this issuer.")
    return acting


def _check_origin(headers: Sequence[tuple[bytes, bytes]], client: Client) -> None:
    """A browser calls from a page; the page's origin must be one of this very client's."""
    for name, value in headers:
        if name == b"origin" and value.decode("latin-1").lower() not in client.cors_origins:
            note(Reason.ORIGIN, client)
            text = "This origin is not registered for the client. Call from a server, or have the origin registered."
            raise CallerRefusedError(403, text)


def _unauthorised(error: TokenRefusedError) -> CallerRefusedError:
    challenge = REALM
    if error.reason is not Reason.NO_TOKEN:
        challenge += f', error="invalid_token", error_description="{error.advice}"'
    return CallerRefusedError(401, error.advice, {"WWW-Authenticate": challenge})
