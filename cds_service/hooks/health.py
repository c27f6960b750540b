"""Health and metrics for those who run the service."""

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cds_service import __version__
from cds_service.cardlog.writer import EvaluationLog
from cds_service.hooks.responses import json_response


class HealthRoutes:
    """Liveness, readiness and metrics of one process.

    Args:
        card_log: the log whose state decides readiness.
    """

    def __init__(self, card_log: EvaluationLog) -> None:
        self._card_log = card_log

    def routes(self) -> list[Route]:
        """The three routes."""
        return [
            Route("/health/live", self.live, methods=["GET"]),
            Route("/health/ready", self.ready, methods=["GET"]),
            Route("/metrics", self.metrics, methods=["GET"]),
        ]

    async def live(self, _request: Request) -> Response:
        """200 while the process answers at all."""
        return json_response({"status": "live", "version": __version__})

    async def ready(self, _request: Request) -> Response:
        """200 when the card log takes events, else 503; a call is answered all the same."""
        stats = self._card_log.stats
        body = {
            "status": "ready" if stats.healthy else "not ready",
            "cardLog": {"stored": stats.stored, "waiting": stats.waiting, "lost": stats.lost},
        }
        return json_response(body, 200 if stats.healthy else 503)

    async def metrics(self, _request: Request) -> Response:
        """Prometheus' text format."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
