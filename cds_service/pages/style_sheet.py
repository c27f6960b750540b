"""The one style sheet, under an address that names its content, so that browsers may keep it for good."""

from functools import cache
from hashlib import sha256
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@cache
def style_sheet() -> bytes:
    """The style sheet of every page."""
    return (resources.files("cds_service.pages") / "static" / "pages.css").read_bytes()


@cache
def style_sheet_address() -> str:
    """Where it is served, from the root of the service; another content has another address."""
    return f"/static/pages.{sha256(style_sheet()).hexdigest()[:16]}.css"


def style_sheet_route() -> Route:
    """The route that serves it."""
    return Route(style_sheet_address(), _show, methods=["GET"])


async def _show(_request: Request) -> Response:
    return Response(
        style_sheet(),
        media_type="text/css",
        headers={
            "Cache-Control": "public, max-age=31536000, immutable",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
        },
    )
