"""Which addresses a spider may connect to. Pure: it decides, `crawler.netguard` acts.

A feed is written by strangers. A link in it must not reach what only this machine can reach: a router's
page, a cloud's metadata service, a database on loopback. So everything that is not a public unicast address
is refused, after unwrapping the ways in which IPv6 carries an IPv4 address, unless the operator named the
network in ``network.allow_private``.

Nor does every port of a public address belong to the web: a link may aim at a mail server or a database, and what
we send would be read there. So beside the ports of `PORTS` only those are open that the operator wrote down.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

PORTS = frozenset({80, 443, 8080, 8443})
"""Where web servers listen. Another port is open for the host beside which an address in sources.yaml names it."""

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_COMPATIBLE = IPv6Network("::/96")  # RFC 4291, deprecated
_UNICAST = IPv6Network("2000::/3")  # all that was ever handed out (RFC 4291, 2.4)
# ``is_global`` of older Pythons lets these pass; so it does the forms of IPv6 outside 2000::/3 that carry an
# IPv4 address behind a local translator (64:ff9b:1::/48, ::ffff:0:0:0/96), and the site-local fec0::/10.
_SPECIAL = (
    IPv4Network("192.0.0.0/24"),  # RFC 6890
    IPv4Network("192.88.99.0/24"),  # RFC 7526
    IPv6Network("3fff::/20"),  # RFC 9637
)


def networks(names: Sequence[str]) -> tuple[Network, ...]:
    """Return the networks that ``names`` (such as ``127.0.0.0/8``) mean; raises ValueError for another word."""
    return tuple(ip_network(name) for name in names)


def refusal(host: str, allowed: Sequence[Network]) -> str | None:
    """Return why ``host``, an address literal about to be connected to, is refused; None when it may be."""
    try:
        address = ip_address(host.split("%", 1)[0])
    except ValueError:
        return f"{host} is not an address"
    for form in _forms(address):
        if not _is_opened(form, allowed) and not _is_public(form):
            return f"{address} is not a public address (network.allow_private names the private networks to enter)"
    return None


def port_refusal(host: str, port: int, allowed: Sequence[Network], *, named: bool) -> str | None:
    """Return why ``port`` of ``host``, an address that `refusal` let pass, is refused; None when it is not.

    ``named``: the operator wrote an address down that has this port beside this server's name.
    """
    if named or port in PORTS:
        return None
    if all(_is_opened(form, allowed) for form in _forms(ip_address(host.split("%", 1)[0]))):
        return None
    return f"port {port} is none of the web's, and no address in sources.yaml names it for this host"


def _is_opened(address: Address, allowed: Sequence[Network]) -> bool:
    return any(address in network for network in allowed if address.version == network.version)


def _is_public(address: Address) -> bool:
    if address.version == 6 and address not in _UNICAST:
        return False
    special = any(address in network for network in _SPECIAL if network.version == address.version)
    return address.is_global and not address.is_multicast and not special


def _forms(address: Address) -> tuple[Address, ...]:
    """Return what ``address`` stands for: itself, or the IPv4 addresses that it carries."""
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped:
        return (address.ipv4_mapped,)
    if address.sixtofour:
        return (address.sixtofour,)
    if address.teredo:
        return address.teredo
    if address in _NAT64 or address in _COMPATIBLE:
        # The unspecified and the loopback address lie in ::/96 too; as IPv4 0.0.0.0/8 they are refused.
        return (address,) if address.is_loopback else (IPv4Address(int(address) & 0xFFFFFFFF),)
    return (address,)
