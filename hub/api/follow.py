"""`GET` of a channel's stream: who may follow a conversation, and the answer that goes on.

The order of refusal is that of a message: 401, 403, 429. Who is refused for good is told to come
back in ten minutes: a page that holds a dead key need not knock every second.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from litestar import HttpMethod, Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.types import Receive, Scope, Send
from msgspec.structs import replace

from hub import ids
from hub.api import cors, frames
from hub.api.audience import Audience
from hub.api.exchange import call_of
from hub.api.stream import Stream, Wake
from hub.auth.admission import Admission, Call
from hub.contracts import Channel, Welcome
from hub.errors import HubError, Unavailable
from hub.going import going_of
from hub.services.hub import Hub
from hub.store.read.streams import Spot, Watcher

RETRY_SECONDS = 600
_FOR_GOOD = {401, 403}
_LAST_EVENT = "last-event-id"
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
]

Lane = Callable[[Call, Scope, Receive, Send], Awaitable[None]]
"""Answers a GET by itself, or raises before it has begun to."""


class Follow:
    """The stream of a channel."""

    def __init__(
        self,
        channel: Channel,
        admission: Admission,
        hub: Hub,
        live: cors.LiveOrigins,
        audience: Audience,
    ) -> None:
        """Serve this channel's declaration; streams join the audience."""
        self.channel = channel
        self._admission = admission
        self._hub = hub
        self._live = live
        self._audience = audience

    async def get(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        """Admit the visitor and stream. Raises the `HubError` that refuses the call."""
        call.varies = call.lasting = True
        try:
            stream = await self._admit(call)
            moved = await self._has_moved(call, stream)
        except HubError as error:
            if error.status in _FOR_GOOD:
                error.retry_after = error.retry_after or RETRY_SECONDS
            if call.cors_origin is None:
                call.cors_origin = await self._live.match(call.headers)
            raise
        await self._begin(stream, call, send, moved=moved)
        leaving = asyncio.create_task(_gone(receive, stream))
        self._audience.join(stream, going_of(scope))
        try:
            await stream.run(send)
        finally:
            self._audience.leave(stream)
            leaving.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _admit(self, call: Call) -> Stream:
        proof = await self._admission.stream(call)
        caller = call.caller
        assert caller is not None
        token = call.token
        person = token.proved.external_user_id if token else None
        watcher = Watcher(
            caller.organization_id, caller.scope, proof.visitor_id, self.channel.name, person
        )
        seen = await self._seen(call, watcher)
        reads, live = self._hub.streams, self._hub.live
        stream = Stream(watcher, proof.digest.hex(), seen, reads=reads, live=live)
        stream.ip = call.ip
        stream.came_by = (caller.credential, call.cors_origin or "", token.seal if token else None)
        if token:
            stream.ends_at = asyncio.get_running_loop().time() + token.until - time.time()
        return stream

    async def _seen(self, call: Call, watcher: Watcher) -> Spot | None:
        """Return where the last message stands that the browser has; None when it is not known."""
        last = ids.parse("msg", call.headers.get(_LAST_EVENT) or "")
        return await self._hub.streams.spot(watcher.organization_id, last) if last else None

    async def _has_moved(self, call: Call, stream: Stream) -> bool:
        """Tell whether what the browser has seen is of another conversation than its stream.

        Whoever begins or ends to prove who they are gets another one.
        """
        if not call.headers.get(_LAST_EVENT):
            return False
        place = await self._hub.streams.place(stream.watcher)
        stream.settle(place)
        return stream.seen is None or stream.seen.conversation_id != place.conversation_id

    async def _begin(self, stream: Stream, call: Call, send: Send, *, moved: bool) -> None:
        welcome = Welcome()
        with contextlib.suppress(Unavailable):
            welcome = await self._hub.streams.welcome(stream.watcher.organization_id)
        wanted = call.headers.get("accept-language") or ""
        welcome = replace(welcome, accept_language=wanted, moved=moved)
        assert self.channel.opening is not None
        first = frames.event(self.channel.opening(welcome))
        await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
        body = frames.BEAT + first
        await send({"type": "http.response.body", "body": body, "more_body": True})


def endpoints(
    channels: Sequence[Channel],
    admission: Admission,
    hub: Hub,
    live: cors.LiveOrigins,
    audience: Audience,
) -> list[Follow]:
    """Make the stream of each channel that has one."""
    return [Follow(one, admission, hub, live, audience) for one in channels if one.stream]


def lanes(served: Sequence[Follow], base: str) -> dict[str, Lane]:
    """Return the GET of every stream by its path below `base`."""
    return {f"{base}{one.channel.stream}": one.get for one in served}


def handlers(served: Sequence[Follow]) -> list[HTTPRouteHandler]:
    """Return the routes of the streams: preflights, and what does not come by a lane."""
    return [_route(one) for one in served]


def _route(follow: Follow) -> HTTPRouteHandler:
    async def stream(request: Request[Any, Any, Any]) -> Response[Any]:
        if request.method == HttpMethod.OPTIONS:
            call = call_of(request.scope)
            call.varies = True
            headers = await cors.preflight(follow._live, call.headers)  # noqa: SLF001
            return Response(None, status_code=204, headers=headers)
        return _Streamed(follow)

    assert follow.channel.stream is not None
    methods = [HttpMethod.GET, HttpMethod.OPTIONS]
    return route(follow.channel.stream, http_method=methods, opt={"stream": follow.channel})(stream)


class _Streamed(Response[Any]):
    """What Litestar takes for a response: it streams."""

    def __init__(self, follow: Follow) -> None:
        super().__init__(None)
        self._follow = follow

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            await self._follow.get(call_of(scope), scope, receive, send)

        return answer


async def _gone(receive: Receive, stream: Stream) -> None:
    """End the stream when its client hangs up."""
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.wake(Wake.END)
