"""URLs of other people's servers, read strictly: what is not plainly one server's address is none."""

import re
from collections.abc import Sequence
from ipaddress import IPv6Address
from urllib.parse import SplitResult, unquote, urlsplit

_URL_CHARACTERS = re.compile(r"[!#-;=?-\[\]_a-z~]+")
"""What RFC 3986 lets stand in a URL: ASCII without `\\`, quotes, `<`, `>`, spaces and control characters."""

_HOST_NAME = re.compile(r"[a-z0-9_][a-z0-9._-]{0,252}")


def same_base(sent: str, allowed: Sequence[str]) -> str | None:
    """The base URL that a client sent, in its plain form, when it is one of those listed; else None.

    Compared whole: scheme and host in lower case, the default port and one closing slash dropped. User information,
    a query, a fragment or dot segments match nothing.

    Args:
        sent: as the call has it.
        allowed: as listed.
    """
    base = _plain_base(sent)
    return base if base is not None and any(_plain_base(one) == base for one in allowed) else None


def _plain_base(url: str) -> str | None:
    parts = split_url(url)
    if parts is None or parts.hostname is None or "?" in url or "#" in url:
        return None
    segments = [unquote(segment) for segment in parts.path.split("/")]
    if any(segment in {".", ".."} or "/" in segment or "\\" in segment for segment in segments):
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default_port = 443 if parts.scheme == "https" else 80
    port = f":{parts.port}" if parts.port not in {None, default_port} else ""
    return f"{parts.scheme}://{host}{port}{parts.path.removesuffix('/')}"


def split_url(url: str) -> SplitResult | None:
    """The parts of an http or https URL without user information; None for anything else."""
    if not _URL_CHARACTERS.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or port == 0 or not _is_host(host):
        return None
    return parts


def _is_host(host: str) -> bool:
    """Whether it is a name, an IPv4 address, or an IPv6 address without a zone."""
    if ":" not in host:
        return _HOST_NAME.fullmatch(host) is not None
    try:
        return IPv6Address(host).scope_id is None
    except ValueError:
        return False
