"""Where webhooks may go: whoever makes a hook chooses an address, and our network is not theirs.

What is written is looked at for a clear answer. What decides is the look at each address that is
connected to (`hub.deliveries.network`).
"""

import ipaddress
import re
import socket
from collections.abc import Iterable, Sequence
from urllib.parse import SplitResult, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST, LONGEST_NAME = 2048, 253
"""Of an address, and of a name (RFC 1035)."""
_LEAST_PORT = 1024
_PORTS = {80, 443}
_FORM = "Send an address with the name of a host, like https://example.com/hooks"
_UNREACHABLE = "This address may not be reached from here"
_STRANGE = re.compile(r"[\x00-\x20\x7f\\<>\"^`{|}]")
# As the C library reads an address: hexadecimal, octal, and fewer parts than four.
_NUMBERS = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+))*\Z")
# A host, or an address of IPv6 in brackets, and a port: what stands beside brackets is overread by
# some and the host for others.
_PLACE = re.compile(r"(?:\[[^\[\]]*:[^\[\]]*\]|[^\[\]:]*)(?::[0-9]*)?\Z")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


# The special-purpose registries of IANA (RFC 6890): what is no unicast of the public internet.
_BLOCKED = _networks(
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    # Of IPv6 all that is not 2000::/3, and of that what is no host's own or leads elsewhere: Teredo
    # and benchmarks, ORCHID, documentation, 6to4.
    "::/3",
    "4000::/2",
    "8000::/1",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
)
# Where clouds tell a machine its secrets: nobody's setting opens these.
_NEVER = _networks(
    "169.254.0.0/16",
    "100.100.100.200/32",
    "168.63.129.16/32",
    "192.0.0.192/32",
    "fd00:ec2::254/128",
    "fd20:ce::254/128",
    "fe80::/10",
    # Nor what may lead there without our seeing it: the NAT64 of one's own network, which has the
    # address of IPv4 anywhere inside (RFC 8215), and Teredo.
    "64:ff9b:1::/48",
    "2001::/32",
)
# What carries an address of IPv4 inside, and at which bit it begins.
_CARRIERS = (
    (ipaddress.ip_network("::ffff:0:0/96"), 96),
    (ipaddress.ip_network("::ffff:0:0:0/96"), 96),
    (ipaddress.ip_network("::/96"), 96),
    (ipaddress.ip_network("64:ff9b::/96"), 96),
    (ipaddress.ip_network("2002::/16"), 16),
)


class Guard:
    """Decides where one may connect to."""

    def __init__(self, *, allow_http: bool, allowed: Sequence[str]) -> None:
        """Let http pass if the operator says so, and these networks although they are private."""
        self._schemes = ("https", "http") if allow_http else ("https",)
        self._allowed = tuple(ipaddress.ip_network(one, strict=False) for one in allowed)

    def refusal(self, url: str) -> str | None:
        """Return what is wrong with an address, and the cure; None when it may be tried."""
        if len(url) > LONGEST:
            return f"At most {LONGEST} characters"
        if not url.isascii():
            return "Write the host as xn--..., and percent-encode what else is not ASCII"
        if _STRANGE.search(url):
            return "Leave out spaces, backslashes and control characters, or percent-encode them"
        if "#" in url:
            return "Leave out the part after #"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return _FORM
        return self._refused_parts(parts, port)

    def allows(self, address: str) -> bool:
        """Tell whether an IP address may be connected to."""
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        if getattr(found, "scope_id", None):
            return False
        carried = _carried(found)
        every = [found, *carried]
        if any(_lies_in(one, _NEVER) for one in every):
            return False
        # What leads to an address of IPv4 is no better than that one.
        if carried:
            return all(_lies_in(one, self._allowed) for one in carried)
        return _lies_in(found, self._allowed) or not _lies_in(found, _BLOCKED)

    def _refused_parts(self, parts: SplitResult, port: int | None) -> str | None:
        if parts.scheme not in self._schemes:
            return f"Begin it with {' or '.join(f'{scheme}://' for scheme in self._schemes)}"
        if "@" in parts.netloc:
            return "Leave out the user name and password: the signature proves who sends"
        if port is not None and port not in _PORTS and port < _LEAST_PORT:
            return f"Use port 443, 80, or one from {_LEAST_PORT} on"
        return self._refused_host(parts)

    def _refused_host(self, parts: SplitResult) -> str | None:
        host = parts.hostname or ""
        if not _PLACE.match(parts.netloc):
            return _FORM
        written = literal(host)
        if written is not None:
            return None if self.allows(written) else _UNREACHABLE
        if not _is_name(host):
            return _FORM
        bare = host.removesuffix(".").lower()
        if bare == "localhost" or bare.endswith(".localhost"):
            near = self.allows("127.0.0.1") or self.allows("::1")
            return None if near else _UNREACHABLE
        return None


def _carried(address: Address) -> list[Address]:
    """Return the address of IPv4 that one of IPv6 stands for, if it does."""
    if not isinstance(address, ipaddress.IPv6Address) or int(address) <= 1:
        return []
    return [
        ipaddress.IPv4Address(int(address) >> (96 - start) & 0xFFFFFFFF)
        for carrier, start in _CARRIERS
        if address in carrier
    ]


def _lies_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == one.version and address in one for one in networks)


def literal(host: str) -> str | None:
    """Return the address that a host is in any notation that some resolver takes; None: a name.

    What looks like one and cannot be read comes back as it is, and no guard allows it.
    """
    if ":" in host or "%" in host:
        return host
    plain = host.rstrip(".").lower()
    if _NUMBERS.match(plain):
        try:
            return socket.inet_ntoa(socket.inet_aton(plain))
        except OSError:
            return plain
    return None


def _is_name(host: str) -> bool:
    plain = host.removesuffix(".").lower()
    return len(plain) <= LONGEST_NAME and all(map(_LABEL.match, plain.split(".")))
