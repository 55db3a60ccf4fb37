"""The outermost layer of the web app: what every request gets, whatever answers it.

A request id, the client's address, the headers of limits, CORS and safety, one log line, the
figures, and a last resort for errors.
"""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import uuid4

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from hub import ids, metrics
from hub.api import cors, problems
from hub.auth.admission import Call
from hub.auth.headers import Headers
from hub.auth.proxies import Network, client_address
from hub.errors import BadRequest, Timeout, TooLarge, UnsupportedMedia

BODY_SECONDS = 15.0
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_JSON = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json\s*(?:;|\Z)", re.IGNORECASE)
_SAFETY = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]

log = structlog.get_logger("hub.request")


class Edge:
    """The web app as the server runs it: Litestar, wrapped."""

    def __init__(self, app: ASGIApp, trusted: Sequence[Network], support: str | None) -> None:
        """`trusted` are the proxies whose word about the client's address counts."""
        self._app = app
        self._trusted = trusted
        self._support = support

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send, self._call(scope))
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=exchange.request_id)
        try:
            await self._app(scope, receive, exchange.send)
        except Exception as error:  # noqa: BLE001 - the last resort: everything becomes a 500
            await exchange.fail(error, self._support)
        finally:
            exchange.close()

    def _call(self, scope: Scope) -> Call:
        headers = Headers(scope["headers"])
        client = scope.get("client")
        peer = client[0] if client else "127.0.0.1"
        forwarded = headers.all("x-forwarded-for")
        return Call(headers=headers, ip=client_address(peer, forwarded, self._trusted))


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: HTTPScope, send: Send, call: Call) -> None:
        self._scope = scope
        self._send = send
        self._began = time.perf_counter()
        self._status = 0
        self.call = call
        given = call.headers.get("x-request-id")
        self.request_id = given if given and _REQUEST_ID.match(given) else f"req_{uuid4().hex}"
        state = scope.setdefault("state", {})
        state["hub_call"], state["hub_request_id"] = call, self.request_id

    async def send(self, message: Message) -> None:
        """Pass the answer on, with the headers that every answer has."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            message["headers"] = [*message["headers"], *self._headers()]
        await self._send(message)

    async def fail(self, error: Exception, support: str | None) -> None:
        """Answer for an error that nobody caught; when the answer has begun, let it break off."""
        if self._status:
            log.error("answer_broken_off", exc_info=error)
            return
        status, headers, body = problems.render(error, self.request_id, support)
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        start: Any = {"type": "http.response.start", "status": status, "headers": raw}
        await self.send(start)
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    def close(self) -> None:
        """Write the one line and count."""
        seconds = time.perf_counter() - self._began
        route = self._scope.get("path_template") or "unknown"
        metrics.request(self._scope["method"], route, self._status, seconds)
        key_id = self.call.caller.key_id if self.call.caller else None
        log.info(
            "request",
            method=self._scope["method"],
            route=route,
            status=self._status,
            ms=round(seconds * 1000, 1),
            key=ids.wire("key", key_id) if key_id else None,
        )

    def _headers(self) -> list[tuple[bytes, bytes]]:
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


def call_of(scope: Mapping[str, Any]) -> Call:
    """Return the request's call, which the edge put into its scope."""
    return cast("Call", scope["state"]["hub_call"])


async def read_body(call: Call, receive: Receive, most: int) -> bytes:
    """Read a JSON body of at most `most` bytes that arrives within 15 seconds.

    Raises 413, 415 or 408; a client that goes away in the middle is a 400 nobody reads.
    """
    declared = call.headers.get("content-length") or ""
    if declared.isdecimal() and int(declared) > most:
        raise TooLarge(f"The request may have {most} bytes")
    media = call.headers.get("content-type")
    if media is not None and not _JSON.match(media):
        raise UnsupportedMedia
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(receive, most)
    except TimeoutError as error:
        raise Timeout from error


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
