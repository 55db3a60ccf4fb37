"""The body of a request that asks for another protocol.

The parser takes for granted that it gets one, and passes over the body. Nobody here speaks another:
a second parser, which has not heard the word, reads on.
"""

from collections.abc import Iterable
from typing import Protocol

import httptools

_LENGTHS = {b"content-length", b"transfer-encoding"}


class Hearer(Protocol):
    """Who is told of a body."""

    def on_body(self, body: bytes) -> None:
        """Take a piece."""

    def on_message_complete(self) -> None:
        """Note that it is whole."""


def parser_of_body(
    headers: Iterable[tuple[bytes, bytes]], hearer: Hearer
) -> httptools.HttpRequestParser | None:
    """Return a parser that reads on after these headers; None when no body follows them."""
    lengths = [b"%b: %b\r\n" % header for header in headers if header[0] in _LENGTHS]
    if not lengths:
        return None
    parser = httptools.HttpRequestParser(_Body(hearer))
    parser.feed_data(b"".join([b"POST / HTTP/1.1\r\n", *lengths, b"\r\n"]))
    return parser


class _Body:
    """Passes on what is told of the first body, and nothing of what comes after it."""

    def __init__(self, hearer: Hearer) -> None:
        self._hearer: Hearer | None = hearer

    def on_body(self, body: bytes) -> None:
        if self._hearer:
            self._hearer.on_body(body)

    def on_message_complete(self) -> None:
        if self._hearer:
            self._hearer.on_message_complete()
        self._hearer = None
