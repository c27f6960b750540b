"""The only way out of the service: JSON by GET, from a server that was listed, at an address that was checked.

It stands on httpcore and not on httpx: redirects, cookies, proxies from the environment, netrc and decompression are
all things that httpx would have to be told not to do. The network below the connection pool is ours, so that the
check is made where a connection is made: the address that passed is the one that is connected to, and no second
look-up can put another in its place (DNS rebinding). The pool itself still knows the server by its name, which keeps
`Host`, TLS server name and certificate check right, and never lends one name's connection to another.
"""

import asyncio
import logging
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any
from urllib.parse import SplitResult

import httpcore
import orjson

from cds_service.security.addresses import Address, Network, address_of, is_allowed
from cds_service.security.urls import split_url

Resolve = Callable[[str], Awaitable[Sequence[str]]]

for _client in ("httpx", "httpcore"):
    # They write addresses (patient ids in queries) and headers (tokens) at INFO and DEBUG. Whoever turns the root
    # logger up must not get them: the records end here.
    logging.getLogger(_client).addHandler(logging.NullHandler())
    logging.getLogger(_client).propagate = False

_MOST_CONNECTIONS = 32
_MOST_IDLE = 16
_IDLE_SECONDS = 15.0

_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")


class Reason(StrEnum):
    """Why nothing came; fit for a metrics label."""

    NOT_SENDABLE = "not-sendable"
    NOT_HTTPS = "not-https"
    REFUSED_ADDRESS = "refused-address"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    TIMEOUT = "timeout"
    REDIRECT = "redirect"
    STATUS_401 = "status-401"
    STATUS_403 = "status-403"
    STATUS_404 = "status-404"
    STATUS = "status"
    ENCODED = "encoded"
    TOO_LARGE = "too-large"
    NOT_JSON = "not-json"


class OutboundError(Exception):
    """Nothing usable came. The message names the host and the reason; never path, query, header or body.

    Attributes:
        reason: why.
        status: the HTTP status, where there was one.
    """

    def __init__(self, reason: Reason, host: str | None = None, status: int | None = None) -> None:
        super().__init__(f"{host or 'a URL that cannot be asked'}: {reason}")
        self.reason = reason
        self.status = status


async def resolve_by_system(host: str) -> list[str]:
    """The addresses that the system's resolver gives for a name.

    Raises:
        OSError: it gives none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(socket_address[0]) for *_, socket_address in found]


class AddressGuard:
    """Says which addresses a host name stands for, and that they may be connected to (`addresses.is_allowed`).

    A listed URL whose host is an IP address or `localhost` opens that host, and no name that resolves
    to the same address.

    Args:
        allowed_networks: the networks listed.
        listed_urls: the URLs listed, of which those with a literal host count.
        resolve: gives the addresses of a name; the system's resolver unless a test has its own.
    """

    def __init__(
        self,
        allowed_networks: Sequence[Network] = (),
        *,
        listed_urls: Iterable[str] = (),
        resolve: Resolve = resolve_by_system,
    ) -> None:
        self._networks = tuple(allowed_networks)
        self._of_host = {host: networks for url in listed_urls for host, networks in _literal_host(url)}
        self._resolve = resolve
        self._lookups: dict[str, asyncio.Task[Sequence[str]]] = {}

    async def addresses(self, host: str) -> list[Address]:
        """The addresses of a host, IPv4 first; each of them has passed.

        Raises:
            OutboundError: one of them is refused, or there is none.
        """
        literal = address_of(host)
        found = [literal] if literal is not None else await self._look_up(host)
        if not found:
            raise OutboundError(Reason.UNREACHABLE, host)
        networks = (*self._networks, *self._of_host.get(host, ()))
        if not all(is_allowed(address, networks) for address in found):
            raise OutboundError(Reason.REFUSED_ADDRESS, host)
        return sorted(found, key=lambda address: address.version)

    async def _look_up(self, host: str) -> list[Address]:
        """Look a name up, once for all who ask meanwhile: a name server that hangs holds one thread, not each."""
        lookup = self._lookups.get(host)
        if lookup is None:
            lookup = self._lookups[host] = asyncio.ensure_future(self._resolve(host))
            lookup.add_done_callback(lambda done: self._forget(host, done))
        try:
            stated = await asyncio.shield(lookup)
        except (OSError, UnicodeError):
            raise OutboundError(Reason.UNREACHABLE, host) from None
        found = [address_of(one) for one in dict.fromkeys(stated)]
        return [address for address in found if address is not None]

    def _forget(self, host: str, done: "asyncio.Task[Sequence[str]]") -> None:
        self._lookups.pop(host, None)
        if not done.cancelled():
            done.exception()  # whoever waited has it; when nobody waits any more it is nobody's


def _literal_host(url: str) -> list[tuple[str, tuple[Network, ...]]]:
    parts = split_url(url)
    if parts is None or parts.hostname is None:
        return []
    if parts.hostname == "localhost":
        return [("localhost", (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")))]
    address = address_of(parts.hostname)
    return [(parts.hostname, (ip_network(address),))] if address is not None else []


class _GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to addresses that the guard let pass; a name never gets further than the guard."""

    def __init__(self, guard: AddressGuard, network: httpcore.AsyncNetworkBackend) -> None:
        self._guard = guard
        self._network = network

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of the host that takes the connection."""
        *others, last = await self._guard.addresses(host)
        for address in others:
            try:
                return await self._network.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except httpcore.ConnectError:
                continue
        return await self._network.connect_tcp(str(last), port, timeout, local_address, socket_options)


class OutboundClient:
    """Reads JSON from other people's servers; one for the process, closed with `aclose`.

    Each server has connections of its own, so that one that hangs holds up nobody else. A hospital's own certificate
    authority is trusted when the machine's store has it (or `SSL_CERT_FILE`, which OpenSSL reads).

    Args:
        guard: says which addresses may be connected to.
        allow_http: whether plain http may be asked as well; for the demo and for tests.
        ssl_context: the trusted authorities; the machine's own when None.
        network: what connects to a checked address; a test's own, or real sockets when None.
    """

    def __init__(
        self,
        guard: AddressGuard,
        *,
        allow_http: bool = False,
        ssl_context: ssl.SSLContext | None = None,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._network = _GuardedNetwork(guard, network or httpcore.AnyIOBackend())
        self._schemes = {"https", "http"} if allow_http else {"https"}
        self._ssl_context = ssl_context or ssl.create_default_context()
        self._pools: dict[tuple[str, str, int | None], httpcore.AsyncConnectionPool] = {}

    async def get_json(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float,  # noqa: ASYNC109 - the limit is part of what is asked: each question has its own
        limit: int,
    ) -> Any:  # noqa: ANN401 - any JSON
        """Read a JSON document.

        Args:
            url: absolute, ASCII, percent-encoded where needed; a fragment is dropped.
            headers: request headers beside our own, for example `Authorization`; they go to this server alone.
            timeout: seconds for everything, from the look-up of the name to the last byte.
            limit: the most bytes that a body may have.

        Raises:
            OutboundError: nothing usable came.
        """
        parts = split_url(url)
        sent = {"accept": "application/json", **{name.lower(): value for name, value in (headers or {}).items()}}
        if parts is None or not all(_HEADER_VALUE.fullmatch(value) for value in sent.values()):
            raise OutboundError(Reason.NOT_SENDABLE)
        host = str(parts.hostname)
        if parts.scheme not in self._schemes:
            raise OutboundError(Reason.NOT_HTTPS, host)
        sent |= {"host": parts.netloc, "accept-encoding": "identity", "user-agent": "cds-service"}
        try:
            async with asyncio.timeout(timeout):
                body = await self._get(parts, host, sent, limit)
        except (TimeoutError, httpcore.TimeoutException):
            raise OutboundError(Reason.TIMEOUT, host) from None
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            reason = (
                Reason.TLS if any(isinstance(argument, ssl.SSLError) for argument in error.args) else Reason.UNREACHABLE
            )
            raise OutboundError(reason, host) from None
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            raise OutboundError(Reason.NOT_JSON, host) from None

    async def aclose(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            await pool.aclose()

    async def _get(self, parts: SplitResult, host: str, headers: Mapping[str, str], limit: int) -> bytes:
        target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        address = httpcore.URL(scheme=parts.scheme, host=host, port=parts.port, target=target)
        async with self._pool(parts, host).stream("GET", address, headers=list(headers.items())) as response:
            if response.status != 200:  # noqa: PLR2004 - HTTP's own number
                raise OutboundError(_reason_of(response.status), host, response.status)
            encodings = [value.lower() for name, value in response.headers if name.lower() == b"content-encoding"]
            if any(encoding.strip() != b"identity" for encoding in encodings):
                raise OutboundError(Reason.ENCODED, host)
            body = bytearray()
            async for chunk in response.aiter_stream():
                body += chunk
                if len(body) > limit:
                    raise OutboundError(Reason.TOO_LARGE, host)
        return bytes(body)

    def _pool(self, parts: SplitResult, host: str) -> httpcore.AsyncConnectionPool:
        server = (parts.scheme, host, parts.port)
        if server not in self._pools:
            self._pools[server] = httpcore.AsyncConnectionPool(
                ssl_context=self._ssl_context,
                max_connections=_MOST_CONNECTIONS,
                max_keepalive_connections=_MOST_IDLE,
                keepalive_expiry=_IDLE_SECONDS,
                network_backend=self._network,
            )
        return self._pools[server]


def _reason_of(status: int) -> Reason:
    if 300 <= status < 400:  # noqa: PLR2004 - HTTP's own numbers
        return Reason.REDIRECT
    known = {401: Reason.STATUS_401, 403: Reason.STATUS_403, 404: Reason.STATUS_404}
    return known.get(status, Reason.STATUS)
