"""The types of the API as JSON schemas, for the OpenAPI document."""

import ast
import inspect
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any, get_args, get_origin

import msgspec
from msgspec import Struct

from hub.api.envelopes import AnyEvent
from hub.api.objects import Page

Schema = dict[str, Any]

_PREFIX = "#/components/schemas/"
_EVENT = "Event"
_ANYTHING = {"description": "Anything."}


class Schemas:
    """The schemas of all types that are answered with or sent."""

    def __init__(self, replies: Iterable[Any], bodies: Iterable[type[Struct]]) -> None:
        """Write the schemas of these types and of all they consist of."""
        pages = {type_ for type_ in replies if get_origin(type_) is Page}
        items = {get_args(page)[0] for page in pages}
        types = list({*replies, *items, *bodies, AnyEvent} - pages)
        refs, found = _components(types)
        self._refs = dict(zip(types, refs, strict=True)) | {AnyEvent: {"$ref": _PREFIX + _EVENT}}
        sent = set(_reached([self._refs[body] for body in bodies], found))
        self.components = {
            name: _tidy(_lenient(schema) if name in sent else _complete(schema))
            for name, schema in found.items()
        }
        for page in pages:
            self._add_page(page)
        self.components[_EVENT] = _events([self._refs[kind] for kind in get_args(AnyEvent)])
        self.components = dict(sorted(self.components.items()))

    def reference(self, type_: Any) -> Schema:
        """Return a reference to a type's schema among the components."""
        found: Schema = self._refs[type_]
        return found

    def _add_page(self, page: Any) -> None:
        item = self._refs[get_args(page)[0]]
        name = item["$ref"].removeprefix(_PREFIX) + "Page"
        self._refs[page] = {"$ref": _PREFIX + name}
        cursor = {"description": "The `cursor` of the next page; null at the end."}
        self.components[name] = {
            "title": name,
            "description": "A part of a list, newest first.",
            "type": "object",
            "properties": {
                "data": {"type": "array", "items": item},
                "nextCursor": cursor | {"anyOf": [{"type": "string"}, {"type": "null"}]},
            },
            "required": ["data", "nextCursor"],
        }


def parameters(query: type[Struct]) -> list[Schema]:
    """Return the parameters of a query."""
    (schema,) = _components([query])[1].values()
    return [_parameter(name, field) for name, field in schema["properties"].items()]


def path_parameter(name: str, annotation: Any) -> Schema:
    """Return the parameter of a path."""
    found = _parameter(name, msgspec.json.schema(annotation))
    return found | {"in": "path", "required": True}


def _components(types: list[Any]) -> tuple[tuple[Schema, ...], dict[str, Schema]]:
    """Return a reference per type, and the schemas by name with what their fields' docs say."""
    template = f"{_PREFIX}{{name}}"
    refs, found = msgspec.json.schema_components(
        types, ref_template=template, schema_hook=lambda _: _ANYTHING
    )
    for struct in _structs(types):
        known = found.get(struct.__name__, {}).get("properties", {})
        for name, text in _field_docs(struct).items():
            if name in known:
                known[name] = {"description": text} | known[name]
    return refs, found


def _structs(types: Iterable[Any]) -> Iterator[type[Struct]]:
    """Yield every Struct that these types consist of."""
    waiting = list(msgspec.inspect.multi_type_info(types))
    seen: set[type] = set()
    while waiting:
        info = waiting.pop()
        if isinstance(info, msgspec.inspect.StructType) and info.cls not in seen:
            seen.add(info.cls)
            waiting += [field.type for field in info.fields]
            yield info.cls
        inner = (getattr(info, name, None) for name in ("type", "item_type", "value_type"))
        waiting += [part for part in (*inner, *getattr(info, "types", ())) if part is not None]


def _field_docs(struct: type[Struct]) -> dict[str, str]:
    """Return the sentences that stand below the fields of a Struct in its source, by wire name."""
    wire = dict(zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True))
    docs: dict[str, str] = {}
    for owner in reversed(struct.__mro__):
        for field, doc in pairwise(_class_bodies(owner.__module__).get(owner.__name__, ())):
            match field, doc:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ) if name in wire:
                    docs[wire[name]] = " ".join(text.split())
    return docs


@cache
def _class_bodies(module: str) -> dict[str, list[ast.stmt]]:
    """Return the bodies of a module's classes; of a module without source none."""
    try:
        source = inspect.getsource(sys.modules[module])
    except (OSError, TypeError):
        return {}
    classes = (part for part in ast.parse(source).body if isinstance(part, ast.ClassDef))
    return {part.name: part.body for part in classes}


def _reached(node: Any, found: dict[str, Schema]) -> Iterator[str]:
    """Yield the names of all schemas that a schema leads to."""
    waiting, seen = [node], set()
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            name = str(part.get("$ref", "")).removeprefix(_PREFIX)
            if name in found and name not in seen:
                seen.add(name)
                waiting.append(found[name])
                yield name
            waiting += part.values()


def _events(kinds: list[Schema]) -> Schema:
    names = [kind.__struct_config__.tag for kind in get_args(AnyEvent)]
    mapping = dict(zip(names, (kind["$ref"] for kind in kinds), strict=True))
    discriminator = {"propertyName": "type", "mapping": mapping}
    return {"title": _EVENT, "oneOf": kinds, "discriminator": discriminator}


def _complete(schema: Schema) -> Schema:
    """Require what has a default: it is always written."""
    fields = schema["properties"]
    required = [name for name in fields if name in schema["required"] or "default" in fields[name]]
    plain = {name: _without_default(field) for name, field in fields.items()}
    return schema | {"properties": plain, "required": required}


def _lenient(schema: Schema) -> Schema:
    """Let what may be absent be null, and leave out defaults that say no more than that."""
    told = {
        name: field if name in schema["required"] else _nullable(field)
        for name, field in schema["properties"].items()
    }
    return schema | {"properties": told}


def _nullable(field: Schema) -> Schema:
    about = {name: field[name] for name in ("description", "default") if name in field}
    if not isinstance(about.get("default"), str | int):
        about.pop("default", None)
    bare = {name: value for name, value in field.items() if name not in {"description", "default"}}
    return about | (bare if "anyOf" in bare else {"anyOf": [bare, {"type": "null"}]})


def _without_default(schema: Schema) -> Schema:
    return {name: value for name, value in schema.items() if name != "default"}


def _parameter(name: str, field: Schema) -> Schema:
    # A parameter is left out, never null.
    schema = dict(field["anyOf"][0]) if "anyOf" in field else dict(field)
    description = field.get("description") or schema.get("description")
    schema.pop("description", None)
    found = {"name": name, "in": "query", "required": False, "schema": _tidy(schema)}
    return found | ({"description": description} if description else {})


def _tidy(node: Any) -> Any:
    """Write what msgspec writes as generators of clients want it."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "discriminator" in node:
        return {"$ref": _PREFIX + _EVENT}
    found = {name: _tidy(value) for name, value in node.items()}
    if "enum" in found:
        found.setdefault("type", "string")
    if isinstance(found.get("description"), str):
        # A docstring comes with the indentation of its source.
        found["description"] = inspect.cleandoc(found["description"])
    if isinstance(found.get("pattern"), str):
        # ECMA 262 has no \Z; its $ is as strict.
        found["pattern"] = found["pattern"].replace(r"\Z", "$")
    return found
