"""The OpenAPI document as a page: what to send, what comes back, a curl to copy."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from msgspec import Struct

PAGES = Path(__file__).with_name("pages")
Node = Mapping[str, Any]

_TEMPLATES = Environment(
    loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)

_PLAIN = {"string": "text", "integer": "number", "boolean": "true or false", "object": "object"}
_KEYS = {
    "serverKey": ("server key", ['-H "Authorization: Bearer $SERVER_KEY"']),
    "widgetKey": (
        "widget key",
        ['-H "Authorization: Bearer $WIDGET_KEY"', '-H "Origin: https://www.example.com"'],
    ),
    "providerSignature": ("the provider's signature", []),
}


class Field(Struct, frozen=True):
    """A line of a table: a field of an object, or a parameter."""

    name: str
    type: Markup
    optional: bool
    description: Markup


class Call(Struct, frozen=True, kw_only=True):
    """One verb on one path."""

    id: str
    verb: str
    path: str
    summary: str
    description: Markup
    key: str | None
    parameters: Sequence[Field]
    body: Markup | None
    reply: Markup
    refusals: Sequence[tuple[str, str]]
    curl: str


class Group(Struct, frozen=True):
    """The calls about one thing."""

    name: str
    description: str
    calls: Sequence[Call]


class Shape(Struct, frozen=True):
    """An object that is sent or answered with."""

    name: str
    description: Markup
    kinds: Markup | None
    """What it is one of, when it has no fields of its own."""
    fields: Sequence[Field]


class Webhook(Struct, frozen=True):
    """An event that the hub sends."""

    name: str
    summary: str
    type: Markup


def page(document: Node, base: str) -> str:
    """Return the page; `base` is the address that stands in its examples."""
    schemas = document["components"]["schemas"]
    return _TEMPLATES.get_template("docs.html").render(
        title=document["info"]["title"],
        version=document["info"]["version"],
        base=base,
        groups=list(_groups(document, base)),
        webhooks=[_webhook(name, item["post"]) for name, item in document["webhooks"].items()],
        shapes=[_shape(name, schema) for name, schema in schemas.items()],
    )


def _groups(document: Node, base: str) -> Iterator[Group]:
    calls = [
        (operation["tags"][0], _call(path, verb, operation, base))
        for path, item in document["paths"].items()
        for verb, operation in item.items()
    ]
    for tag in document["tags"]:
        found = [call for name, call in calls if name == tag["name"]]
        if found:
            yield Group(tag["name"], tag.get("description", ""), found)


def _call(path: str, verb: str, operation: Node, base: str) -> Call:
    body = operation.get("requestBody")
    scheme = next((name for need in operation["security"] for name in need), "")
    return Call(
        id=operation["operationId"],
        verb=verb.upper(),
        path=path,
        summary=operation["summary"],
        description=_meaning(operation),
        key=_KEYS[scheme][0] if scheme else None,
        parameters=[_parameter(item) for item in operation.get("parameters", [])],
        body=_type(_schema(body)) if body else None,
        reply=_type(_schema(operation["responses"]["200"])),
        refusals=[
            (status, response["description"])
            for status, response in operation["responses"].items()
            if status != "200"
        ],
        curl=_curl(verb.upper(), base + _filled(path, operation), operation, scheme),
    )


def _curl(verb: str, url: str, operation: Node, scheme: str) -> str:
    """Return a command that can be copied: it is right once the key is in its variable."""
    lines = [f'curl "{url}"' if verb == "GET" else f'curl -X {verb} "{url}"']
    lines += _KEYS[scheme][1] if scheme else []
    lines += [
        f'-H "{item["name"]}: {item["example"]}"'
        for item in operation.get("parameters", [])
        if item["in"] == "header" and scheme == "widgetKey"
    ]
    if "requestBody" in operation:
        example = operation["requestBody"]["content"]["application/json"].get("example", {})
        body = json.dumps(example, ensure_ascii=False).replace("'", r"'\''")
        lines += ['-H "Content-Type: application/json"', f"-d '{body}'"]
    return " \\\n  ".join(lines)


def _filled(path: str, operation: Node) -> str:
    for item in operation.get("parameters", []):
        if item["in"] == "path":
            examples = item["schema"].get("examples", [item["name"]])
            path = path.replace(f"{{{item['name']}}}", str(examples[0]))
    return path


def _parameter(item: Node) -> Field:
    where = {"path": "in the path", "header": "a header"}.get(item["in"])
    note = Markup(" <small>{}</small>").format(where) if where else Markup()
    type_ = _type(item["schema"]) + note
    return Field(item["name"], type_, optional=False, description=_meaning(item))


def _webhook(name: str, operation: Node) -> Webhook:
    return Webhook(name, operation["summary"], _type(_schema(operation["requestBody"])))


def _shape(name: str, schema: Node) -> Shape:
    required = schema.get("required", [])
    fields = [
        Field(field, _type(part), optional=field not in required, description=_meaning(part))
        for field, part in schema.get("properties", {}).items()
    ]
    kinds = _any_of(schema["oneOf"]) if "oneOf" in schema else None
    return Shape(name, _meaning(schema), kinds, fields)


def _meaning(schema: Node) -> Markup:
    """Return the description of a schema, or of what it is when it is not null."""
    first = schema.get("anyOf", [{}])[0]
    return _text(schema.get("description") or first.get("description", ""))


def _schema(content: Node) -> Node:
    (media,) = content["content"].values()
    found: Node = media["schema"]
    return found


def _type(schema: Node) -> Markup:
    """Return what a schema takes, in words, with links to the objects in it."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return Markup('<a href="#{0}">{0}</a>').format(name)
    if "anyOf" in schema:
        return _any_of(schema["anyOf"])
    if "enum" in schema:
        return Markup(" | ").join(Markup("<code>{}</code>").format(c) for c in schema["enum"])
    if schema.get("type") == "array":
        return Markup("list of ") + _type(schema["items"])
    if schema.get("format") == "date-time":
        return Markup("time")
    kind = str(schema.get("type", "anything"))
    return escape(_PLAIN.get(kind, kind) + _limits(schema))


def _any_of(schemas: Sequence[Node]) -> Markup:
    return Markup(" or ").join(_type(schema) for schema in schemas)


def _limits(schema: Node) -> str:
    if "maxLength" in schema:
        return f", {schema.get('minLength', 0)} to {schema['maxLength']:,} characters"
    if "maximum" in schema:
        return f", {schema['minimum']} to {schema['maximum']}"
    return ""


def _text(text: str) -> Markup:
    """Return a text with what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped
