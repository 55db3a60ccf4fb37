"""What a request's first line asks for."""

from functools import lru_cache
from urllib.parse import unquote

import httptools

Target = tuple[str, bytes, bytes]
"""The path as text, the same as it was sent, and the query."""

_REMEMBERED, _REMEMBERED_BYTES = 1024, 100


def target_of(url: bytes) -> Target:
    """Take a URL apart; raise `HttpParserInvalidURLError`, or what says that it has no path."""
    # The same few come again and again; only what somebody pads is read anew each time.
    read = _target_of if len(url) <= _REMEMBERED_BYTES else _target_of.__wrapped__
    return read(url)


@lru_cache(_REMEMBERED)
def _target_of(url: bytes) -> Target:
    parsed = httptools.parse_url(url)
    path: str = parsed.path.decode("ascii")
    return unquote(path) if "%" in path else path, parsed.path, parsed.query or b""
