"""Signing out, the same however somebody signed in."""

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cds_service.cardlog.databases import CardLogStoreError
from cds_service.monitor.access.access_log import AccessLog, Happening, of_viewer
from cds_service.monitor.access.cookies import SessionCookie
from cds_service.monitor.access.forms import FormError, check_form_token, read_form
from cds_service.monitor.access.pages import AccessPages
from cds_service.monitor.access.sessions import Session, Sessions

ProvidersSignOut = Callable[[], Awaitable[str | None]]
"""The address at which a provider ends its own session; None where it has none."""


async def _no_provider() -> None:
    return None


class SignOut:
    """`POST /monitor/sign-out`.

    Args:
        sessions: who is signed in.
        cookie: where a browser keeps its session's secret.
        access_log: where it is written down.
        pages: what is shown.
        providers: where the provider's own session is ended.
    """

    def __init__(
        self,
        sessions: Sessions,
        cookie: SessionCookie,
        access_log: AccessLog,
        pages: AccessPages,
        providers: ProvidersSignOut = _no_provider,
    ) -> None:
        self._sessions = sessions
        self._cookie = cookie
        self._access_log = access_log
        self._pages = pages
        self._providers = providers

    def route(self) -> Route:
        """Its route."""
        return Route("/monitor/sign-out", self._sign_out, methods=["POST"])

    async def _sign_out(self, request: Request) -> Response:
        try:
            secret = self._cookie.read(request)
            session = None if secret is None else await run_in_threadpool(self._sessions.resume, secret)
            if session is not None:
                check_form_token(await read_form(request), session.form_token)
                await run_in_threadpool(partial(self._end, session))
        except FormError:
            return self._pages.form_refused()
        except CardLogStoreError:
            return self._pages.database_away()
        response = self._pages.signed_out(await self._providers() if session is not None else None)
        self._cookie.take_back(response)
        return response

    def _end(self, session: Session) -> None:
        self._sessions.end(session.key)
        self._access_log.write(of_viewer(Happening.SIGNED_OUT, session.viewer, session.viewer.all_footprints))
