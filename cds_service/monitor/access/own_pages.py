"""The monitor's pages about access itself: the access log for auditors, sessions and tokens for admins."""

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cds_service.monitor.access.access_log import AccessLog, Happening, of_viewer
from cds_service.monitor.access.api_tokens import ApiTokens
from cds_service.monitor.access.guard import GuardedPage, Visit
from cds_service.monitor.access.pages import AccessPages, Signed
from cds_service.monitor.access.permissions import Permission
from cds_service.monitor.access.sessions import Session, Sessions

MOST_ENTRIES: Final = 500
"""Entries of the access log on its page."""


class OwnPages:
    """Makes them.

    Args:
        sessions: who is signed in.
        tokens: the API tokens.
        access_log: who did what.
        pages: how they look.
    """

    def __init__(self, sessions: Sessions, tokens: ApiTokens, access_log: AccessLog, pages: AccessPages) -> None:
        self._sessions = sessions
        self._tokens = tokens
        self._access_log = access_log
        self._pages = pages

    def guarded(self) -> list[GuardedPage]:
        """The pages, for the guard."""
        manage = Permission.MANAGE_ACCESS
        return [
            GuardedPage("/monitor/access-log", Permission.READ_ACCESS_LOG, self._show_log),
            GuardedPage("/monitor/access", manage, self._manage),
            GuardedPage("/monitor/access", manage, self._end_session, methods=("POST",)),
        ]

    def _show_log(self, _request: Request, visit: Visit) -> Response:
        entries = self._access_log.latest(visit.regions, MOST_ENTRIES)
        return self._pages.access_log(Signed(visit.viewer, visit.form_token), entries, MOST_ENTRIES)

    def _manage(self, _request: Request, visit: Visit) -> Response:
        tokens = [(token, state) for token, state in self._tokens.all() if {*token.footprints} & {*visit.regions}]
        signed = Signed(visit.viewer, visit.form_token)
        return self._pages.manage(signed, self._sessions_of(visit), tokens)

    def _end_session(self, _request: Request, visit: Visit) -> Response:
        key = visit.form.get("session", [""])[0]
        for session in self._sessions_of(visit):
            if session.key == key:
                self._sessions.end(key)
                entry = of_viewer(Happening.SESSION_ENDED, visit.viewer, visit.regions, reason=session.viewer.subject)
                self._access_log.write(entry)
        return RedirectResponse(self._pages.at("/monitor/access"), status_code=303)

    def _sessions_of(self, visit: Visit) -> list[Session]:
        """Those that have anything to do with the admin's own regions."""
        return [
            session
            for session in self._sessions.all()
            if {name for grant in session.viewer.grants for name in grant.footprints} & {*visit.regions}
        ]
