"""Which IP addresses the service may connect to: a pure question, asked once for each connection."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

METADATA = frozenset(
    ip_address(one)
    for one in (
        "169.254.169.254",
        "169.254.170.2",
        "fd00:ec2::254",
        "168.63.129.16",
        "100.100.100.200",
        "192.0.0.192",
    )
)
"""Where clouds answer questions about the machine (AWS, Azure, Google, Alibaba, Oracle); one is a public address."""

_SPECIAL = (IPv4Network("192.0.0.0/24"), IPv6Network("3fff::/20"))
"""Protocol assignments and documentation (IANA's registries), of which `ipaddress` learned late."""

_MAPPED = IPv6Network("::ffff:0:0/96")
_COMPATIBLE = IPv6Network("::/96")
_NAT64 = IPv6Network("64:ff9b::/96")


def is_allowed(address: Address, networks: Sequence[Network]) -> bool:
    """Whether an address may be connected to.

    Public addresses may. Loopback, private, link-local, shared, multicast, reserved and unspecified ones may not, in
    whatever form they are written, unless they lie in a listed network; a cloud's metadata address only where it is
    listed alone.

    Args:
        address: the address.
        networks: the networks listed.
    """
    routed = _routed(address)
    if METADATA & {address, routed}:
        return any(network.num_addresses == 1 and routed in network for network in networks)
    if any(one in network for network in networks for one in (address, routed)):
        return True
    return _is_public(routed)


def _routed(address: Address) -> Address:
    """The IPv4 address behind an IPv6 form that stands for one (RFC 4291, RFC 3056, RFC 6052), else the address."""
    if isinstance(address, IPv4Address):
        return address
    if any(address in network for network in (_MAPPED, _NAT64)) or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.sixtofour or address


def _is_public(address: Address) -> bool:
    site_local = isinstance(address, IPv6Address) and address.is_site_local
    special = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_link_local
    return address.is_global and not (special or site_local or any(address in network for network in _SPECIAL))


def address_of(text: str) -> Address | None:
    """The IP address that a text writes out; None for a name."""
    try:
        return ip_address(text)
    except ValueError:
        return None
