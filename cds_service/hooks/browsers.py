"""CORS, for callers that are browsers: the public sandbox is one, an EHR's server is not."""

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from cds_service.hooks.last_resort import LastResort
from cds_service.hooks.responses import FOR_EVERY_ANSWER, outcome_response
from cds_service.protocol.operation_outcome import Issue, ProtocolError

ALLOWED_HEADERS = ("Authorization", "Content-Type", "Accept")
"""Named one by one: by the Fetch standard `*` does not cover Authorization."""

READABLE_HEADERS = ("X-Correlation-ID", "WWW-Authenticate", "Retry-After")
"""What a page may read of an answer beside its body: what a developer asks about."""

_NOT_OF_A_REFUSAL = {"content-length", "content-type", "access-control-allow-private-network"}

_NOT_FROM_THERE = Issue(
    "forbidden",
    "A web page may not call so. Call from an origin that is among the cors_origins of your client, with GET or POST, "
    f"and with no headers but {', '.join(ALLOWED_HEADERS)}.",
)
"""Which of the three was wrong the headers of the answer tell: a page's developer sees there what is allowed."""


class BrowserAccess:
    """Adds CORS headers to every answer to a browser, errors included, and answers its preflights.

    A call without an `Origin` header comes from no browser: it goes straight through.

    Args:
        app: the application.
        origins: those that may call; `*` for any (docs/security.md, "Headers and CORS").
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._preflights = LastResort(self._answer_preflight)
        self._with_cors = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["GET", "POST"],
            allow_headers=ALLOWED_HEADERS,
            expose_headers=READABLE_HEADERS,
            max_age=600,
            allow_private_network=True,  # an origin that may call may do so where the service stands inside a network
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or all(name != b"origin" for name, _ in scope["headers"]):
            await self._app(scope, receive, send)
            return
        is_preflight = scope["method"] == "OPTIONS" and any(
            name == b"access-control-request-method" for name, _ in scope["headers"]
        )
        await (self._preflights if is_preflight else self._with_cors)(scope, receive, send)

    async def _answer_preflight(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = self._with_cors.preflight_response(request_headers=Headers(scope=scope))
        if response.status_code < 400:  # noqa: PLR2004 - HTTP's own class
            response.raw_headers += FOR_EVERY_ANSWER
        else:
            headers = {name: value for name, value in response.headers.items() if name not in _NOT_OF_A_REFUSAL}
            response = outcome_response(ProtocolError(400, [_NOT_FROM_THERE], headers))
        await response(scope, receive, send)
