"""What is served, read from the routes: each verb on each path, with its types."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from msgspec import Struct

from hub import fields
from hub.api.schemas import parameters, path_parameter
from hub.contracts import Channel

_ALWAYS, _WITH_KEY, _WITH_BODY = {"500"}, {"400", "401", "403", "429", "503"}, {"408", "413", "415"}
_IDS = {
    "messageId": fields.MessageId,
    "customerId": fields.CustomerId,
    "conversationId": fields.ConversationId,
    "sessionId": fields.SessionId,
    "connectionId": fields.ConnectionId,
    "blockId": fields.BlockId,
    "hookId": fields.HookId,
    "deliveryId": fields.DeliveryId,
}


class Header(Struct, frozen=True):
    """A header that an operation reads."""

    name: str
    description: str
    example: str

    @property
    def described(self) -> dict[str, Any]:
        """Return it as a parameter of OpenAPI."""
        return {
            "name": self.name,
            "in": "header",
            "description": self.description,
            "required": False,
            "schema": {"type": "string"},
            "example": self.example,
        }


_IDEMPOTENCY = Header(
    "Idempotency-Key", "Stands in for a missing `providerMessageId`.", "order-1234-confirmed"
)
_HEADERS = {
    "server_key": _IDEMPOTENCY,
    "key_or_legacy_secret": _IDEMPOTENCY,
    "widget_key": Header(
        "X-Visitor",
        "`<visitorId>.<secret>`: who writes, and the proof.",
        "v_browser.a-secret-of-its-own",
    ),
}

_CHALLENGE = Header(
    "X-Challenge",
    "The answer to the `challenge` of a 403, with the same message again.",
    "a-ticket.4711",
)
_IDENTITY = Header(
    "X-Identity",
    "A JWT of the site's backend that proves who the visitor is; also `visitor.identityToken`.",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1XzQyIn0.c2lnbmVkIGJ5IHRoZSBzaXRlJ3MgYmFja2VuZA",
)
_LAST_EVENT = Header(
    "Last-Event-ID",
    "The id of the last message that was seen.",
    "msg_01k8z3v9q4e6ht2m5n7p0r1s3t",
)
_STREAM = (
    "Server-sent events, each a line of JSON: `config` first, then the last 100 messages or those "
    "after `Last-Event-ID`, then what is new. It ends within 15 minutes; come back with the id "
    "of the last message."
)


class Operation(Struct, frozen=True, kw_only=True):
    """One verb on one path."""

    path: str
    method: str
    id: str
    summary: str
    description: str
    tag: str
    parameters: Sequence[str]
    reply: Any
    """The type of the answer; None for events without end."""
    query: type[Struct] | None = None
    body: type[Struct] | None = None
    auth: str | None = None
    headers: Sequence[Header] = ()
    also: Mapping[str, str] = {}
    """Other statuses that it answers with the same type, and what they mean."""

    @property
    def refusals(self) -> set[str]:
        """Return the statuses it refuses with."""
        found = _ALWAYS | (_WITH_KEY if self.auth else set())
        found |= _WITH_BODY if self.body else set()
        found |= {"404"} if self.parameters else set()
        return found | ({"409"} if self.headers else set())

    @property
    def described_parameters(self) -> list[dict[str, Any]]:
        """Return its parameters as OpenAPI has them."""
        found = [path_parameter(name, _IDS.get(name, str)) for name in self.parameters]
        found += parameters(self.query) if self.query else []
        return found + [header.described for header in self.headers]


def operations(app: Litestar) -> Iterator[Operation]:
    """Yield what an app serves and describes, in the order of its routes."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in dict.fromkeys(route.route_handlers):
                if "channel" in handler.opt:
                    yield _ingest(route, handler.opt["channel"])
                elif "stream" in handler.opt:
                    yield _stream(route, handler.opt["stream"])
                elif handler.operation_id:
                    yield _resource(route, handler)


def _resource(route: HTTPRoute, handler: HTTPRouteHandler) -> Operation:
    (method,) = handler.http_methods - {"OPTIONS"}
    returned = handler.parsed_fn_signature.return_type.annotation
    return Operation(
        path=_camel(route.path_format),
        method=method.lower(),
        id=str(handler.operation_id),
        summary=handler.summary or "",
        description=_unfolded(handler.fn.__doc__ or ""),
        tag=(handler.tags or [""])[0],
        parameters=[_camel(name) for name in route.path_parameters],
        reply=get_args(returned)[0] if get_origin(returned) is Response else returned,
        query=handler.opt.get("query"),
        body=handler.opt.get("body"),
        auth="server_key" if handler.guards else None,
        also=handler.opt.get("also", {}),
    )


def _stream(route: HTTPRoute, channel: Channel) -> Operation:
    words = re.findall(r"[a-z0-9]+", channel.stream or "")
    return Operation(
        path=route.path_format,
        method="get",
        id="get" + "".join(word.title() for word in words),
        summary="Follow a conversation",
        description=_STREAM,
        tag=words[0].title(),
        parameters=[],
        reply=None,
        auth=channel.auth,
        headers=[_HEADERS[channel.auth], _IDENTITY, _LAST_EVENT],
    )


def _ingest(route: HTTPRoute, channel: Channel) -> Operation:
    words = re.findall(r"[a-z0-9]+", re.sub(r"\{.*?\}", "", channel.path))
    return Operation(
        path=_camel(route.path_format),
        method="post",
        id="post" + "".join(word.title() for word in words),
        summary=channel.summary,
        description=_rule(channel.wire),
        tag=words[0].title(),
        parameters=[_camel(name) for name in route.path_parameters],
        reply=channel.reply_type,
        body=channel.wire,
        auth=channel.auth,
        headers=_headers(channel),
    )


def _headers(channel: Channel) -> Sequence[Header]:
    known = _HEADERS.get(channel.auth)
    if known is None:
        return ()
    if channel.auth != "widget_key":
        return [known]
    return [known, _IDENTITY] if channel.brings_signals else [known, _IDENTITY, _CHALLENGE]


def _rule(body: type[Struct]) -> str:
    paths: tuple[str, ...] = getattr(body, "at_least_one", ())
    return f"At least one of: {', '.join(f'`{path}`' for path in paths)}." if paths else ""


def _camel(text: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), text)


def _unfolded(docstring: str) -> str:
    """Return a docstring with each paragraph on one line."""
    paragraphs = re.split(r"\n\s*\n", docstring)
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
