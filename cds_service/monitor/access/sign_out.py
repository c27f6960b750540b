"""Signing out, the same however somebody signed in."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cds_service.monitor.access.cookies import SessionCookie
from cds_service.monitor.access.forms import FormError, check_form_token, read_form
from cds_service.monitor.access.pages import form_refused_page, signed_out_page
from cds_service.monitor.access.sessions import Sessions


def sign_out_route(base_path: str, sessions: Sessions, cookie: SessionCookie) -> Route:
    """`POST /monitor/sign-out`.

    Args:
        base_path: the path of the service's public address.
        sessions: who is signed in.
        cookie: where a browser keeps its session's secret.
    """

    async def sign_out(request: Request) -> Response:
        secret = cookie.read(request)
        session = None if secret is None else await run_in_threadpool(sessions.resume, secret)
        if secret is not None and session is not None:
            try:
                check_form_token(await read_form(request), session.form_token)
            except FormError:
                return form_refused_page(base_path)
            await run_in_threadpool(sessions.end, secret)
        response = signed_out_page(base_path)
        cookie.take_back(response)
        return response

    return Route("/monitor/sign-out", sign_out, methods=["POST"])
