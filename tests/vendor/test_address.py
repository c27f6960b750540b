"""From a base, discovery or service URL to the addresses of a service."""

import pytest

from cds_service.vendor.address import Address, AddressError, address_of

DISCOVERY = "https://cds.example.org/hooks/cds-services"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://cds.example.org/hooks", Address(DISCOVERY)),
        ("https://cds.example.org/hooks/", Address(DISCOVERY)),
        (DISCOVERY, Address(DISCOVERY)),
        (f"{DISCOVERY}/", Address(DISCOVERY)),
        (f"{DISCOVERY}/little", Address(DISCOVERY, "little")),
        ("http://127.0.0.1:8000", Address("http://127.0.0.1:8000/cds-services")),
    ],
)
def test_whichever_address_is_given_gives_the_others(url: str, address: Address) -> None:
    """With and without a slash at the end."""
    assert address_of(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cds.example.org",
        "ftp://cds.example.org",
        "https://",
        "http://[::1",
        "http://cds.example.org:99999",
        "https://a:b@cds.example.org",
        "https://cds.example.org/?x=1",
        "https://cds.example.org/#here",
        "https://cds example.org",
        "https://cds.example.org/\x07",
    ],
)
def test_what_can_be_no_address_is_refused(url: str) -> None:
    """With what to give instead."""
    with pytest.raises(AddressError, match=r"Give one|Leave them out"):
        address_of(url)


def test_an_id_is_put_into_a_url_safely() -> None:
    """An id with a slash or a question mark stays one part of the path."""
    address = address_of(DISCOVERY)

    assert address.service("a/b?c") == f"{DISCOVERY}/a%2Fb%3Fc"
    assert address.feedback("little") == f"{DISCOVERY}/little/feedback"
