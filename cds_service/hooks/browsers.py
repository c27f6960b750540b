"""CORS, for callers that are browsers: the public sandbox is one, an EHR's server is not."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from cds_service.hooks.correlation import correlated

ALLOWED_HEADERS = ("Authorization", "Content-Type", "Accept")
"""Named one by one: by the Fetch standard `*` does not cover Authorization."""

READABLE_HEADERS = ("X-Correlation-ID", "WWW-Authenticate", "Retry-After")
"""What a page may read of an answer beside its body: what a developer asks about."""


class BrowserAccess:
    """Adds CORS headers to every answer to a browser, errors included, and answers its preflights.

    A call without an `Origin` header comes from no browser: it goes straight through.

    Args:
        app: the application.
        origins: those that may call; `*` for any (`design.md`, "Contracts").
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
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
        is_preflight = any(name == b"access-control-request-method" for name, _ in scope["headers"])
        await self._with_cors(scope, receive, correlated(send) if is_preflight else send)
