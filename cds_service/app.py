"""Wiring: from settings to an ASGI application. Everything that can be wrong with a configuration stops here."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from importlib import resources
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.routing import Mount, Router
from starlette.types import ASGIApp, Lifespan

from cds_service import __version__
from cds_service.cardlog.coarse import london_day_and_hour
from cds_service.checker.routes import TEMPLATES as CHECKER_TEMPLATES
from cds_service.checker.routes import checker_routes
from cds_service.checker_wiring import build_checker
from cds_service.demo.fhir_server import fixture_fhir_app
from cds_service.directory import load_directory
from cds_service.edge import Edge
from cds_service.history_wiring import invented_history
from cds_service.hooks.answers import Responder
from cds_service.hooks.browsers import BrowserAccess
from cds_service.hooks.health import MetricsAccess, health_router
from cds_service.hooks.last_resort import LastResort, told_without_words
from cds_service.hooks.log_events import CallLogger
from cds_service.hooks.openapi import TITLE
from cds_service.hooks.pathway_pages import TEMPLATES as PATHWAY_TEMPLATES
from cds_service.hooks.pathway_pages import pathway_pages
from cds_service.hooks.responses import on_defect, on_http_error
from cds_service.hooks.routes import Clock, Discovery, FeedbackCall, ServiceCall, ShortWay, hook_routes
from cds_service.log_wiring import LogParts, build_log
from cds_service.monitor_wiring import Monitor, build_monitor, figure_pages
from cds_service.pages.render import Pages
from cds_service.pages.style_sheet import style_sheet_route
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.proof_record import prove_what_is_new
from cds_service.pathway.register import PathwayRegister
from cds_service.pathway.sign_off import read_sign_offs, state_of
from cds_service.security.clients import Client, unauthenticated_caller
from cds_service.security.clients_file import load_clients
from cds_service.security.door import OpenDoor
from cds_service.settings import Settings
from cds_service.terminology import load_terminology

_logger = logging.getLogger(__name__)


class NoClientError(Exception):
    """`CDS_SERVICE_AUTH=required`, and nobody could ever be let in."""

    def __init__(self) -> None:
        super().__init__(
            "Client authentication is required, and clients.yaml of the configuration folder names no client whose "
            "token could be checked. Add one with its issuer and jwks_url (cds-service clients new writes the entry), "
            "or, on a network where only your EHR can reach the service, say CDS_SERVICE_AUTH=off"
        )


class UncleanLifeError(Exception):
    """The service could not start or stop as it should; the log line before it says where."""


def create_app(settings: Settings | None = None, *, clock: Clock | None = None) -> ASGIApp:
    """Build the application.

    Args:
        settings: the process's settings; read from the environment when left out (as uvicorn's workers do).
        clock: the aware time now; the real one when left out.

    Raises:
        NoClientError: authentication is required, and no client could be let in.
        PathwayFileError, ConfigurationError, ClientsFileError: a file of the configuration folder is wrong.
        DatabaseSettingError, CardLogStoreError, SchemaError, SpoolError, EpisodeSecretError: the card log cannot
            be opened.
    """
    settings = settings if settings is not None else Settings()
    now = clock if clock is not None else _now
    register = PathwayRegister.load(settings.config / "pathways")
    prove_what_is_new(register.files, settings.config / "pathways")
    today = london_day_and_hour(now())[0]
    pathways = register.in_force(today)
    sign_offs = read_sign_offs(settings.config)
    signed = {region: state_of(register.file_in_force(region, today), sign_offs) for region in register.regions}
    directory = load_directory(settings.config, register.footprints)
    clients = _clients(settings, register.regions)
    for warning in directory.warnings:
        _logger.warning("%s", warning)
    source_urls: dict[str, str] = {
        NATIONAL.id: f"{settings.public_url}/pathways/{NATIONAL.id}",
        **{
            region: str(pathway.document.url or f"{settings.public_url}/pathways/{region}")
            for region, pathway in pathways.items()
        },
    }
    terminology = load_terminology()
    responder = Responder(register, directory, terminology, source_urls)
    edge = _edge(settings, clients)
    log = build_log(settings, now, invented_history(settings, pathways))
    service_call = ServiceCall(
        responder,
        CallLogger(log.card_log, register, log.episode_keys, "demo" if settings.demo else "live"),
        edge.door,
        edge.completer,
        now,
    )
    hooks = hook_routes(service_call, FeedbackCall(log.card_log, edge.door, now), Discovery(edge.door))
    rest = _fastapi()
    rest.include_router(health_router(log.card_log, _metrics_access(settings)))
    pages = Pages({**PATHWAY_TEMPLATES, **CHECKER_TEMPLATES}, prefix=urlsplit(settings.public_url).path)
    rest.include_router(pathway_pages(pathways, pages, signed))
    rest.router.routes.append(style_sheet_route())
    if settings.checker == "on":
        checker = build_checker(pages, register, directory, terminology, source_urls, now, settings.public_url)
        rest.router.routes.extend(checker_routes(checker))
    if settings.demo:
        rest.mount("/fhir", fixture_fhir_app())
    figures = figure_pages(settings, register, directory, now, pages)
    monitor = build_monitor(settings, pathways, now, figures)
    routes = [*hooks, *monitor.routes, Mount("/", rest)]
    router = Router(routes, redirect_slashes=False, lifespan=_lifespan(log, edge, monitor))
    return BrowserAccess(LastResort(ShortWay(service_call, router)), _origins(settings, clients))


def _now() -> datetime:
    return datetime.now(UTC)


def _clients(settings: Settings, regions: frozenset[str]) -> tuple[Client, ...]:
    """The deployment's clients; a demo that asks for tokens and names none trusts the public sandbox."""
    clients = load_clients(settings.config / "clients.yaml", regions, demo=settings.demo)
    if settings.demo and settings.auth == "required" and not clients:
        here = (settings.public_url, settings.public_url.replace("127.0.0.1", "localhost"))
        with resources.as_file(resources.files("cds_service.demo") / "sandbox-clients.yaml") as path:
            sandbox = load_clients(path, regions, demo=True)
        return tuple(client.model_copy(update={"audiences": here}) for client in sandbox)
    return clients


def _edge(settings: Settings, clients: tuple[Client, ...]) -> Edge:
    """Who may call and what may be read, with what that needs; nothing of it is loaded where neither is asked for."""
    if settings.auth == "required":
        if not any(client.can_be_authenticated for client in clients):
            raise NoClientError
    elif not any(client.fhir_servers for client in clients):
        return Edge(OpenDoor(unauthenticated_caller(clients)))
    from cds_service.guarded_edge import build_edge  # noqa: PLC0415 - half a second to load, which a start without it saves

    return build_edge(settings, clients)


def _origins(settings: Settings, clients: tuple[Client, ...]) -> list[str]:
    """The web origins that may call: any while authentication is off, else those that clients list."""
    if settings.auth == "off":
        return ["*"]
    return sorted({origin for client in clients for origin in client.cors_origins})


def _metrics_access(settings: Settings) -> MetricsAccess:
    token = settings.metrics_token.get_secret_value() if settings.metrics_token is not None else None
    return MetricsAccess(token, is_open=settings.demo)


def _lifespan(log: LogParts, edge: Edge, monitor: Monitor) -> Lifespan[ASGIApp]:
    """Start what runs beside the calls with the process; at the end write what waits, and close."""

    @asynccontextmanager
    async def lifespan(_app: ASGIApp) -> AsyncIterator[None]:
        try:
            async with AsyncExitStack() as ending:  # each is ended, in turn, even where another fails
                log.start()
                ending.callback(monitor.close)
                ending.push_async_callback(asyncio.to_thread, log.close)
                await ending.enter_async_context(edge.running())
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
