"""The end of every sign-in that worked: it is written down, a new session begins, and the page asked for opens."""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from cds_service.monitor.access.access_log import AccessLog, Happening, of_viewer
from cds_service.monitor.access.cookies import SessionCookie
from cds_service.monitor.access.sessions import Sessions, key_of
from cds_service.monitor.access.viewer import Viewer
from cds_service.pages.headers import PAGE_HEADERS


class SigningIn:
    """Begins sessions.

    Args:
        base_path: the path of the service's public address, without a closing slash.
        sessions: where they are kept.
        cookie: where a browser keeps its session's secret.
        access_log: where it is written down.
    """

    def __init__(self, base_path: str, sessions: Sessions, cookie: SessionCookie, access_log: AccessLog) -> None:
        self._base_path = base_path
        self._sessions = sessions
        self._cookie = cookie
        self._access_log = access_log

    def begin(self, request: Request, viewer: Viewer, return_path: str) -> Response:
        """Sign somebody in, always with a new secret, and lead them to a page. Blocks.

        The browser's former session ends: nobody would see it any more, and nobody could sign out of it.

        Args:
            request: of the browser in which they signed in.
            viewer: who, checked.
            return_path: where to, as `safe_return_path` lets through.

        Raises:
            CardLogStoreError: the database failed; nobody is signed in.
        """
        self._access_log.write(of_viewer(Happening.SIGNED_IN, viewer, viewer.all_footprints))
        former = self._cookie.read(request)
        if former is not None:
            self._sessions.end(key_of(former))
        secret = self._sessions.start(viewer)
        response = _led_to(f"{self._base_path}{return_path}")
        self._cookie.give(response, secret)
        return response


def _led_to(address: str) -> Response:
    """A redirect that also a person can follow, should the browser not."""
    page = f'<!doctype html><html lang="en-GB"><title>Signed in</title><a href="{escape(address)}">Go on</a></html>'
    return HTMLResponse(page, 303, {**PAGE_HEADERS, "Location": address})
