"""Who is at the other end: the address that the trusted proxies vouch for.

`X-Forwarded-For` grows to the right: each proxy appends whom it was talking to. So it is read from
the right, for as long as the speaker is trusted; everything left of the first stranger is hearsay.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
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

_MOST_HOPS = 32
_CLIENT_PREFIX = 64
_REMEMBERED, _REMEMBERED_CHAIN = 4096, 100
_HOP = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::[0-9]{1,5})?|([0-9A-Fa-f:.]+)")


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read addresses and networks such as `10.0.0.0/8`; raises `ValueError` for anything else."""
    return tuple(ip_network(text, strict=False) for text in texts)


def client_address(peer: str, forwarded_for: Sequence[str], trusted: Sequence[Network]) -> str:
    """Return the client's address: the first hop from the right that is not a trusted proxy.

    `peer` is the other end of the socket, `forwarded_for` every `X-Forwarded-For` header in order.
    When all hops are trusted it is the leftmost. A hop on the way that cannot be read, or more of
    them than any real chain has, leaves the peer. IPv4 in IPv6 form comes out as IPv4.
    """
    chain = ",".join(forwarded_for)
    # The same few come again and again; only what somebody pads is read anew each time.
    found = _client_address if len(chain) <= _REMEMBERED_CHAIN else _client_address.__wrapped__
    return found(peer, chain, tuple(trusted))


@lru_cache(_REMEMBERED)
def _client_address(peer: str, chain: str, trusted: tuple[Network, ...]) -> str:
    socket = _address(peer)
    if socket is None:
        return peer
    client = socket
    # What is left of the most hops stays in one piece, which is no address.
    hops = chain.rsplit(",", _MOST_HOPS)
    while hops and _within(client, trusted):
        text = hops.pop().strip(" \t")
        if not text:
            continue
        hop = _hop(text)
        if hop is None:
            return str(socket)
        client = hop
    return str(client)


@lru_cache(_REMEMBERED)
def network_of(ip: str) -> str:
    """Return what one client is counted under: its IPv4 address (/32) or its IPv6 network (/64).

    Text that is no address, such as the peer of a unix socket, is counted under itself.
    """
    address = _address(ip)
    if address is None:
        return ip
    if isinstance(address, IPv4Address):
        return f"{address}/32"
    return str(ip_network((address, _CLIENT_PREFIX), strict=False))


def _within(address: Address, trusted: tuple[Network, ...]) -> bool:
    return any(address in network for network in trusted)


def _hop(text: str) -> Address | None:
    """Read one hop: an address, perhaps in brackets, perhaps with a port."""
    match = _HOP.fullmatch(text)
    return _address(match[1] or match[2] or match[3]) if match else None


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    # A zone names a network card of ours, not the client.
    return address.ipv4_mapped or IPv6Address(int(address))
