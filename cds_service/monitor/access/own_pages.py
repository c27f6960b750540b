"""The monitor's pages about access itself: the access log for auditors, sessions and tokens for admins."""

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cds_service.monitor.access.access_log import AccessLog, Happening, of_viewer
from cds_service.monitor.access.api_tokens import ApiToken, ApiTokens
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
            GuardedPage("/monitor/access", manage, self._end, methods=("POST",)),
        ]

    def _show_log(self, _request: Request, visit: Visit) -> Response:
        entries = self._access_log.latest(visit.regions, MOST_ENTRIES)
        return self._pages.access_log(Signed(visit.viewer, visit.form_token), entries, MOST_ENTRIES)

    def _manage(self, _request: Request, visit: Visit) -> Response:
        signed = Signed(visit.viewer, visit.form_token)
        return self._pages.manage(signed, self._sessions_of(visit), self._tokens_of(visit))

    def _end(self, _request: Request, visit: Visit) -> Response:
        """End the session, or revoke the token, that the form names; one that is not the admin's to end stays."""
        key, token_id = (visit.form.get(name, [""])[0] for name in ("session", "token"))
        for session in self._sessions_of(visit):
            if session.key == key and self._sessions.end(key):
                self._write(Happening.SESSION_ENDED, visit, session.viewer.all_footprints, session.viewer.subject)
        for token, _ in self._tokens_of(visit):
            if token.token_id == token_id and self._tokens.revoke(token_id):
                self._write(Happening.TOKEN_REVOKED, visit, token.footprints, token_id)
        return RedirectResponse(self._pages.at("/monitor/access"), status_code=303)

    def _write(self, what: Happening, visit: Visit, footprints: tuple[str, ...], whose: str) -> None:
        """For the auditors of the admin's regions, and of those of what was ended."""
        self._access_log.write(of_viewer(what, visit.viewer, sorted({*visit.regions, *footprints}), reason=whose))

    def _sessions_of(self, visit: Visit) -> list[Session]:
        """Those that have anything to do with the admin's own regions."""
        return [session for session in self._sessions.all() if {*session.viewer.all_footprints} & {*visit.regions}]

    def _tokens_of(self, visit: Visit) -> list[tuple[ApiToken, str]]:
        """Those that have anything to do with the admin's own regions, with their state."""
        return [(token, state) for token, state in self._tokens.all() if {*token.footprints} & {*visit.regions}]
