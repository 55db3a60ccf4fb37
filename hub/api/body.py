"""A request's body: bounded in size, in time and in kind, whoever reads it."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from litestar.types import Receive

from hub.auth.admission import Call
from hub.errors import BadRequest, Timeout, TooLarge, UnsupportedMedia

BODY_SECONDS = 15.0
ARRIVED = "hub.arrived"
"""The ASGI extension `(receive) -> bytearray | None`: the body, when nothing of it is missing."""
JSON = "application/json"
_JSON = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json\s*(?:;|\Z)", re.IGNORECASE)


class Body:
    """The body of one request, not read yet."""

    __slots__ = ("_arrived", "_receive")

    def __init__(self, scope: Mapping[str, Any], receive: Receive) -> None:
        """Take what the server gives the app."""
        self._arrived: Any = (scope.get("extensions") or {}).get(ARRIVED)
        self._receive = receive

    async def read(self, call: Call, most: int) -> bytes:
        """Return a JSON body of at most `most` bytes that arrives within 15 seconds.

        Raises 413, 415 or 408; a client that goes away in the middle is a 400 nobody reads.
        """
        media = call.headers.get("content-type")
        arrived = self._arrived(self._receive) if self._arrived else None
        if arrived is not None and len(arrived) <= most and _may_be_json(media):
            return bytes(arrived)
        declared = call.headers.get("content-length") or ""
        if declared.isdecimal() and int(declared) > most:
            raise TooLarge(f"The request may have {most} bytes")
        if not _may_be_json(media):
            raise UnsupportedMedia
        try:
            async with asyncio.timeout(BODY_SECONDS):
                return await _read(self._receive, most)
        except TimeoutError as error:
            raise Timeout from error


def _may_be_json(media: str | None) -> bool:
    return media is None or media == JSON or _JSON.match(media) is not None


async def _read(receive: Receive, most: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest("The connection closed before the body was complete")
        if message["type"] != "http.request":
            continue
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > most:
            raise TooLarge(f"The request may have {most} bytes")
        if not message.get("more_body"):
            return b"".join(chunks)
