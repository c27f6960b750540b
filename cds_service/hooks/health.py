"""Health and metrics for those who run the service."""

import hmac
from dataclasses import dataclass, field
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from typing_extensions import TypedDict

from cds_service import __version__
from cds_service.cardlog.writer import EvaluationLog
from cds_service.hooks.responses import outcome_response
from cds_service.protocol.operation_outcome import Issue, ProtocolError


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


NOT_KEPT = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""Headers of every answer here: it is true now, and is what it says it is."""


def _described(description: str, model: str) -> dict[str, Any]:
    """An answer for the OpenAPI document, which holds the schema itself; FastAPI need not build it at each start."""
    schema = {"$ref": f"#/components/schemas/{model}"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


@dataclass(frozen=True, slots=True)
class MetricsAccess:
    """Who may read `/metrics`: how much is asked of which EHR is not everyone's business.

    Attributes:
        token: what a scraper must send as its bearer token; None lets nobody in.
        is_open: lets everyone in, for the demo.
    """

    token: str | None = field(default=None, repr=False)
    is_open: bool = False

    def allows(self, authorization: str | None) -> bool:
        """Whether a request with this Authorization header may read them."""
        if self.is_open or self.token is None:
            return self.is_open
        return hmac.compare_digest((authorization or "").encode(), f"Bearer {self.token}".encode())


METRICS_REFUSED = ProtocolError(
    401,
    [
        Issue(
            "login", "Send the metrics token as Authorization: Bearer. The operator sets it: CDS_SERVICE_METRICS_TOKEN."
        )
    ],
    {"WWW-Authenticate": 'Bearer realm="metrics"'},
)


def health_router(card_log: EvaluationLog, metrics_access: MetricsAccess) -> APIRouter:
    """`/health/live`, `/health/ready` and `/metrics` of one process.

    Args:
        card_log: the log whose state decides readiness.
        metrics_access: who may read `/metrics`.
    """
    router = APIRouter(tags=["upkeep"])

    @router.get("/health/live", responses={200: _described("The process answers.", "Live")})
    async def live() -> JSONResponse:
        """200 while the process answers at all."""
        state: Live = {"status": "live", "version": __version__}
        return JSONResponse(state, headers=NOT_KEPT)

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
        return JSONResponse(state, status_code=200 if stats.healthy else 503, headers=NOT_KEPT)

    @router.get(
        "/metrics",
        response_class=Response,
        responses={
            200: {"content": {"text/plain": {}}},
            401: _described("The metrics token is missing or another.", "OperationOutcome"),
        },
    )
    async def metrics(request: Request) -> Response:
        """Counters in Prometheus' text format, for whoever has the metrics token."""
        if not metrics_access.allows(request.headers.get("authorization")):
            return outcome_response(METRICS_REFUSED)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST, headers=NOT_KEPT)

    return router
