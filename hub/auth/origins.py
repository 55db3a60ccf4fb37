"""Origins: which pages may use a widget key in a browser.

An origin is a scheme, a host and a port (RFC 6454, section 4), compared part by part and never as
a prefix. Three forms can be allowed: `https://host[:port]`, `http://localhost[:port]`, and the app
schemes of `APPS`. A host written in Unicode is mapped to A-labels as browsers do it (UTS 46,
non-transitional); a browser's own header holds nothing but ASCII.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import idna

from hub.auth.headers import Headers

APPS = ("capacitor://localhost", "ionic://localhost")
DEFAULT_PORTS = {"https": 443, "http": 80}

_EXAMPLE = "https://www.example.com"
_LONGEST = 300
_LONGEST_HOST = 253
_HIGHEST_PORT = 65_535
_VISIBLE = re.compile(r"[!-~]+")
_UNSEEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# Browsers read a host whose last label is a number as an IPv4 address (URL standard, 3.5).
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


@dataclass(frozen=True, slots=True)
class Origin:
    """A scheme, a host (lower case, A-labels) and a port (None: the scheme's own).

    A dataclass, because two origins are equal whatever was `sent`.
    """

    scheme: str
    host: str
    port: int | None
    sent: str = field(compare=False, repr=False)
    """The text this was read from. In a request it is visible ASCII and is what
    `Access-Control-Allow-Origin` must repeat: a browser compares it with what it sent."""

    @property
    def text(self) -> str:
        """Return the serialised form (RFC 6454, 6.2), one for equal origins: stored, looked up."""
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"


@lru_cache(maxsize=4096)
def parse_allowed(text: str) -> Origin:
    """Read an origin that somebody wants to allow.

    Raises `ValueError` with a sentence that says what is wrong and what to write instead.
    """
    if _UNSEEN.search(text):
        raise ValueError("Remove the white space and control characters from the origin")
    if len(text) > _LONGEST:
        raise ValueError(f"An origin has at most {_LONGEST} characters, such as {_EXAMPLE}")
    return _read(text)


def sent_by(headers: Headers) -> list[list[str]]:
    """Return what may be the `Origin` headers of a request: those it has, or those it would have.

    A browser leaves `Origin` out of a GET by a page of the server's own origin (Fetch standard,
    3.2), and says so in `Sec-Fetch-Site`, which no page can write. The scheme is not in it.
    """
    sent, hosts = headers.all("origin"), headers.all("host")
    if sent or len(hosts) != 1 or headers.all("sec-fetch-site") != ["same-origin"]:
        return [sent]
    return [[f"{scheme}://{hosts[0]}"] for scheme in DEFAULT_PORTS]


def parse_request(values: Sequence[str]) -> Origin | None:
    """Read the `Origin` headers of a request.

    None when there is not exactly one, when it is `null` or malformed, and when no key could allow
    what it names.
    """
    if len(values) != 1 or not _VISIBLE.fullmatch(values[0]):
        return None
    try:
        return _read(values[0])
    except ValueError:
        return None


def allows(allowed: Iterable[Origin], origin: Origin) -> bool:
    """Tell whether a request's origin is one of the allowed ones."""
    return any(origin == one for one in allowed)


def _read(text: str) -> Origin:
    if "*" in text:
        raise ValueError(f"Wildcards are not allowed: list each origin, such as {_EXAMPLE}")
    if "," in text:
        raise ValueError("Write one origin at a time, without commas")
    if text.lower() == "null":
        raise ValueError(
            "null stands for any sandboxed page or file and cannot be allowed: "
            "serve the page over https, or from http://localhost"
        )
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    if not separator:
        raise ValueError(f"Write the origin with its scheme, such as {_EXAMPLE}")
    if f"{scheme}://{rest.lower()}" in APPS:
        return Origin(scheme, rest.lower(), None, text)
    if scheme not in DEFAULT_PORTS:
        raise ValueError(_unknown_scheme(scheme))
    _refuse_more_than_host_and_port(rest)
    host, port = _split_port(rest)
    host = _host(host)
    if scheme == "http" and host != "localhost":
        raise ValueError("http is allowed for localhost only: use https")
    return Origin(scheme, host, None if port == DEFAULT_PORTS[scheme] else port, text)


def _unknown_scheme(scheme: str) -> str:
    if scheme == "file":
        return "A page opened from a file has no origin: serve it from http://localhost"
    if any(app.startswith(f"{scheme}:") for app in APPS):
        return f"For an app, write exactly {scheme}://localhost"
    return f"Use https, or http for localhost, or one of {', '.join(APPS)}"


def _refuse_more_than_host_and_port(rest: str) -> None:
    if rest.endswith("/") and rest.count("/") == 1:
        raise ValueError("Leave out the slash at the end of the origin")
    if "?" in rest or "#" in rest:
        raise ValueError("Leave out the query and the fragment: an origin ends with host and port")
    if "/" in rest or "\\" in rest:
        raise ValueError("Leave out the path: an origin ends with host and port")
    if "@" in rest:
        raise ValueError("Leave out the user name and password: an origin has none")


def _split_port(rest: str) -> tuple[str, int | None]:
    host, separator, port = rest.rpartition(":")
    if not separator or rest.endswith("]"):
        return rest, None
    if not _PORT.fullmatch(port) or int(port) > _HIGHEST_PORT:
        raise ValueError(f"The port is a number from 1 to {_HIGHEST_PORT}, or is left out")
    return host, int(port)


def _host(text: str) -> str:
    if not text:
        raise ValueError(f"The origin has no host: write it like {_EXAMPLE}")
    if text.startswith("["):
        return _ipv6(text)
    host = text.lower() if text.isascii() else _a_labels(text)
    if host.endswith("."):
        raise ValueError("Leave out the dot at the end of the host")
    labels = host.split(".")
    if len(host) > _LONGEST_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(
            f"The host is not a name that a browser can open: write it like {_EXAMPLE}"
        )
    if _NUMBER.fullmatch(labels[-1]):
        _check_ipv4(host)
    return host


def _a_labels(text: str) -> str:
    try:
        return idna.encode(text, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError(
            "The host is not a valid international name: write it in its xn-- form"
        ) from error


def _check_ipv4(host: str) -> None:
    try:
        ipaddress.IPv4Address(host)
    except ValueError as error:
        raise ValueError("Write an IPv4 address as four decimal numbers") from error


def _ipv6(text: str) -> str:
    try:
        address = ipaddress.IPv6Address(text.removeprefix("[").removesuffix("]"))
    except ValueError as error:
        raise ValueError("Write an IPv6 address in brackets, such as [2001:db8::1]") from error
    if not text.endswith("]") or address.scope_id is not None:
        raise ValueError("Write an IPv6 address in brackets and without a zone")
    if address.ipv4_mapped:
        raise ValueError("Write the IPv4 address itself: it is another origin than its IPv6 form")
    return f"[{address.compressed}]"
