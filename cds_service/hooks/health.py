"""Health and metrics for those who run the service."""

from typing import Literal

from fastapi import APIRouter, Response
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


def health_router(card_log: EvaluationLog) -> APIRouter:
    """`/health/live`, `/health/ready` and `/metrics` of one process.

    Args:
        card_log: the log whose state decides readiness.
    """
    router = APIRouter(tags=["upkeep"])

    @router.get("/health/live")
    async def live() -> Live:
        """200 while the process answers at all."""
        return {"status": "live", "version": __version__}

    @router.get("/health/ready", responses={503: {"model": Ready, "description": "The card log takes no events."}})
    async def ready(response: Response) -> Ready:
        """200 when the card log takes events, else 503; a hook call is answered all the same."""
        stats = card_log.stats
        response.status_code = 200 if stats.healthy else 503
        return {
            "status": "ready" if stats.healthy else "not ready",
            "cardLog": {"stored": stats.stored, "waiting": stats.waiting, "lost": stats.lost},
        }

    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics() -> Response:
        """Counters in Prometheus' text format."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router
