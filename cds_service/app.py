"""Wiring: from settings to an ASGI application. Everything that can be wrong with a configuration stops here."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.routing import Mount, Router
from starlette.types import ASGIApp, Lifespan

from cds_service import __version__
from cds_service.cardlog.store import CardLogStore
from cds_service.cardlog.writer import CardLog, EvaluationLog, NoCardLog
from cds_service.demo.fhir_server import fixture_fhir_app
from cds_service.directory import load_directory
from cds_service.hooks.answers import Responder
from cds_service.hooks.browsers import BrowserAccess
from cds_service.hooks.health import health_router
from cds_service.hooks.last_resort import LastResort
from cds_service.hooks.openapi import TITLE
from cds_service.hooks.pathway_pages import pathway_pages
from cds_service.hooks.responses import on_defect, on_http_error
from cds_service.hooks.routes import Clock, FeedbackCall, ServiceCall, hook_routes
from cds_service.pathway.loading import NATIONAL, footprint_regions, load_pathways
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


class DatabaseSettingError(Exception):
    """The card log's database URL cannot be used; the message holds no part of it."""


def create_app(settings: Settings | None = None, *, clock: Clock | None = None) -> ASGIApp:
    """Build the application.

    Args:
        settings: the process's settings; read from the environment when left out (as uvicorn's workers do).
        clock: the aware time now; the real one when left out.

    Raises:
        AuthenticationNotAvailableError: authentication was not switched off.
        PathwayFileError, ConfigurationError, ClientsFileError: a file of the configuration folder is wrong.
        DatabaseSettingError: the card log's database URL cannot be used.
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
    source_urls: dict[str, str] = {
        NATIONAL.id: f"{settings.public_url}/pathways/{NATIONAL.id}",
        **{
            region: str(pathway.document.url or f"{settings.public_url}/pathways/{region}")
            for region, pathway in pathways.items()
        },
    }
    responder = Responder(pathways, directory, load_terminology(), source_urls)
    card_log, store = _card_log(settings)
    now = clock if clock is not None else _now
    client = unauthenticated_caller(clients)
    hooks = hook_routes(ServiceCall(responder, card_log, client, now), FeedbackCall(card_log, now))
    rest = _fastapi()
    rest.include_router(health_router(card_log))
    rest.include_router(pathway_pages(pathways))
    if settings.demo:
        rest.mount("/fhir", fixture_fhir_app())
    router = Router([*hooks, Mount("/", rest)], lifespan=_lifespan(card_log, store))
    return BrowserAccess(LastResort(router))


def _now() -> datetime:
    return datetime.now(UTC)


def _card_log(settings: Settings) -> tuple[EvaluationLog, CardLogStore | None]:
    if settings.card_log == "off":
        return NoCardLog(), None
    try:
        store = CardLogStore(settings.database_url)
    except (ValueError, OSError) as error:
        msg = f"CDS_SERVICE_DATABASE_URL: {error.strerror if isinstance(error, OSError) else error}"
        raise DatabaseSettingError(msg) from None
    store.create_schema()
    return CardLog(store), store


def _lifespan(card_log: EvaluationLog, store: CardLogStore | None) -> Lifespan[ASGIApp]:
    """Start the card log's writer with the process; at the end write what waits, and close."""

    @asynccontextmanager
    async def lifespan(_app: ASGIApp) -> AsyncIterator[None]:
        card_log.start()
        gc.collect()
        gc.freeze()  # what was loaded at start stays: the collector need not look at it again
        yield
        await asyncio.to_thread(card_log.close)
        if store is not None:
            store.dispose()

    return lifespan


def _fastapi() -> FastAPI:
    """Everything but the hooks: pages and upkeep. Interactive docs are off because they load from elsewhere."""
    return FastAPI(
        title=TITLE,
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        exception_handlers={HTTPException: on_http_error, Exception: on_defect},
    )
