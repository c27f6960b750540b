"""The guard before every page of the monitor: nothing is served that does not name the permission it needs.

A page is written as a `GuardedPage`, and `Guard.routes` makes routes of them. The guard finds out who asks, holds the
page's permission against every region that the address names, and only then has the page made:

    def overview(request: Request, visit: Visit) -> Response:
        figures = reports.counts_by_week(regions=visit.regions)
        ...

    GuardedPage("/monitor", Permission.SEE_CHARTS, overview)

Regions stand in the address as `?region=nwl`, as often as there are regions, or as the path's `{region}`. A page asks
the card log for `visit.regions` and for no others.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import cast
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from cds_service.monitor.access.cookies import SessionCookie
from cds_service.monitor.access.pages import refused_page
from cds_service.monitor.access.permissions import Permission
from cds_service.monitor.access.sessions import Session, Sessions
from cds_service.monitor.access.viewer import NotPermittedError, Viewer


@dataclass(frozen=True, slots=True)
class Visit:
    """One request that was let through.

    Attributes:
        viewer: who asks.
        permission: the page's.
        regions: what the page may be about: the regions that the address names, else all for which the viewer holds
            the permission. In order, in lower case, never empty.
        form_token: what a form of the page has to send back in its field `form_token`.
    """

    viewer: Viewer
    permission: Permission
    regions: tuple[str, ...]
    form_token: str


Endpoint = Callable[[Request, Visit], Response] | Callable[[Request, Visit], Awaitable[Response]]
"""What makes a page. One that is not a coroutine function runs in a thread, and may wait for the database."""


@dataclass(frozen=True, slots=True)
class GuardedPage:
    """A page of the monitor, with what it takes to see it.

    Attributes:
        path: from the root of the service, beginning with `/monitor`.
        permission: what must be held for every region that the address names, and for one at least.
        endpoint: what makes it.
        methods: as a rule GET alone; a form that comes by POST must bring the visit's form token.
    """

    path: str
    permission: Permission
    endpoint: Endpoint
    methods: tuple[str, ...] = ("GET",)


class GuardedRoute(Route):
    """The route of a `GuardedPage`."""

    page: GuardedPage


class Guard:
    """Lets those in who may.

    Args:
        base_path: the path of the service's public address, without a closing slash; empty at the root of a host.
        sessions: who is signed in.
        cookie: where a browser keeps its session's secret.
    """

    def __init__(self, base_path: str, sessions: Sessions, cookie: SessionCookie) -> None:
        self._base_path = base_path
        self._sessions = sessions
        self._cookie = cookie

    def routes(self, pages: Iterable[GuardedPage]) -> list[GuardedRoute]:
        """The routes of pages."""
        return [self._route(page) for page in pages]

    def _route(self, page: GuardedPage) -> GuardedRoute:
        async def guarded(request: Request) -> Response:
            session = await self._session_of(request)
            if session is None:
                return self._to_sign_in(request)
            try:
                regions = regions_permitted(session.viewer, page.permission, _regions_named(request))
                visit = Visit(session.viewer, page.permission, regions, session.form_token)
                return await _made(page.endpoint, request, visit)
            except NotPermittedError as error:
                return refused_page(self._base_path, session, error)

        route = GuardedRoute(page.path, guarded, methods=list(page.methods))
        route.page = page
        return route

    async def _session_of(self, request: Request) -> Session | None:
        secret = self._cookie.read(request)
        return None if secret is None else await run_in_threadpool(self._sessions.resume, secret)

    def _to_sign_in(self, request: Request) -> Response:
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(
            f"{self._base_path}/monitor/sign-in?{urlencode({'return': wanted})}",
            status_code=303,
            headers={"Cache-Control": "no-store"},
        )


def regions_permitted(viewer: Viewer, permission: Permission, named: Sequence[str]) -> tuple[str, ...]:
    """The regions that a request may be about.

    Args:
        viewer: who asks.
        permission: what the page needs.
        named: the regions that the address names.

    Raises:
        NotPermittedError: the permission is not held, or not for each of them.
    """
    if not viewer.may(permission):
        raise NotPermittedError(permission)
    for region in named:
        viewer.require(permission, region)
    return tuple(sorted({region.lower() for region in named})) or viewer.footprints(permission)


def _regions_named(request: Request) -> list[str]:
    """The regions of the address; a filter that was left empty names none."""
    named = [*request.query_params.getlist("region"), request.path_params.get("region", "")]
    return [region for region in named if region]


async def _made(endpoint: Endpoint, request: Request, visit: Visit) -> Response:
    if iscoroutinefunction(endpoint):
        return cast("Response", await endpoint(request, visit))
    return await run_in_threadpool(cast("Callable[[Request, Visit], Response]", endpoint), request, visit)
