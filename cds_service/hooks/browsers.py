"""CORS, for callers that are browsers: the public sandbox is one, an EHR's server is not."""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

ALLOWED_HEADERS = ("Authorization", "Content-Type", "Accept")
"""Named one by one: by the Fetch standard `*` does not cover Authorization."""


class BrowserAccess:
    """Adds CORS headers to every answer to a browser, errors included, and answers its preflights.

    A call without an `Origin` header comes from no browser: it goes straight through.

    Args:
        app: the application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._with_cors = CORSMiddleware(
            app, allow_origins=["*"], allow_methods=["GET", "POST"], allow_headers=ALLOWED_HEADERS, max_age=600
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and any(name == b"origin" for name, _ in scope["headers"]):
            await self._with_cors(scope, receive, send)
        else:
            await self._app(scope, receive, send)
