"""The demo's sign-in: choose a role and regions. `serve` never has it."""

import secrets
from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from cds_service.monitor.access.cookies import SessionCookie
from cds_service.monitor.access.forms import FormError, check_form_token, read_form, safe_return_path
from cds_service.monitor.access.pages import demo_sign_in_page, form_refused_page
from cds_service.monitor.access.permissions import ROLES
from cds_service.monitor.access.sessions import Sessions
from cds_service.monitor.access.viewer import Grant, Viewer


class DemoSignIn:
    """Signs anybody in as what they choose.

    Args:
        base_path: the path of the service's public address.
        footprints: the regions that can be chosen.
        sessions: where the sign-in is kept.
        cookie: where a browser keeps its session's secret.
        form_cookie: where it keeps what the sign-in form sends back, before there is a session.
    """

    def __init__(
        self,
        base_path: str,
        footprints: Sequence[str],
        sessions: Sessions,
        cookie: SessionCookie,
        form_cookie: SessionCookie,
    ) -> None:
        self._base_path = base_path
        self._footprints = tuple(footprints)
        self._sessions = sessions
        self._cookie = cookie
        self._form_cookie = form_cookie

    def routes(self) -> list[Route]:
        """`GET` and `POST /monitor/sign-in`."""
        return [
            Route("/monitor/sign-in", self._show, methods=["GET"]),
            Route("/monitor/sign-in", self._sign_in, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        return self._page(safe_return_path(request.query_params.get("return", "")))

    async def _sign_in(self, request: Request) -> Response:
        try:
            fields = await read_form(request)
            check_form_token(fields, self._form_cookie.read(request))
        except FormError:
            return form_refused_page(self._base_path)
        return_path = safe_return_path(fields.get("return", [""])[0])
        role = ROLES.get(fields.get("role", [""])[0])
        chosen = {*fields.get("footprint", [])} & {*self._footprints}
        if role is None or not chosen:
            return self._page(return_path, "Choose a role and at least one region.")
        viewer = Viewer(f"demo-{role.name}", "demo", (Grant(role, frozenset(chosen)),))
        secret = await run_in_threadpool(self._sessions.start, viewer)
        response = RedirectResponse(
            f"{self._base_path}{return_path}", status_code=303, headers={"Cache-Control": "no-store"}
        )
        self._form_cookie.take_back(response)
        self._cookie.give(response, secret)
        return response

    def _page(self, return_path: str, problem: str = "") -> Response:
        form_secret = secrets.token_urlsafe(32)
        response = demo_sign_in_page(self._base_path, return_path, form_secret, self._footprints, problem)
        self._form_cookie.give(response, form_secret)
        return response
