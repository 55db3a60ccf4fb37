"""One request and its answer: the id, headers, log line and figures that all of them have."""

import re
import time
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from litestar.types import HTTPScope, Message, Send

from hub import ids, logs, metrics
from hub.api import cors
from hub.auth.admission import Call
from hub.auth.headers import Headers
from hub.auth.proxies import Network, client_address

Header = tuple[bytes, bytes]

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
WHOLE = "hub.whole"
"""The ASGI extension `(send, status, headers, body) -> bool`: writes it in one piece, or not."""
_SAFETY: list[Header] = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


def call_from(scope: HTTPScope, trusted: tuple[Network, ...]) -> Call:
    """Return a request as the doors see it."""
    headers = Headers(scope["headers"])
    client = scope.get("client")
    peer = client[0] if client else "127.0.0.1"
    forwarded = headers.all("x-forwarded-for")
    return Call(headers=headers, ip=client_address(peer, forwarded, trusted))


def call_of(scope: Mapping[str, Any]) -> Call:
    """Return the request's call, which the edge put into its scope."""
    return cast("Call", scope["state"]["hub_call"])


@lru_cache(1024)
def _shown(key_id: UUID) -> str:
    return ids.wire("key", key_id)


class Exchange:
    """One request, from its first byte known to us to the last byte of its answer."""

    __slots__ = ("_answered", "_began", "_scope", "_send", "call", "request_id", "status")

    def __init__(self, scope: HTTPScope, send: Send, call: Call) -> None:
        """Begin: the id is the client's, when it sent a sensible one."""
        self._scope = scope
        self._send = send
        self._began = time.perf_counter()
        self._answered = 0.0
        self.status = 0
        self.call = call
        given = call.headers.get("x-request-id")
        self.request_id = given if given and _REQUEST_ID.match(given) else f"req_{ids.fresh()}"
        logs.request_id.set(self.request_id)

    async def send(self, message: Message) -> None:
        """Pass an answer on, with the headers that every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.call.lasting:
                self._answered = time.perf_counter()
            message["headers"] = [*message["headers"], *self._headers()]
        await self._send(message)

    async def answer(self, status: int, headers: Iterable[Header], body: bytes) -> None:
        """Send a whole answer, in one piece when the server knows how."""
        raw = [*headers, (b"content-length", b"%d" % len(body)), *self._headers()]
        self.status = status
        write: Any = (self._scope.get("extensions") or {}).get(WHOLE)
        if write is None or not write(self._send, status, raw, body):
            await self._send({"type": "http.response.start", "status": status, "headers": raw})
            await self._send({"type": "http.response.body", "body": body, "more_body": False})

    def close(self, route: str) -> None:
        """Write the one line and count; `route` is the path's template, never the path."""
        seconds = (self._answered or time.perf_counter()) - self._began
        method, caller = self._scope["method"], self.call.caller
        metrics.request(method, route, self.status, seconds)
        logs.request(
            method=method,
            route=route,
            status=self.status,
            ms=round(seconds * 10_000) / 10,
            key=_shown(caller.key_id) if caller and caller.key_id else None,
        )

    def _headers(self) -> list[Header]:
        headers = [(b"x-request-id", self.request_id.encode()), *_SAFETY]
        rate = self.call.rate
        if rate:
            headers += [
                (b"x-ratelimit-limit", b"%d" % rate.limit),
                (b"x-ratelimit-remaining", b"%d" % rate.remaining),
                (b"x-ratelimit-reset", b"%d" % rate.reset_at),
            ]
        if self.call.varies:
            headers.append((b"vary", b"Origin"))
        if self.call.cors_origin:
            headers += cors.readable_by(self.call.cors_origin)
        return headers
