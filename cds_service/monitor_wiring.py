"""The monitor of one process, from its settings: who may see it, and its pages."""

from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cds_service.monitor.access.cookies import SessionCookie
from cds_service.monitor.access.demo_sign_in import DemoSignIn
from cds_service.monitor.access.guard import Guard, GuardedPage
from cds_service.monitor.access.pages import no_such_page, not_set_up_page
from cds_service.monitor.access.sessions import Sessions
from cds_service.monitor.access.sign_out import sign_out_route
from cds_service.settings import Settings

WITHOUT_FOOTPRINT = ("other", "unresolved")
"""What the card log has as region where no footprint applied: seen by those alone to whom it was granted by name."""


def monitor_routes(settings: Settings, regions: Iterable[str], pages: Iterable[GuardedPage]) -> list[BaseRoute]:
    """Everything below `/monitor`.

    Args:
        settings: the process's settings.
        regions: ids of the loaded pathways.
        pages: the monitor's pages.
    """
    if not settings.demo:
        return [*_everywhere(_not_set_up)]
    base_path = urlsplit(settings.public_url).path.rstrip("/")
    is_https = settings.public_url.startswith("https://")
    sessions = Sessions()
    cookie = SessionCookie("cds-monitor", is_https=is_https)
    demo_sign_in = DemoSignIn(
        base_path,
        [*sorted(regions), *WITHOUT_FOOTPRINT],
        sessions,
        cookie,
        SessionCookie("cds-monitor-form", is_https=is_https),
    )

    async def unknown(_request: Request) -> Response:
        return no_such_page(base_path)

    return [
        *demo_sign_in.routes(),
        sign_out_route(base_path, sessions, cookie),
        *Guard(base_path, sessions, cookie).routes(pages),
        *_everywhere(unknown),
    ]


async def _not_set_up(_request: Request) -> Response:
    return not_set_up_page()


def _everywhere(endpoint: Callable[[Request], Awaitable[Response]]) -> list[Route]:
    return [Route("/monitor", endpoint), Route("/monitor/{rest:path}", endpoint)]
