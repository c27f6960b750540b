"""Wiring of authentication and outbound reading: keys, replay memory, rates, and the way to each EHR's FHIR server."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import ip_network

from cds_service.edge import Edge
from cds_service.fhir.fetching import FhirFetcher
from cds_service.hooks.completing import PrefetchCompleter
from cds_service.hooks.discovery import PREFETCH
from cds_service.security.authentication import Authenticator
from cds_service.security.clients import Client, unauthenticated_caller
from cds_service.security.door import OpenDoor
from cds_service.security.jwks import KeySet
from cds_service.security.key_sources import FetchedKeys, KeyServerError, KeySource, PinnedKeys
from cds_service.security.outbound import AddressGuard, OutboundClient, OutboundError
from cds_service.security.rates import RateLimiter
from cds_service.security.replay import ReplayGuard
from cds_service.security.replay_store import ReplayStore, replay_database_url
from cds_service.settings import Settings

KEY_SERVER_SECONDS = 3.0
"""How long a key server may take; calls wait for it only when their key is not known yet."""

LARGEST_KEY_SET = 256 * 1024
"""Bytes."""


def build_edge(settings: Settings, clients: Sequence[Client]) -> Edge:
    """Make what authentication and outbound reading need.

    Args:
        settings: the process's settings.
        clients: the registered clients.
    """
    trusted = ssl.create_default_context()
    ways_out = {client.id: _way_out(client, trusted, allow_http=settings.demo) for client in clients}
    completer = _completer(settings, clients, ways_out)
    if settings.auth == "off":
        return Edge(OpenDoor(unauthenticated_caller(tuple(clients))), completer, partial(_closing, ways_out.values()))
    sources = {client.id: _key_sources(client, ways_out[client.id]) for client in clients}
    store = ReplayStore(replay_database_url(settings.database_url))
    # A file is asked at once, on the event loop; a server by a thread, for many calls together.
    seen = ReplayGuard(store, claim_now=store.claim_now if settings.database_url.startswith("sqlite") else None)
    door = Authenticator(clients, sources, settings.public_url, seen, RateLimiter(settings.workers))

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        async with _closing(ways_out.values()), _warm(sources), _remembering(seen, store):
            try:
                yield
            finally:
                door.close()

    return Edge(door, completer, running)


def _completer(
    settings: Settings, clients: Sequence[Client], ways_out: Mapping[str, OutboundClient]
) -> PrefetchCompleter | None:
    readers = {client.id: ways_out[client.id] for client in clients if client.fhir_servers}
    fetcher = FhirFetcher(PREFETCH, OutboundError, budget_seconds=settings.fhir_budget_ms / 1000)
    return PrefetchCompleter(fetcher, readers) if readers else None


@asynccontextmanager
async def _closing(ways_out: Iterable[OutboundClient]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for way_out in ways_out:
            await way_out.aclose()


@asynccontextmanager
async def _warm(sources: Mapping[str, Mapping[str | None, KeySource]]) -> AsyncIterator[None]:
    """Ask every key server at the start, without waiting for any; at the end let go of them."""
    every = list({id(source): source for of_client in sources.values() for source in of_client.values()}.values())
    warming = [asyncio.create_task(source.warm()) for source in every]
    try:
        yield
    finally:
        for source in every:
            await source.close()
        await asyncio.gather(*warming, return_exceptions=True)


@asynccontextmanager
async def _remembering(seen: ReplayGuard, store: ReplayStore) -> AsyncIterator[None]:
    await seen.start()
    try:
        yield
    finally:
        await seen.close()
        store.dispose()


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
