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

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from inspect import iscoroutinefunction
from typing import Final, cast
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from cds_service.cardlog.databases import CardLogStoreError
from cds_service.monitor.access.access_log import AccessEntry, AccessLog, Happening, of_viewer, plain_filters
from cds_service.monitor.access.api_tokens import ApiTokens, RefusedTokenError, is_bearer
from cds_service.monitor.access.cookies import SessionCookie
from cds_service.monitor.access.forms import FormError, check_form_token, read_form
from cds_service.monitor.access.pages import AccessPages, first_page
from cds_service.monitor.access.permissions import Permission
from cds_service.monitor.access.sessions import Session, Sessions
from cds_service.monitor.access.viewer import NotPermittedError, Viewer

FRONT: Final = "/monitor"
"""Where every sign-in and the product's name lead, whatever the role."""

_GOOD: Final = range(200, 300)
_RECORDED: Final = {
    Permission.EXPORT_FIGURES: Happening.EXPORTED,
    Permission.SEE_RED_FLAG_CARDS: Happening.RED_FLAG_CARDS_SEEN,
    Permission.READ_ACCESS_LOG: Happening.ACCESS_LOG_READ,
}
"""What is written down of a page that was shown: it goes by the permission, so that no page can forget it."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request that was let through.

    Attributes:
        viewer: who asks.
        permission: the page's.
        regions: what the page may be about: the regions that the address names, else all for which the viewer holds
            the permission. In order, in lower case, never empty.
        form_token: what a form of the page has to send back in its field `form_token`; empty for an API token.
        form: the fields of the form that came, whose token was right; empty for a GET.
    """

    viewer: Viewer
    permission: Permission
    regions: tuple[str, ...]
    form_token: str
    form: dict[str, list[str]]


Endpoint = Callable[[Request, Visit], Response] | Callable[[Request, Visit], Awaitable[Response]]
"""What makes a page. One that is not a coroutine function runs in a thread, and may wait for the database."""


@dataclass(frozen=True, slots=True)
class GuardedPage:
    """A page of the monitor, with what it takes to see it.

    Attributes:
        path: from the root of the service, beginning with `/monitor`.
        permission: what must be held for every region that the address names, and for one at least.
        endpoint: what makes it.
        methods: as a rule GET alone; a form that comes by POST is held to the session's form token.
        is_export: whether it is a file, for which an API token may ask; nothing else is open to one.
    """

    path: str
    permission: Permission
    endpoint: Endpoint
    methods: tuple[str, ...] = ("GET",)
    is_export: bool = False


class GuardedRoute(Route):
    """The route of a `GuardedPage`."""

    page: GuardedPage


class Guard:
    """Lets those in who may.

    Args:
        sessions: who is signed in.
        cookie: where a browser keeps its session's secret.
        tokens: the API tokens that count.
        access_log: where refusals and exports are written down.
        pages: what is shown to whoever is not let in.
        footprints: tells those that there are; a role is held for no other, whatever was granted.
    """

    def __init__(
        self,
        sessions: Sessions,
        cookie: SessionCookie,
        tokens: ApiTokens,
        access_log: AccessLog,
        pages: AccessPages,
        footprints: Callable[[], Collection[str]],
    ) -> None:
        self._sessions = sessions
        self._cookie = cookie
        self._tokens = tokens
        self._access_log = access_log
        self._pages = pages
        self._footprints = footprints

    def routes(self, pages: Iterable[GuardedPage]) -> list[GuardedRoute]:
        """The routes of pages."""
        return [self._route(page) for page in pages]

    def _route(self, page: GuardedPage) -> GuardedRoute:
        async def guarded(request: Request) -> Response:
            try:
                authorization = request.headers.get("authorization", "")
                if page.is_export and is_bearer(authorization):
                    return await self._by_token(page, request, authorization)
                return await self._by_session(page, request)
            except CardLogStoreError:
                return self._pages.database_away()

        route = GuardedRoute(page.path, guarded, methods=list(page.methods))
        route.page = page
        return route

    async def _by_session(self, page: GuardedPage, request: Request) -> Response:
        secret = self._cookie.read(request)
        session = None if secret is None else await run_in_threadpool(self._sessions.resume, secret)
        if session is None:
            return self._to_sign_in(request)
        session = replace(session, viewer=session.viewer.within(self._footprints()))
        first = first_page(session.viewer)
        if page.path == FRONT and not request.url.query and first != FRONT:  # what nobody asked for is not refused
            return RedirectResponse(self._pages.at(first), status_code=302, headers={"Cache-Control": "no-store"})
        try:
            return await self._let_in(page, request, session.viewer, session)
        except NotPermittedError as error:
            await self._write_refusal(page, request, session.viewer, error)
            return self._pages.refused(session, error)
        except FormError:
            return self._pages.form_refused()

    async def _by_token(self, page: GuardedPage, request: Request, authorization: str) -> Response:
        try:
            viewer = await run_in_threadpool(self._tokens.viewer_of, authorization)
        except RefusedTokenError as error:
            if error.token_id:  # a stranger's guesses are not written down: there is no end to them
                entry = AccessEntry(
                    what=Happening.TOKEN_REFUSED,
                    subject=error.token_id,
                    via="token",
                    footprints=error.footprints,
                    page=page.path,
                    reason=error.reason,
                )
                await run_in_threadpool(self._access_log.write, entry)
            return _told_a_program(401, "This API token is unknown, expired or revoked. Ask for a new one.")
        viewer = viewer.within(self._footprints())
        try:
            return await self._let_in(page, request, viewer, None)
        except NotPermittedError as error:
            await self._write_refusal(page, request, viewer, error)
            return _told_a_program(403, f"This API token does not have {error.permission} for what was asked.")

    async def _let_in(self, page: GuardedPage, request: Request, viewer: Viewer, session: Session | None) -> Response:
        """Have the page made, and written down where it has to be, before it is sent.

        Raises:
            NotPermittedError: the permission is not held.
            FormError: a form came without the session's token.
        """
        regions = regions_permitted(viewer, page.permission, _regions_named(request))
        fields: dict[str, list[str]] = {}
        if request.method == "POST":
            fields = await read_form(request)
            check_form_token(fields, session.form_token if session else None)
        visit = Visit(viewer, page.permission, regions, session.form_token if session else "", fields)
        response = await _made(page.endpoint, request, visit)
        what = _happened(page, response)
        if what is not None:
            filters = plain_filters(request.query_params.multi_items())
            entry = of_viewer(what, viewer, regions, page=page.path, filters=filters)
            await run_in_threadpool(self._access_log.write, entry)
        return response

    async def _write_refusal(
        self, page: GuardedPage, request: Request, viewer: Viewer, error: NotPermittedError
    ) -> None:
        """For the auditors of the viewer's own regions, and of those that they tried."""
        reason = "another footprint" if viewer.may(error.permission) else f"without {error.permission}"
        tried = {region.lower() for region in _regions_named(request)} & {*self._footprints()}
        about = sorted({*viewer.all_footprints, *tried})
        filters = plain_filters(request.query_params.multi_items())
        entry = of_viewer(Happening.REFUSED, viewer, about, page=page.path, filters=filters, reason=reason)
        await run_in_threadpool(self._access_log.write, entry)

    def _to_sign_in(self, request: Request) -> Response:
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        address = f"/monitor/sign-in?{urlencode({'return': wanted})}" if request.method == "GET" else "/monitor/sign-in"
        return RedirectResponse(self._pages.at(address), status_code=303, headers={"Cache-Control": "no-store"})


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


def _happened(page: GuardedPage, response: Response) -> Happening | None:
    """What is to be written down; a page that leads to exports, or says what is wrong with a filter, is none."""
    what = _RECORDED.get(page.permission)
    is_page = response.headers.get("content-type", "").startswith("text/html")
    if response.status_code not in _GOOD or (what is Happening.EXPORTED and is_page):
        return None
    return what


def _told_a_program(status: int, text: str) -> Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if status == 401:  # noqa: PLR2004 - HTTP's number
        headers["WWW-Authenticate"] = 'Bearer realm="monitor"'
    return PlainTextResponse(f"{text}\n", status, headers)


async def _made(endpoint: Endpoint, request: Request, visit: Visit) -> Response:
    if iscoroutinefunction(endpoint):
        return cast("Response", await endpoint(request, visit))
    return await run_in_threadpool(cast("Callable[[Request, Visit], Response]", endpoint), request, visit)
