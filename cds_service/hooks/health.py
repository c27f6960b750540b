"""Health and metrics for those who run the service."""

from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from typing_extensions import TypedDict

from cds_service import __version__
from cds_service.cardlog.writer import EvaluationLog


class Live(TypedDict):
    """The process answers."""

    status: Literal["live"]
    version: str


class CardLogState(TypedDict):
    """Evaluations of this process: stored, waiting for the database, and lost."""

    stored: int
    waiting: int
    lost: int


class Ready(TypedDict):
    """Whether the card log takes events."""

    status: Literal["ready", "not ready"]
    cardLog: CardLogState


def _described(description: str, model: str) -> dict[str, Any]:
    """An answer for the OpenAPI document, which holds the schema itself; FastAPI need not build it at each start."""
    schema = {"$ref": f"#/components/schemas/{model}"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def health_router(card_log: EvaluationLog) -> APIRouter:
    """`/health/live`, `/health/ready` and `/metrics` of one process.

    Args:
        card_log: the log whose state decides readiness.
    """
    router = APIRouter(tags=["upkeep"])

    @router.get("/health/live", responses={200: _described("The process answers.", "Live")})
    async def live() -> JSONResponse:
        """200 while the process answers at all."""
        state: Live = {"status": "live", "version": __version__}
        return JSONResponse(state)

    @router.get(
        "/health/ready",
        responses={
            200: _described("The card log takes events.", "Ready"),
            503: _described("The card log takes no events.", "Ready"),
        },
    )
    async def ready() -> JSONResponse:
        """200 when the card log takes events, else 503; a hook call is answered all the same."""
        stats = card_log.stats
        state: Ready = {
            "status": "ready" if stats.healthy else "not ready",
            "cardLog": {"stored": stats.stored, "waiting": stats.waiting, "lost": stats.lost},
        }
        return JSONResponse(state, status_code=200 if stats.healthy else 503)

    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics() -> Response:
        """Counters in Prometheus' text format."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router
