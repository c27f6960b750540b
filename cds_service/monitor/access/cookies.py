"""The cookie in which a browser keeps a secret of ours."""

from starlette.requests import Request
from starlette.responses import Response

LONGEST_SECRET = 128
"""Characters; ours have 43."""


class SessionCookie:
    """A cookie that goes to this host alone, over TLS alone, and that no script can read.

    With the prefix `__Host-` a browser holds to that, and takes no such cookie from a sibling host (RFC 6265bis). Over
    plain http on loopback, where browsers refuse the prefix, the cookie goes without.

    Args:
        name: without a prefix.
        is_https: whether the service's public address is https.
    """

    def __init__(self, name: str, *, is_https: bool) -> None:
        self._name = f"__Host-{name}" if is_https else name
        self._is_https = is_https

    def read(self, request: Request) -> str | None:
        """The secret that came; None without one."""
        secret = request.cookies.get(self._name)
        return secret if secret and len(secret) <= LONGEST_SECRET else None

    def give(self, response: Response, secret: str) -> None:
        """Have the browser keep a secret until it is closed; how long it counts is for the service to say."""
        response.set_cookie(self._name, secret, path="/", secure=self._is_https, httponly=True, samesite="lax")

    def take_back(self, response: Response) -> None:
        """Have the browser forget it."""
        response.delete_cookie(self._name, path="/", secure=self._is_https, httponly=True, samesite="lax")
