"""Wiring: from settings to an ASGI application. Everything that can be wrong with a configuration stops here."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp

from cds_service import __version__
from cds_service.cardlog.store import CardLogStore
from cds_service.cardlog.writer import CardLog, EvaluationLog, NoCardLog
from cds_service.demo.fhir_server import fixture_fhir_app
from cds_service.directory import load_directory
from cds_service.hooks.answers import Responder
from cds_service.hooks.health import HealthRoutes
from cds_service.hooks.last_resort import LastResort
from cds_service.hooks.pathway_pages import PathwayPages
from cds_service.hooks.responses import on_disconnect, on_http_error, on_protocol_error
from cds_service.hooks.routes import Clock, HookRoutes
from cds_service.pathway.loading import NATIONAL, footprint_regions, load_pathways
from cds_service.protocol.operation_outcome import ProtocolError
from cds_service.security.clients import load_clients, unauthenticated_caller
from cds_service.settings import Settings
from cds_service.terminology import load_terminology

_logger = logging.getLogger(__name__)


class AuthenticationNotAvailableError(Exception):
    """`CDS_SERVICE_AUTH=required`, which this version cannot do yet."""

    def __init__(self) -> None:
        super().__init__(
            "Client authentication is required by default and is not part of this version yet. To run without it, on a "
            "network where only your EHR can reach the service, say so: CDS_SERVICE_AUTH=off"
        )


def create_app(settings: Settings | None = None, *, clock: Clock | None = None) -> ASGIApp:
    """Build the application.

    Args:
        settings: the process's settings; read from the environment when left out (as uvicorn's workers do).
        clock: the aware time now; the real one when left out.

    Raises:
        AuthenticationNotAvailableError: authentication was not switched off.
        PathwayFileError, ConfigurationError, ClientsFileError: a file of the configuration folder is wrong.
        CardLogStoreError: the card log's database cannot be opened.
    """
    settings = settings if settings is not None else Settings()
    if settings.auth == "required":
        raise AuthenticationNotAvailableError
    pathways = load_pathways(settings.config / "pathways")
    directory = load_directory(settings.config, footprint_regions(pathways))
    clients = load_clients(settings.config / "clients.yaml", frozenset(pathways))
    for warning in directory.warnings:
        _logger.warning("%s", warning)
    source_urls = {
        NATIONAL.id: f"{settings.public_url}/pathways/{NATIONAL.id}",
        **{
            region: str(pathway.document.url or f"{settings.public_url}/pathways/{region}")
            for region, pathway in pathways.items()
        },
    }
    responder = Responder(pathways, directory, load_terminology(), source_urls)
    card_log, store = _card_log(settings)
    app = _fastapi(card_log, store)
    now = clock if clock is not None else _now
    hook_routes = HookRoutes(responder, card_log, unauthenticated_caller(clients), now)
    app.router.routes.extend(hook_routes.routes())
    app.router.routes.extend(HealthRoutes(card_log).routes())
    app.router.routes.extend(PathwayPages(pathways).routes())
    if settings.demo:
        app.mount("/fhir", fixture_fhir_app())
    return LastResort(_with_cors(app))


def _now() -> datetime:
    return datetime.now(UTC)


def _card_log(settings: Settings) -> tuple[EvaluationLog, CardLogStore | None]:
    if settings.card_log == "off":
        return NoCardLog(), None
    store = CardLogStore(settings.database_url)
    store.create_schema()
    return CardLog(store), store


def _fastapi(card_log: EvaluationLog, store: CardLogStore | None) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        card_log.start()
        yield
        card_log.close()
        if store is not None:
            store.dispose()

    return FastAPI(
        title="MSK imaging pathway CDS Hooks service",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        exception_handlers={
            ProtocolError: on_protocol_error,
            HTTPException: on_http_error,
            ClientDisconnect: on_disconnect,
        },
    )


def _with_cors(app: ASGIApp) -> ASGIApp:
    """Browser clients: any origin while authentication is off; errors carry the headers too, since this is outside."""
    return CORSMiddleware(
        app,
        allow_origins=["*"],
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type", "Accept"],
        max_age=600,
    )
