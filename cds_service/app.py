"""Wiring: from settings to an ASGI application. Everything that can be wrong with a configuration stops here."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from cds_service import __version__
from cds_service.checker.routes import TEMPLATES as CHECKER_TEMPLATES
from cds_service.checker.routes import checker_routes
from cds_service.hooks.answers import Responder
from cds_service.hooks.browsers import BrowserAccess
from cds_service.hooks.health import ConfigurationState, MetricsAccess, health_router
from cds_service.hooks.last_resort import LastResort, told_without_words
from cds_service.hooks.log_events import CallLogger
from cds_service.hooks.openapi import TITLE
from cds_service.hooks.pathway_pages import TEMPLATES as PATHWAY_TEMPLATES
from cds_service.hooks.pathway_pages import pathway_pages
from cds_service.hooks.responses import on_defect, on_http_error
from cds_service.hooks.routes import Clock, Discovery, FeedbackCall, ServiceCall, ShortWay, hook_routes
from cds_service.london_time import london_day
from cds_service.pages.render import Pages
from cds_service.pages.style_sheet import style_sheet_route
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.sign_off import state_of
from cds_service.security.clients import Client
from cds_service.settings import Settings
from cds_service.wiring.checker import build_checker
from cds_service.wiring.edge import Edge, Edges
from cds_service.wiring.exchange import fhir_server
from cds_service.wiring.folder import Folder, FolderInForce, read_folder
from cds_service.wiring.folder_watch import FolderWatch, Served, signature_or_none
from cds_service.wiring.history import invented_history
from cds_service.wiring.log import LogParts, build_log, check_database_url
from cds_service.wiring.monitor import Monitor, figure_pages

_logger = logging.getLogger(__name__)


class UncleanLifeError(Exception):
    """The service could not start or stop as it should; the log line before it says where."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """What lives as long as the process, whatever the configuration folder becomes."""

    settings: Settings
    log: LogParts
    edges: Edges
    pages: Pages
    monitor: Monitor
    configuration: ConfigurationState
    in_force: FolderInForce
    now: Clock


def create_app(settings: Settings | None = None, *, clock: Clock | None = None) -> ASGIApp:
    """Build the application; it re-reads its configuration folder while it runs.

    Args:
        settings: the process's settings; read from the environment when left out (as uvicorn's workers do).
        clock: the aware time now; the real one when left out.

    Raises:
        NoClientError: authentication is required, and no client could be let in.
        PathwayFileError, ConfigurationError, ClientsFileError, AccessFileError, ValueSetError: a file of the
            configuration folder is wrong.
        NoClientSecretError: people are to sign in to the monitor, and the secret for that is missing.
        DatabaseSettingError: the card log's database URL cannot be used.
        CardLogStoreError, SchemaError, SpoolError, EpisodeSecretError: the card log cannot be opened.
    """
    settings = settings if settings is not None else Settings()
    now = clock if clock is not None else _now
    signature = signature_or_none(settings.config)  # first, so that what is written while the folder is read is noticed
    check_database_url(settings)
    today = _today(now)
    folder = read_folder(settings, today)
    in_force = FolderInForce(folder)
    edges = Edges(settings)
    edge = edges.edge_for(folder.clients)
    pathways = folder.register.in_force(today)
    pages = Pages({**PATHWAY_TEMPLATES, **CHECKER_TEMPLATES}, prefix=urlsplit(settings.public_url).path)
    standing = _Standing(
        settings=settings,
        log=build_log(settings, now, invented_history(settings, pathways)),
        edges=edges,
        pages=pages,
        monitor=Monitor(settings, in_force.regions, now, figure_pages(settings, in_force, now)),
        configuration=ConfigurationState(now()),
        in_force=in_force,
        now=now,
    )
    behind = _behind(standing, folder, standing.monitor.routes(folder.monitor_access))
    served = _served(standing, signature, today, folder, behind, edge)
    watch = FolderWatch(
        settings.config, served, partial(_serve, standing), standing.configuration, now, settings.reload_seconds
    )
    return _WholeLife(watch, Router(lifespan=_lifespan(standing.log, watch, standing.monitor)))


def _serve(standing: _Standing, before: Served, signature: bytes) -> Served:
    """What the folder is now, as an application; callers come in by the same edge as before where no client changed."""
    today = _today(standing.now)
    folder = read_folder(standing.settings, today)
    behind = _behind(standing, folder, standing.monitor.routes(folder.monitor_access))
    # Last: whatever fails after it would leave its clients' connections reserved, with nobody to let go of them.
    is_same = before.clients == folder.clients
    edge = before.edge if is_same else standing.edges.edge_for(folder.clients)
    return _served(standing, signature, today, folder, behind, edge)


def _served(
    standing: _Standing, signature: bytes | None, today: date, folder: Folder, behind: "_Behind", edge: Edge
) -> Served:
    return Served(
        signature=signature,
        day=today,
        app=_application(standing, folder, behind, edge),
        clients=folder.clients,
        edge=edge,
        warnings=(
            *folder.directory.warnings,
            *_silent_regions(folder, today),
            *_speaking_again(folder, standing.in_force.folder, today),
        ),
        take_over=partial(standing.in_force.put, folder),
    )


def _silent_regions(folder: Folder, today: date) -> Iterator[str]:
    return (f"pathway {region}: {why}" for region, why in folder.register.silent(today).items())


def _speaking_again(folder: Folder, before: Folder, today: date) -> Iterator[str]:
    return (
        f"pathway {region}: speaks again; it was silent by the folder that was in force"
        for region in folder.register.speaks_again(before.register, today)
    )


class _Behind(NamedTuple):
    """What a folder becomes behind the edge; everything that may fail is done when there is one.

    Attributes:
        responder: answers hook calls.
        monitor_routes: the monitor's.
        rest: health, pages, the FHIR export.
    """

    responder: Responder
    monitor_routes: Sequence[BaseRoute]
    rest: ASGIApp


def _behind(standing: _Standing, folder: Folder, monitor_routes: Sequence[BaseRoute]) -> _Behind:
    settings, log, now = standing.settings, standing.log, standing.now
    register, directory, terminology = folder.register, folder.directory, folder.terminology
    everyone: list[str] = [NATIONAL.id, *register.regions]
    source_urls = {one: f"{settings.public_url}/pathways/{one}" for one in everyone}
    rest = _fastapi()
    rest.include_router(health_router(log.card_log, _metrics_access(settings), standing.configuration))
    rest.include_router(
        pathway_pages(
            lambda: register.in_force(_today(now)),
            standing.pages,
            lambda region: state_of(register.file_in_force(region, _today(now)), folder.sign_offs),
        )
    )
    rest.router.routes.append(style_sheet_route())
    if settings.checker == "on":
        checker = build_checker(standing.pages, register, directory, terminology, source_urls, now, settings.public_url)
        rest.router.routes.extend(checker_routes(checker))
    rest.mount("/fhir", fhir_server(register, terminology, demo=settings.demo))
    return _Behind(Responder(register, directory, terminology, source_urls), monitor_routes, rest)


def _application(standing: _Standing, folder: Folder, behind: _Behind, edge: Edge) -> ASGIApp:
    settings, log, now = standing.settings, standing.log, standing.now
    service_call = ServiceCall(
        behind.responder,
        CallLogger(log.card_log, folder.register, log.episode_keys, "demo" if settings.demo else "live"),
        edge.door,
        edge.completer,
        now,
    )
    hooks = hook_routes(service_call, FeedbackCall(log.card_log, edge.door, now), Discovery(edge.door))
    # Not mounted: a path that holds a line break fits no mount, and would get a bare text.
    router = Router([*hooks, *behind.monitor_routes], default=behind.rest, redirect_slashes=False)
    return BrowserAccess(LastResort(ShortWay(service_call, router)), _origins(settings, folder.clients))


class _WholeLife:
    """The process's application: its start and end by one part, its requests by the folder that is in force."""

    def __init__(self, requests: ASGIApp, life: ASGIApp) -> None:
        self._requests = requests
        self._life = life

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._life if scope["type"] == "lifespan" else self._requests)(scope, receive, send)


def _now() -> datetime:
    return datetime.now(UTC)


def _today(now: Clock) -> date:
    return london_day(now())


def _origins(settings: Settings, clients: tuple[Client, ...]) -> list[str]:
    """The web origins that may call: any while authentication is off, else those that clients list."""
    if settings.auth == "off":
        return ["*"]
    return sorted({origin for client in clients for origin in client.cors_origins})


def _metrics_access(settings: Settings) -> MetricsAccess:
    token = settings.metrics_token.get_secret_value() if settings.metrics_token is not None else None
    return MetricsAccess(token, is_open=settings.demo)


def _lifespan(log: LogParts, watch: FolderWatch, monitor: Monitor) -> Lifespan[ASGIApp]:
    """Start what runs beside the calls with the process; at the end write what waits, and close."""

    @asynccontextmanager
    async def lifespan(_app: ASGIApp) -> AsyncIterator[None]:
        try:
            async with AsyncExitStack() as ending:  # each is ended, in turn, even where another fails
                log.start()
                ending.callback(monitor.close)
                ending.push_async_callback(asyncio.to_thread, log.close)
                await ending.enter_async_context(watch.running())
                gc.collect()
                gc.freeze()  # what was loaded at start stays: the collector need not look at it again
                yield
        except Exception as error:  # noqa: BLE001 - not to go quiet: it is logged and ends the process
            # The server would print it with its message and its causes, which may hold patient data.
            _logger.error("%s", told_without_words(error))  # noqa: TRY400 - a traceback repeats the message
            raise UncleanLifeError from None

    return lifespan


def _fastapi() -> FastAPI:
    """Everything but the hooks: pages and upkeep. Interactive docs are off because they load from elsewhere."""
    return FastAPI(
        title=TITLE,
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # a redirect would repeat the Host header and the query that came
        exception_handlers={HTTPException: on_http_error, Exception: on_defect},
    )
