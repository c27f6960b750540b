"""Health and metrics for those who run the service."""

import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, NotRequired

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from typing_extensions import TypedDict

from cds_service import __version__
from cds_service.cardlog.card_log import EvaluationLog
from cds_service.hooks.metrics import observe_card_log, observe_configuration
from cds_service.hooks.responses import outcome_response
from cds_service.protocol.operation_outcome import Issue, ProtocolError


class Live(TypedDict):
    """The process answers."""

    status: Literal["live"]
    version: str


class CardLogState(TypedDict):
    """Where evaluations go now, and what became of those of this process; `answered` is always `stored` + `lost`."""

    state: Literal["writing", "spooling", "losing", "off"]
    answered: int
    stored: int
    lost: int
    late: int
    spooled: int


class FolderInForce(TypedDict):
    """Since when the folder is in force as it was read, and why a later state of it was refused, if one was."""

    inForceSince: str
    refusedSince: NotRequired[str]
    reason: NotRequired[str]


class Ready(TypedDict):
    """Whether what is answered is stored."""

    status: Literal["ready", "not ready"]
    cardLog: CardLogState
    configuration: FolderInForce


@dataclass(slots=True)
class ConfigurationState:
    """How the configuration folder of this process stands.

    Attributes:
        in_force_since: when what is in force was read; aware.
        refused_since: since when the folder holds what was refused; None while it holds nothing such.
        reason: why it was refused, without any value of a file; None as above.
    """

    in_force_since: datetime
    refused_since: datetime | None = None
    reason: str | None = None


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


def health_router(
    card_log: EvaluationLog, metrics_access: MetricsAccess, configuration: ConfigurationState
) -> APIRouter:
    """`/health/live`, `/health/ready` and `/metrics` of one process.

    Args:
        card_log: the log whose state decides readiness.
        metrics_access: who may read `/metrics`.
        configuration: how the configuration folder stands; a refused one is told and is no reason to stop calls.
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
            200: _described("What is answered is stored: in the card log's database, or in the spool.", "Ready"),
            503: _described("What is answered now is lost to the card log.", "Ready"),
        },
    )
    async def ready() -> JSONResponse:
        """200 when what is answered is stored, else 503; a hook call is answered all the same."""
        stats = card_log.stats
        state: Ready = {
            "status": "ready" if stats.healthy else "not ready",
            "cardLog": {
                "state": stats.state,
                "answered": stats.answered,
                "stored": stats.stored,
                "lost": stats.lost,
                "late": stats.late,
                "spooled": stats.spooled,
            },
            "configuration": _folder_in_force(configuration),
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
        observe_card_log(card_log.stats)
        observe_configuration(configuration.in_force_since, configuration.refused_since)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST, headers=NOT_KEPT)

    return router


def _folder_in_force(configuration: ConfigurationState) -> FolderInForce:
    state: FolderInForce = {"inForceSince": _moment(configuration.in_force_since)}
    if configuration.refused_since is not None:
        state["refusedSince"] = _moment(configuration.refused_since)
    if configuration.reason is not None:
        state["reason"] = configuration.reason
    return state


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
