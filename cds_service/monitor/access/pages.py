"""The few pages of the monitor that need no figures: sign-in, refusal, and that it is not set up."""

from collections.abc import Sequence
from html import escape
from typing import Final

from starlette.responses import HTMLResponse

from cds_service.monitor.access.permissions import ROLES
from cds_service.monitor.access.sessions import Session
from cds_service.monitor.access.viewer import NotPermittedError

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"  # loads and runs nothing
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def plain_page(title: str, body: str, status: int = 200) -> HTMLResponse:
    """A page of text and forms.

    Args:
        title: its heading, as plain text.
        body: what comes below it, as HTML whose texts are escaped.
        status: the HTTP status.
    """
    return HTMLResponse(
        '<!doctype html><html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title></head><body><main><h1>{escape(title)}</h1>{body}</main></body></html>",
        status_code=status,
        headers=_HEADERS,
    )


def refused_page(base_path: str, session: Session, error: NotPermittedError) -> HTMLResponse:
    """What somebody sees who is signed in and may not see this page.

    Args:
        base_path: the path of the service's public address.
        session: whose.
        error: what was missing.
    """
    held = "".join(
        f"<li>{escape(grant.role.name)}: {escape(', '.join(sorted(grant.footprints)))}</li>"
        for grant in session.viewer.grants
    )
    region = "" if error.footprint is None else " for this region"
    return plain_page(
        "You may not see this page",
        f"<p>It needs the permission <strong>{escape(error.permission)}</strong>{region}. You hold:</p>"
        f"<ul>{held or '<li>no role</li>'}</ul>"
        "<p>Ask whoever runs the monitor for a role that has it. This refusal is recorded.</p>"
        f"{_sign_out_form(base_path, session)}",
        403,
    )


def not_set_up_page() -> HTMLResponse:
    """What stands at the monitor's addresses while nobody could sign in."""
    return plain_page(
        "The monitor is not set up",
        "<p>This service has no monitor-access.yaml in its configuration folder, so nobody can sign in and no figure"
        " is shown. Whoever runs the service sets it up.</p>",
        404,
    )


def no_such_page(base_path: str) -> HTMLResponse:
    """What stands at an address of the monitor that means nothing."""
    return plain_page(
        "There is no such page", f'<p><a href="{escape(base_path)}/monitor">To the monitor\'s overview</a></p>', 404
    )


def demo_sign_in_page(
    base_path: str, return_path: str, form_secret: str, footprints: Sequence[str], problem: str = ""
) -> HTMLResponse:
    """The demo's sign-in, which asks nobody who they are.

    Args:
        base_path: the path of the service's public address.
        return_path: where to go afterwards, below `base_path`.
        form_secret: what the form sends back.
        footprints: the regions that can be chosen.
        problem: what was wrong with what was sent; empty when nothing was.
    """
    roles = "".join(
        f'<p><input type="radio" name="role" id="role-{name}" value="{name}"{_if(name == "viewer", " checked")}>'
        f' <label for="role-{name}"><strong>{name}</strong>: {escape(role.description)}</label></p>'
        for name, role in ROLES.items()
    )
    regions = "".join(
        f'<p><input type="checkbox" name="footprint" id="footprint-{escape(name)}" value="{escape(name)}" checked>'
        f' <label for="footprint-{escape(name)}">{escape(name)}</label></p>'
        for name in footprints
    )
    said = f'<p role="alert"><strong>{escape(problem)}</strong></p>' if problem else ""
    return plain_page(
        "Demo sign-in",
        "<p><strong>This is the demo: all figures are invented, and nobody is asked who they are.</strong>"
        " A deployment signs people in with its own identity provider, and has no such page.</p>"
        f'{said}<form method="post" action="{escape(base_path)}/monitor/sign-in">'
        f'<input type="hidden" name="form_token" value="{escape(form_secret)}">'
        f'<input type="hidden" name="return" value="{escape(return_path)}">'
        f"<fieldset><legend>Role</legend>{roles}</fieldset>"
        f"<fieldset><legend>Regions</legend>{regions}</fieldset>"
        "<p><button>Sign in</button></p></form>",
        400 if problem else 200,
    )


def signed_out_page(base_path: str) -> HTMLResponse:
    """What somebody sees who has signed out."""
    return plain_page("You are signed out", f'<p><a href="{escape(base_path)}/monitor/sign-in">Sign in again</a></p>')


def form_refused_page(base_path: str) -> HTMLResponse:
    """What is answered to a form that does not come from a page of ours."""
    return plain_page(
        "This form is out of date",
        "<p>It was opened before you signed in or out, or comes from another site. Nothing was done.</p>"
        f'<p><a href="{escape(base_path)}/monitor">Open the monitor again</a></p>',
        403,
    )


def _sign_out_form(base_path: str, session: Session) -> str:
    return (
        f'<form method="post" action="{escape(base_path)}/monitor/sign-out">'
        f'<input type="hidden" name="form_token" value="{escape(session.form_token)}"><button>Sign out</button></form>'
    )


def _if(holds: bool, text: str) -> str:  # noqa: FBT001 - reads as a sentence inside the templates above
    return text if holds else ""
