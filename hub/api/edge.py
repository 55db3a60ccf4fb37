"""The outermost layer of the web app: what every request gets, whatever answers it.

A request id, the client's address, the headers of limits, CORS and safety, one log line, the
figures, and a last resort for errors. Messages take a lane of their own from here: a router,
dependencies and response objects cost more than the rest of accepting one (docs/decisions/0017).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from hub.api import follow, problems
from hub.api.body import Body
from hub.api.exchange import Exchange, call_from
from hub.auth.admission import Call
from hub.auth.proxies import Network

Lane = Callable[[Call, Body], Awaitable[bytes]]
"""Answers a POST with the JSON of a 200, or raises."""

_JSON = ((b"content-type", b"application/json"),)

log = structlog.get_logger("hub.request")


class Edge:
    """The web app as the server runs it: the lanes, and Litestar for everything else."""

    def __init__(
        self,
        app: ASGIApp,
        lanes: Mapping[str, Lane],
        streams: Mapping[str, follow.Lane],
        trusted: Sequence[Network],
        support: str | None,
    ) -> None:
        """`lanes` (POST) and `streams` (GET) are by path; `trusted` proxies are believed."""
        self._app = app
        self._lanes = lanes
        self._streams = streams
        self._trusted = tuple(trusted)
        self._support = support

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        exchange = Exchange(scope, send, call_from(scope, self._trusted))
        path, route = scope["path"], None
        try:
            if scope["method"] == "POST" and (lane := self._lanes.get(path)):
                route = path
                await exchange.answer(200, _JSON, await lane(exchange.call, Body(scope, receive)))
            elif scope["method"] == "GET" and (stream := self._streams.get(path)):
                route = path
                await stream(exchange.call, scope, receive, exchange.send)
            else:
                state = scope.setdefault("state", {})
                state["hub_call"], state["hub_request_id"] = exchange.call, exchange.request_id
                await self._app(scope, receive, exchange.send)
        except Exception as error:  # noqa: BLE001 - the last resort: everything becomes an answer
            await self._fail(exchange, error)
        finally:
            exchange.close(route or scope.get("path_template") or "unknown")

    async def _fail(self, exchange: Exchange, error: Exception) -> None:
        """Answer for an error; when the answer has begun already, let it break off."""
        if exchange.status:
            log.error("answer_broken_off", exc_info=error)
            return
        status, headers, body = problems.tell(error, exchange.request_id, self._support)
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await exchange.answer(status, raw, body)
