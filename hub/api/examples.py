"""A body that an endpoint takes, made from what its type asks for."""

from typing import Any

import msgspec
from msgspec import Struct

from hub.api.check import fields, struct_type

_OTHERWISE = {"string": "text", "integer": 1, "number": 1, "boolean": True}


def example(type_: type[Struct]) -> dict[str, Any]:
    """Return the smallest body of this type: what is required, and the first identity of many."""
    body = {field.encode_name: _value(field.type) for field in fields(type_) if field.required}
    paths: tuple[str, ...] = getattr(type_, "at_least_one", ())
    return body | (_along(type_, paths[0].split(".")) if paths else {})


def _along(type_: type[Struct], names: list[str]) -> dict[str, Any]:
    name, *rest = names
    field = next(field for field in fields(type_) if field.encode_name == name)
    inner = struct_type(field.type)
    return {name: _along(inner, rest) if rest and inner else _value(field.type)}


def _value(annotation: Any) -> Any:
    inner = struct_type(annotation)
    if inner is not None:
        return example(inner)
    schema = msgspec.json.schema(annotation)
    schema = schema.get("anyOf", [schema])[0]
    choices = schema.get("examples") or schema.get("enum")
    return choices[0] if choices else _OTHERWISE.get(schema.get("type", ""))
