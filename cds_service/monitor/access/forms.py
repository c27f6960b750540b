"""Forms that come in: small, plain, and from a page of ours."""

import hmac
from urllib.parse import parse_qs

from starlette.requests import Request

LARGEST_FORM = 8 * 1024
"""Bytes; ours have a few hundred."""


class FormError(Exception):
    """What came is no form of ours."""


async def read_form(request: Request) -> dict[str, list[str]]:
    """The fields of a form.

    Raises:
        FormError: it is too large, not text, or no form.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            raise FormError
    try:
        return parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        raise FormError from None


def check_form_token(fields: dict[str, list[str]], expected: str | None) -> None:
    """Hold a form to the token that its page was given: another site's page cannot know it (CSRF).

    Raises:
        FormError: it has none, another, or there was none to have.
    """
    sent = fields.get("form_token", [])
    if expected is None or len(sent) != 1 or not hmac.compare_digest(sent[0].encode(), expected.encode()):
        raise FormError


def safe_return_path(sent: str) -> str:
    """Where to go after signing in: an address of the monitor, and never another site's or another page's.

    Args:
        sent: as the address or a form had it.
    """
    path = sent.partition("?")[0]
    segments = path.split("/")
    is_ours = segments[:2] == ["", "monitor"] and sent.isascii() and sent.isprintable()
    # A browser takes `%2e%2e` for `..` and a backslash for a slash, and ends a path at `#`; no path of ours has them.
    is_plain = "%" not in path and not {"\\", "#"} & {*sent} and not {".", ".."} & {*segments}
    if not is_ours or not is_plain or path.startswith(("/monitor/sign-", "/monitor/callback")):
        return "/monitor"
    return sent
