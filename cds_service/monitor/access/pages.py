"""The pages of the monitor that hold no figures: sign-in, refusals, the access log, and who is signed in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from cds_service.london_time import in_london
from cds_service.monitor.access.access_log import AccessEntry
from cds_service.monitor.access.api_tokens import ApiToken
from cds_service.monitor.access.permissions import ROLES, Permission
from cds_service.monitor.access.sessions import Session
from cds_service.monitor.access.viewer import NotPermittedError, Viewer
from cds_service.pages.fields import Field, Option
from cds_service.pages.frame import Frame, Link
from cds_service.pages.render import Pages
from cds_service.pages.words import number_in_words

TEMPLATES: Final = {"access": "cds_service.monitor.access"}
"""The room of these pages' templates, for `Pages`."""

_PRODUCT: Final = "MSK imaging monitor"
_OVERVIEW: Final = Link("To the monitor", "/monitor")
_OF_PERMISSION: Final = {
    Permission.SEE_CHARTS: Link("Overview", "/monitor"),
    Permission.READ_ACCESS_LOG: Link("Access log", "/monitor/access-log"),
    Permission.MANAGE_ACCESS: Link("Sessions and tokens", "/monitor/access"),
}


def first_page(viewer: Viewer) -> str:
    """Where the monitor begins for somebody: with the overview, or, for who sees no figures, the page of their role.

    Returns:
        An address from the root of the service; the overview, which refuses them, for who may see no page at all.
    """
    return next(
        (link.address for permission, link in _OF_PERMISSION.items() if viewer.may(permission)), _OVERVIEW.address
    )


class AccessPages:
    """Makes those pages.

    Args:
        pages: the house of pages, with `TEMPLATES` among its rooms.
        is_demo: whether each page says that it is the demo.
    """

    def __init__(self, pages: Pages, *, is_demo: bool) -> None:
        self._pages = pages
        self._notice = "Demo: every figure here is invented, and nobody is asked who they are." if is_demo else None

    def at(self, address: str) -> str:
        """An address of the service as a browser must ask for it."""
        return self._pages.at(address)

    def refused(self, session: Session, error: NotPermittedError) -> Response:
        """For somebody who is signed in and may not see a page."""
        region = "" if error.footprint is None else " for the region that was asked for"
        return self._message(
            "You may not see this page",
            f"It needs the permission {error.permission}{region}.",
            f"You hold: {'; '.join(_in_words(session.viewer)) or 'no role'}.",
            "Ask whoever runs the monitor for a role that has it. This refusal is recorded.",
            status=403,
            session=session,
            link=None,
        )

    def form_refused(self) -> Response:
        """For a form that does not come from a page of ours."""
        return self._message(
            "This form is out of date",
            "It was opened before you signed in or out, or comes from another site. Nothing was done.",
            status=403,
        )

    def no_such_page(self) -> Response:
        """For an address of the monitor that means nothing."""
        return self._message("There is no such page", "The address may have been cut or mistyped.", status=404)

    def not_set_up(self) -> Response:
        """For all its addresses while nobody could sign in."""
        return self._is_off(
            "This service has no monitor-access.yaml in its configuration folder: nobody can sign in, and no figure is"
            " shown. Whoever runs the service sets it up."
        )

    def nothing_logged(self) -> Response:
        """For all its addresses while there is no card log to read."""
        return self._is_off(
            "This service keeps no card log (CDS_SERVICE_CARD_LOG=off), so there is nothing to show. Whoever runs the"
            " service switches it on."
        )

    def database_away(self) -> Response:
        """While the database does not answer: nobody is let in, and nothing is shown that is not recorded."""
        return self._message(
            "The monitor cannot be read at the moment",
            "Its database does not answer. Cards are not affected. Try again in a few minutes.",
            status=503,
        )

    def signed_out(self, provider_address: str | None = None) -> Response:
        """After signing out; where the provider can end its own session, with the way there."""
        if provider_address is None:
            return self._message("You are signed out", link=Link("Sign in again", "/monitor/sign-in"))
        return self._message(
            "You are signed out of the monitor",
            "Your identity provider may still have you signed in.",
            link=Link("Sign out there, too", provider_address),
        )

    def sign_in_failed(self, why: str, status: int) -> Response:
        """After a sign-in that did not work."""
        return self._message("You are not signed in", why, status=status, link=Link("Try again", "/monitor/sign-in"))

    def demo_sign_in(
        self, return_path: str, form_secret: str, footprints: Sequence[str], *, is_wrong: bool
    ) -> Response:
        """The demo's sign-in.

        Args:
            return_path: where to go afterwards.
            form_secret: what the form sends back.
            footprints: the regions that can be chosen.
            is_wrong: whether what was sent cannot be.
        """
        error = "Choose a role and at least one region." if is_wrong else None
        roles = tuple(Option(name, f"{name}: {role.description}") for name, role in ROLES.items())
        regions = tuple(Option(name, name) for name in footprints)
        fields = (
            Field("role", "Role", "radios", roles, ("analyst",), error=error),
            Field("footprint", "Regions", "checkboxes", regions, tuple(footprints)),
        )
        return self._page(
            "demo_sign_in.html",
            "Demo sign-in",
            status=400 if is_wrong else 200,
            fields=fields,
            form_secret=form_secret,
            return_path=return_path,
        )

    def access_log(self, session: "Signed", entries: Sequence[AccessEntry], most: int) -> Response:
        """The access log's latest entries."""
        rows = [
            (
                _time_in_words(entry.at) if entry.at else None,
                entry.what.value,
                entry.subject or None,
                entry.via,
                ", ".join(entry.roles) or None,
                ", ".join(entry.footprints) or None,
                entry.page or None,
                entry.filters or None,
                entry.reason or None,
            )
            for entry in entries
        ]
        most_in_words = number_in_words(most)
        here = "/monitor/access-log"
        return self._page("access_log.html", "Access log", signed=session, here=here, rows=rows, most=most_in_words)

    def manage(
        self, session: "Signed", sessions: Sequence[Session], tokens: Sequence[tuple[ApiToken, str]]
    ) -> Response:
        """Who is signed in, which API tokens there are with their state, and what the roles are."""
        return self._page(
            "manage.html",
            "Sessions and tokens",
            signed=session,
            here="/monitor/access",
            sessions=[
                (
                    one.viewer.subject,
                    "; ".join(
                        f"{grant.role.name}: {', '.join(sorted(grant.footprints))}" for grant in one.viewer.grants
                    ),
                    _time_in_words(one.began),
                    _time_in_words(one.seen),
                )
                for one in sessions
            ],
            endable=[
                {"key": one.key, "words": f"{one.viewer.subject} since {_time_in_words(one.began)}"} for one in sessions
            ],
            tokens=[
                (
                    token.label,
                    token.token_id,
                    token.role,
                    ", ".join(token.footprints),
                    _time_in_words(token.created),
                    _time_in_words(token.expires),
                    state,
                )
                for token, state in tokens
            ],
            revocable=[
                {"id": token.token_id, "words": f"{token.label} ({token.token_id})"}
                for token, state in tokens
                if state == "valid"
            ],
            roles=[(role.name, role.description, ", ".join(sorted(role.permissions))) for role in ROLES.values()],
        )

    def _is_off(self, why: str) -> Response:
        return self._message("The monitor is not set up", why, status=404, link=None)

    def _message(
        self,
        title: str,
        *paragraphs: str,
        status: int = 200,
        session: Session | None = None,
        link: Link | None = _OVERVIEW,
    ) -> Response:
        signed = None if session is None else Signed(session.viewer, session.form_token)
        return self._page("message.html", title, status=status, signed=signed, paragraphs=paragraphs, link=link)

    def _page(
        self,
        template: str,
        title: str,
        *,
        status: int = 200,
        signed: "Signed | None" = None,
        here: str = "",
        **values: Any,  # noqa: ANN401 - a template's own
    ) -> Response:
        navigation: tuple[Link, ...] = ()
        if signed is not None:
            navigation = tuple(link for permission, link in _OF_PERMISSION.items() if signed.viewer.may(permission))
        return self._pages.respond(
            f"access/{template}",
            Frame(_PRODUCT, "/monitor", navigation, self._notice),
            here=here,
            status=status,
            title=title,
            form_token=signed.form_token if signed else "",
            who=", ".join(signed.viewer.roles) if signed else "",
            **values,
        )


class Signed:
    """Somebody who is signed in, as a page's head shows them.

    Args:
        viewer: who.
        form_token: for the form that signs them out.
    """

    def __init__(self, viewer: Viewer, form_token: str) -> None:
        self.viewer = viewer
        self.form_token = form_token


def _in_words(viewer: Viewer) -> list[str]:
    return [f"{grant.role.name} for {', '.join(sorted(grant.footprints))}" for grant in viewer.grants]


def _time_in_words(moment: datetime) -> str:
    return f"{in_london(moment):%Y-%m-%d %H:%M}"
