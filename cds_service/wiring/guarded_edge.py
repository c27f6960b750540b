"""Wiring of authentication and outbound reading: keys, replay memory, rates, and the way to each EHR's FHIR server."""

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from ipaddress import ip_network

from cds_service.fhir.fetching import FhirFetcher
from cds_service.hooks.completing import PrefetchCompleter
from cds_service.hooks.discovery import PREFETCH
from cds_service.security.authentication import Authenticator
from cds_service.security.clients import Client, unauthenticated_caller
from cds_service.security.door import Door, OpenDoor
from cds_service.security.jwks import KeySet
from cds_service.security.key_sources import FetchedKeys, KeyServerError, KeySource, PinnedKeys
from cds_service.security.outbound import AddressGuard, OutboundClient, OutboundError
from cds_service.security.rates import RateLimiter
from cds_service.security.replay import ReplayGuard
from cds_service.security.replay_store import ReplayStore, replay_database_url
from cds_service.settings import Settings
from cds_service.wiring.edge import Edge

KEY_SERVER_SECONDS = 3.0
"""How long a key server may take; calls wait for it only when their key is not known yet."""

LARGEST_KEY_SET = 256 * 1024
"""Bytes."""


class GuardedEdges:
    """Makes an edge for each reading of `clients.yaml`, and keeps what outlives one.

    A client whose entry did not change keeps its connections and its keys: nobody who may call waits for a key server
    because another's entry changed. Used tokens and counts of calls are the process's.

    Args:
        settings: the process's settings.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._trusted = ssl.create_default_context()
        self._ways: dict[str, _Way] = {}
        self._reserving = threading.Lock()  # edges are made in a thread and end on the event loop
        self._gate = _Gate(settings) if settings.auth == "required" else None

    def edge_for(self, clients: Sequence[Client]) -> Edge:
        """Make the edge for these clients; what it needs starts when its `running` is entered, which must happen once.

        Args:
            clients: the registered clients.
        """
        with self._reserving:
            ways = {client.id: self._way_of(client) for client in clients}
            self._ways = ways
        readers = {client.id: ways[client.id].out for client in clients if client.fhir_servers}
        completer = _completer(self._settings, readers) if readers else None
        if self._gate is None:
            door: Door = OpenDoor(unauthenticated_caller(tuple(clients)))
            return Edge(door, completer, partial(self._running, ways.values(), None))
        sources = {identifier: way.sources for identifier, way in ways.items()}
        authenticator = self._gate.door_for(clients, sources)
        return Edge(authenticator, completer, partial(self._running, ways.values(), authenticator))

    def _way_of(self, client: Client) -> "_Way":
        known = self._ways.get(client.id)
        if known is None or known.client != client or known.users == 0:
            known = _Way(client, _way_out(client, self._trusted, allow_http=self._settings.demo))
        known.users += 1
        return known

    @asynccontextmanager
    async def _running(self, ways: Collection["_Way"], authenticator: Authenticator | None) -> AsyncIterator[None]:
        async with AsyncExitStack() as ending:  # each is ended, in turn, even where another fails
            for way in ways:
                ending.push_async_callback(self._leave, way)
            if self._gate is not None:
                for way in ways:
                    way.warm()
                await self._gate.enter()
                ending.push_async_callback(self._gate.leave)
            if authenticator is not None:
                ending.callback(authenticator.close)
            yield

    async def _leave(self, way: "_Way") -> None:
        with self._reserving:
            way.users -= 1
            is_over = way.users == 0
        if is_over:
            await way.close()


class _Gate:
    """What every door of a process shares: the memory of used tokens, and the counts of calls."""

    def __init__(self, settings: Settings) -> None:
        self._base_url = settings.public_url
        self._store = ReplayStore(replay_database_url(settings.database_url))
        # A file is asked at once, on the event loop; a server by a thread, for many calls together.
        claim_now = self._store.claim_now if settings.database_url.startswith("sqlite") else None
        self._seen = ReplayGuard(self._store, claim_now=claim_now)
        self._rates = RateLimiter(settings.workers)
        self._users = 0

    def door_for(
        self, clients: Sequence[Client], sources: Mapping[str, Mapping[str | None, KeySource]]
    ) -> Authenticator:
        return Authenticator(clients, sources, self._base_url, self._seen, self._rates)

    async def enter(self) -> None:
        self._users += 1
        if self._users == 1:
            await self._seen.start()

    async def leave(self) -> None:
        self._users -= 1
        if self._users == 0:
            await self._seen.close()
            self._store.dispose()


class _Way:
    """One client's connections and keys, for as long as an edge uses them."""

    def __init__(self, client: Client, out: OutboundClient) -> None:
        self.client = client
        self.out = out
        self.sources = _key_sources(client, out)
        self.users = 0
        self._warming: list[asyncio.Task[None]] = []

    def warm(self) -> None:
        """Ask every key server at the start, without waiting for any."""
        if not self._warming:
            self._warming = [asyncio.create_task(source.warm()) for source in self._every_source()]

    async def close(self) -> None:
        """Let go of them."""
        for source in self._every_source():
            await source.close()
        await asyncio.gather(*self._warming, return_exceptions=True)
        await self.out.aclose()

    def _every_source(self) -> list[KeySource]:
        return list({id(source): source for source in self.sources.values()}.values())


def _completer(settings: Settings, readers: Mapping[str, OutboundClient]) -> PrefetchCompleter:
    fetcher = FhirFetcher(PREFETCH, OutboundError, budget_seconds=settings.fhir_budget_ms / 1000)
    return PrefetchCompleter(fetcher, readers)


def _way_out(client: Client, trusted: ssl.SSLContext, *, allow_http: bool) -> OutboundClient:
    """The client's own connections: to the addresses that its entry lists, and to public ones."""
    listed = [*client.fhir_servers, *client.jkus, *filter(None, [client.jwks_url])]
    guard = AddressGuard([ip_network(network) for network in client.private_networks], listed_urls=listed)
    loopback_keys = any(url.startswith("http://") for url in listed)
    return OutboundClient(guard, allow_http=allow_http or loopback_keys, ssl_context=trusted)


def _key_sources(client: Client, outbound: OutboundClient) -> dict[str | None, KeySource]:
    """Where keys come from for each `jku` that a token may name, and for a token without one."""

    async def fetch(url: str) -> object:
        try:
            return await outbound.get_json(url, timeout=KEY_SERVER_SECONDS, limit=LARGEST_KEY_SET)
        except OutboundError as error:
            raise KeyServerError(error.reason.value) from None

    if client.jwks is not None:
        pinned: KeySource = PinnedKeys(KeySet.pinned(client.jwks, client.algorithms))
        return dict.fromkeys([None, *client.jkus], pinned)
    if client.jwks_url is None:
        return {jku: FetchedKeys(jku, fetch) for jku in client.jkus}
    own: KeySource = FetchedKeys(client.jwks_url, fetch)
    named: dict[str | None, KeySource] = {jku: FetchedKeys(jku, fetch) for jku in client.jkus}
    return {**named, None: own, client.jwks_url: own}
