"""Signing in with the deployment's OpenID provider."""

from functools import partial
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from cds_service.cardlog.databases import CardLogStoreError
from cds_service.monitor.access.access_file import MonitorAccess
from cds_service.monitor.access.access_log import AccessEntry, AccessLog, Happening
from cds_service.monitor.access.claims import claim_at, grants_of
from cds_service.monitor.access.cookies import SessionCookie
from cds_service.monitor.access.forms import safe_return_path
from cds_service.monitor.access.openid import OpenIdProvider, SignInError
from cds_service.monitor.access.pages import AccessPages
from cds_service.monitor.access.pending_sign_ins import PendingSignIn, PendingSignIns
from cds_service.monitor.access.signing_in import SigningIn
from cds_service.monitor.access.viewer import Viewer

CALLBACK: Final = "/monitor/callback"
"""Where the provider sends browsers back to."""

_LONGEST_CODE: Final = 4096
_LONGEST_SUBJECT: Final = 255
_FAILED: Final = "The sign-in did not work. Try again; if it fails again, ask whoever runs the monitor."


class OpenIdSignIn:
    """`GET /monitor/sign-in` and the way back.

    Args:
        access: who gives which role.
        provider: the OpenID provider.
        pending: sign-ins under way.
        signing_in: what begins a session.
        browser_cookie: where a browser keeps the secret of its sign-in under way.
        access_log: where refusals are written down.
        pages: what is shown.
    """

    def __init__(
        self,
        access: MonitorAccess,
        provider: OpenIdProvider,
        pending: PendingSignIns,
        signing_in: SigningIn,
        browser_cookie: SessionCookie,
        access_log: AccessLog,
        pages: AccessPages,
    ) -> None:
        self._access = access
        self._provider = provider
        self._pending = pending
        self._signing_in = signing_in
        self._browser_cookie = browser_cookie
        self._access_log = access_log
        self._pages = pages

    def routes(self) -> list[Route]:
        """The two routes."""
        return [
            Route("/monitor/sign-in", self._send_away, methods=["GET"]),
            Route(CALLBACK, self._receive, methods=["GET"]),
        ]

    async def _send_away(self, request: Request) -> Response:
        return_path = safe_return_path(request.query_params.get("return", ""))
        try:
            pending = await run_in_threadpool(self._pending.begin, return_path)
            address = await self._provider.authorization_address(pending.state, pending.nonce, pending.code_verifier)
        except CardLogStoreError:
            return self._pages.database_away()
        except SignInError:
            return self._pages.sign_in_failed("Your identity provider cannot be reached. Try again in a moment.", 503)
        response = RedirectResponse(address, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
        self._browser_cookie.give(response, pending.browser_secret)
        return response

    async def _receive(self, request: Request) -> Response:
        try:
            response = await self._received(request)
        except CardLogStoreError:
            response = self._pages.database_away()
        self._browser_cookie.take_back(response)
        return response

    async def _received(self, request: Request) -> Response:
        state, secret = request.query_params.get("state", ""), self._browser_cookie.read(request)
        pending = None if not state or secret is None else await run_in_threadpool(self._pending.take, state, secret)
        if pending is None:  # a stranger's guess: not written down, since there would be no end to it
            return self._pages.sign_in_failed("This sign-in was not begun here, took too long, or is used up.", 400)
        try:
            viewer = await self._identified(request, pending)
        except SignInError as error:
            await self._write_refusal("", error.reason)
            return self._pages.sign_in_failed(_FAILED, 503 if error.is_outage else 403)
        if not viewer.grants:
            await self._write_refusal(viewer.subject, "no role")
            return self._pages.sign_in_failed(
                "Your identity provider knows you, but you have no role in this monitor. Ask whoever runs it.", 403
            )
        return_path = safe_return_path(pending.return_path)
        return await run_in_threadpool(partial(self._signing_in.begin, request, viewer, return_path))

    async def _identified(self, request: Request, pending: PendingSignIn) -> Viewer:
        """Who came back.

        Raises:
            SignInError: that cannot be told.
        """
        code = request.query_params.get("code", "")
        issuer = request.query_params.get("iss", self._access.provider.issuer)
        if not code or len(code) > _LONGEST_CODE:
            raise SignInError("refused by the provider")
        if issuer != self._access.provider.issuer:  # a mix-up of providers (RFC 9207)
            raise SignInError("another issuer's answer")
        claims = await self._provider.claims(code, pending.nonce, pending.code_verifier)
        subject = claim_at(claims, self._access.provider.subject_claim)
        if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
            raise SignInError("no subject")
        return Viewer(subject, "openid", grants_of(claims, self._access.provider, self._access.grants))

    async def _write_refusal(self, subject: str, reason: str) -> None:
        entry = AccessEntry(what=Happening.SIGN_IN_REFUSED, subject=subject, via="openid", reason=reason)
        await run_in_threadpool(self._access_log.write, entry)
