"""The OpenAPI 3.1 document of everything that is served, made from the routes themselves.

Generators of clients are its strictest readers: every schema has a name, every operation an id,
and every refusal is the one `Problem`.
"""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from litestar import Litestar

from hub.api.envelopes import ENVELOPES
from hub.api.examples import example
from hub.api.operations import Operation, operations
from hub.api.problems import Problem
from hub.api.schemas import Schemas
from hub.events import catalogue

Node = dict[str, Any]

_RATES = {
    "X-RateLimit-Limit": "Calls a minute.",
    "X-RateLimit-Remaining": "Calls that are left now.",
    "X-RateLimit-Reset": "The Unix second at which the oldest counted call leaves the window.",
}
_RETRY = {"Retry-After": "Seconds to wait."}
_REFUSALS = {
    "400": "The body or the query is not what it should be; `details` names every field.",
    "401": "No key, or none that lives.",
    "403": "The key is of the wrong kind, its origin is not allowed, or the caller is kept out.",
    "404": "There is no such thing.",
    "408": "The body did not arrive in time.",
    "409": "The state of things does not allow it now.",
    "413": "The body is too large.",
    "415": "The body is not declared as JSON.",
    "429": "Too many calls.",
    "500": "A fault of the hub.",
    "503": "The hub cannot take this now, or did not hear in time whether it did: send it again.",
}
_TAGS = {
    "Messages": "Send messages and read them.",
    "Customers": "Who writes to the business.",
    "Conversations": "What a customer and the business say to each other on one channel.",
    "Sessions": "What is known of a visitor's time with the business.",
    "Blocks": "Who is kept out of the widget.",
    "Events": "What happened, for whoever missed a webhook or cannot take one.",
    "Account": "Whose key it is.",
    "Operations": "Asked by the operator's machines.",
    "Webhooks": "What the hub sends, signed, to whoever asked for it.",
}
# The tags of channels stand before those of operators and webhooks.
_LAST = 2
_SECURITY: Mapping[str, list[Node]] = {
    "server_key": [{"serverKey": []}],
    "widget_key": [{"widgetKey": []}],
    "key_or_legacy_secret": [{"serverKey": []}, {"legacyOrganization": [], "legacySecret": []}],
    "signature": [{"providerSignature": []}],
}


def document(app: Litestar, base: str | None) -> Node:
    """Return the document; `base` is the address that the hub is reached at."""
    return _Document(list(operations(app))).written(base or "/")


class _Document:
    """The document in the making."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._operations = operations
        answers = [operation.reply for operation in operations if operation.reply]
        replies = [Problem, *ENVELOPES.values(), *answers]
        bodies = [operation.body for operation in operations if operation.body]
        self._schemas = Schemas(replies, bodies)

    def written(self, base: str) -> Node:
        channels = {operation.tag for operation in self._operations} - _TAGS.keys()
        tags = [*list(_TAGS)[:-_LAST], *sorted(channels), *list(_TAGS)[-_LAST:]]
        return {
            "openapi": "3.1.0",
            "info": _info(),
            "servers": [{"url": base}],
            "tags": [_tag(name) for name in tags],
            "paths": self._paths(),
            "webhooks": {kind.name: self._webhook(kind) for kind in catalogue.ALL},
            "components": {
                "schemas": self._schemas.components,
                "securitySchemes": _security_schemes(),
                "headers": {name: _header(text) for name, text in (_RATES | _RETRY).items()},
            },
        }

    def _paths(self) -> Node:
        paths: Node = {}
        for operation in self._operations:
            paths.setdefault(operation.path, {})[operation.method] = self._operation(operation)
        return dict(sorted(paths.items()))

    def _operation(self, operation: Operation) -> Node:
        found: Node = {
            "operationId": operation.id,
            "summary": operation.summary,
            "description": operation.description,
            "tags": [operation.tag],
            "security": _SECURITY.get(operation.auth or "", []),
            "parameters": operation.described_parameters,
            "responses": self._responses(operation),
        }
        if operation.body:
            content = self._json(operation.body)
            sample = example(operation.body)
            content["application/json"] |= {"example": sample} if sample else {}
            found["requestBody"] = {"required": True, "content": content}
        return {name: value for name, value in found.items() if value or name == "security"}

    def _responses(self, operation: Operation) -> Node:
        rates = list(_RATES) if operation.auth not in {None, "signature"} else []
        found = {"200": self._response("Done.", operation.reply, rates)}
        for status, text in operation.also.items():
            found[status] = self._response(text, operation.reply)
        for status in sorted(operation.refusals):
            retry = list(_RETRY) if status in {"429", "503"} else []
            headers = [*(rates if status == "429" else []), *retry]
            found[status] = self._response(_REFUSALS[status], Problem, headers)
        return dict(sorted(found.items()))

    def _response(self, description: str, type_: Any, headers: Sequence[str] = ()) -> Node:
        found: Node = {"description": description, "content": self._json(type_)}
        if headers:
            found["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in headers}
        return found

    def _webhook(self, kind: catalogue.EventType) -> Node:
        content = self._json(ENVELOPES[kind.name])
        return {
            "post": {
                "operationId": "on" + ENVELOPES[kind.name].__name__,
                "summary": kind.description,
                "tags": ["Webhooks"],
                "security": [],
                "requestBody": {"required": True, "content": content},
                "responses": {"200": {"description": "Any 2xx: taken."}},
            }
        }

    def _json(self, type_: Any) -> Node:
        if type_ is None:
            return {"text/event-stream": {"schema": {"type": "string"}}}
        return {"application/json": {"schema": self._schemas.reference(type_)}}


def _tag(name: str) -> Node:
    return {"name": name} | ({"description": _TAGS[name]} if name in _TAGS else {})


def _header(description: str) -> Node:
    return {"description": description, "schema": {"type": "integer"}}


def _info() -> Node:
    return {
        "title": "Clonvo Hub",
        "version": version("clonvo-hub"),
        "description": "Customer messages in, replies out, over every channel of a business.",
        "license": {"name": "MIT", "identifier": "MIT"},
    }


def _security_schemes() -> Node:
    def bearer(prefix: str, description: str) -> Node:
        about = f"`{prefix}` and 32 characters. {description}"
        return {"type": "http", "scheme": "bearer", "description": about}

    def header(name: str, description: str) -> Node:
        return {"type": "apiKey", "in": "header", "name": name, "description": description}

    return {
        "serverKey": bearer("ck_live_", "For backends."),
        "widgetKey": bearer("cwk_live_", "For browsers, from an allowed origin."),
        "legacyOrganization": header("X-ChatHub-Org", "The slug of the business."),
        "legacySecret": header("X-ChatHub-Secret", "The secret of the business."),
        "providerSignature": header("X-Hub-Signature-256", "HMAC-SHA256 of the body, in hex."),
    }
