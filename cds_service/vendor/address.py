"""The addresses of a service, from whichever of them was given."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

DISCOVERY = "cds-services"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class AddressError(Exception):
    """A URL that cannot be a CDS Hooks service's; the message says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a service is.

    Attributes:
        discovery: the URL of discovery, without a trailing slash.
        service_id: the id of the service, when its own URL was given.
    """

    discovery: str
    service_id: str | None = None

    @property
    def is_loopback(self) -> bool:
        """Whether the service is on this machine."""
        return is_loopback(self.discovery)

    def service(self, service_id: str) -> str:
        """The URL of one service: `{baseUrl}/cds-services/{id}`."""
        return f"{self.discovery}/{quote(service_id, safe='')}"

    def feedback(self, service_id: str) -> str:
        """The URL that takes a service's feedback."""
        return f"{self.service(service_id)}/feedback"


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine."""
    return urlsplit(url).hostname in LOOPBACK


def checked_url(url: str) -> str:
    """An absolute http(s) URL without a trailing slash.

    Raises:
        AddressError: it is none, or has a user, a query or a fragment.
    """
    try:
        parts = urlsplit(url)
        usable = (
            url.isascii()
            and url.isprintable()
            and " " not in url
            and parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.port != 0
        )
    except ValueError:
        usable = False
    if not usable:
        msg = f"'{url[:80]}' is not an absolute http or https URL. Give one, for example https://cds.example.org"
        raise AddressError(msg)
    if "@" in parts.netloc or parts.query or parts.fragment:
        msg = "The URL has a user, a query or a fragment, which a CDS Hooks address has not. Leave them out."
        raise AddressError(msg)
    return url.rstrip("/")


def address_of(url: str) -> Address:
    """The addresses that go with a base URL, a discovery URL or the URL of one service.

    Raises:
        AddressError: it is no absolute http(s) URL.
    """
    stated = checked_url(url)
    before, slash, last = stated.rpartition("/")
    if last == DISCOVERY:
        return Address(stated)
    if slash and before.endswith(f"/{DISCOVERY}"):
        return Address(before, last)
    return Address(f"{stated}/{DISCOVERY}")
