"""The demo's sign-in: choose a role and regions. `serve` never has it."""

import secrets
from collections.abc import Callable, Sequence
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cds_service.cardlog.databases import CardLogStoreError
from cds_service.monitor.access.cookies import SessionCookie
from cds_service.monitor.access.forms import FormError, check_form_token, read_form, safe_return_path
from cds_service.monitor.access.pages import AccessPages
from cds_service.monitor.access.permissions import ROLES
from cds_service.monitor.access.signing_in import SigningIn
from cds_service.monitor.access.viewer import Grant, Viewer


class DemoSignIn:
    """Signs anybody in as what they choose.

    Args:
        footprints: tells the regions that can be chosen.
        signing_in: what begins a session.
        form_cookie: where a browser keeps what the sign-in form sends back, before there is a session.
        pages: what is shown.
    """

    def __init__(
        self,
        footprints: Callable[[], Sequence[str]],
        signing_in: SigningIn,
        form_cookie: SessionCookie,
        pages: AccessPages,
    ) -> None:
        self._footprints = footprints
        self._signing_in = signing_in
        self._form_cookie = form_cookie
        self._pages = pages

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
            return self._pages.form_refused()
        return_path = safe_return_path(fields.get("return", [""])[0])
        role = ROLES.get(fields.get("role", [""])[0])
        chosen = {*fields.get("footprint", [])} & {*self._footprints()}
        if role is None or not chosen:
            return self._page(return_path, is_wrong=True)
        viewer = Viewer(f"demo-{role.name}", "demo", (Grant(role, frozenset(chosen)),))
        try:
            response = await run_in_threadpool(partial(self._signing_in.begin, request, viewer, return_path))
        except CardLogStoreError:
            return self._pages.database_away()
        self._form_cookie.take_back(response)
        return response

    def _page(self, return_path: str, *, is_wrong: bool = False) -> Response:
        form_secret = secrets.token_urlsafe(32)
        response = self._pages.demo_sign_in(return_path, form_secret, self._footprints(), is_wrong=is_wrong)
        self._form_cookie.give(response, form_secret)
        return response
