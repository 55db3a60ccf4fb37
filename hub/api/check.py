"""What is wrong with a decoded body or query: every bad field, each with a sentence that helps."""

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Struct, inspect
from msgspec.structs import FieldInfo

from hub.errors import BadRequest

T = TypeVar("T", bound=Struct)
Faults = dict[str, list[str]]
Say = Callable[[Any], str]
Convert = Callable[[Any, Any], Any]

DEEPEST = 32
REQUIRED = "Required"
_NOTHING = (None, "")


def check(type_: type[T], tree: object) -> T:
    """Return plain objects as this Struct; raise `BadRequest` that names all that is wrong."""
    if not isinstance(tree, dict):
        raise BadRequest(form=["Send a JSON object"])
    return _checked(type_, tree, msgspec.convert)


def check_texts(type_: type[T], texts: Mapping[str, str]) -> T:
    """Return the values of a query, all of them text, as this Struct, or raise likewise."""
    return _checked(type_, texts, _from_text)


def attributes(type_: type[Struct], path: str) -> Iterator[str]:
    """Yield the attribute names that lead along a path of wire names."""
    for name in path.split("."):
        field = next(field for field in fields(type_) if field.encode_name == name)
        yield field.name
        type_ = struct_type(field.type) or type_


def loose_fields(type_: type[Struct]) -> list[str]:
    """Return the fields of the Struct in which some part takes objects of any form."""
    info = inspect.type_info(type_)
    assert isinstance(info, inspect.StructType)
    return [field.name for field in info.fields if _loose(field.type, set())]


@cache
def fields(type_: type[Struct]) -> tuple[FieldInfo, ...]:
    """Return the fields of a Struct."""
    return msgspec.structs.fields(type_)


@cache
def struct_type(annotation: Any) -> type[Struct] | None:
    """Return the Struct that a field holds, by itself or or-ed with None."""
    bare = _bare(annotation)
    return bare if isinstance(bare, type) and issubclass(bare, Struct) else None


@cache
def cure(annotation: Any) -> str:
    """Return the sentence that tells what a field of this type takes."""
    return _cure(inspect.type_info(annotation))


def storable(value: Any, depth: int = 0) -> Any:
    """Return plain objects without what no store could keep, null in its place."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if not isinstance(value, dict | list):
        return None if _unfit(value) else value
    if depth == DEEPEST:
        return None
    if isinstance(value, dict):
        return {storable(name): storable(part, depth + 1) for name, part in value.items()}
    return [storable(part, depth + 1) for part in value]


def _checked(type_: type[T], tree: Mapping[str, Any], convert: Convert) -> T:
    faults: Faults = {}
    clean = _struct(type_, tree, "", convert, faults)
    form = _form(type_, tree)
    if faults or form:
        raise BadRequest(fields=faults, form=form)
    try:
        struct: T = convert(clean, type_)
    except msgspec.ValidationError as error:
        raise _of_rule(error) from error
    return struct


def _from_text(value: Any, annotation: Any) -> Any:
    """Convert what is text to what it stands for; a number is no time."""
    try:
        return msgspec.convert(value, annotation)
    except msgspec.ValidationError:
        if _bare(annotation) is datetime:
            raise
        return msgspec.convert(value, annotation, strict=False)


def _struct(
    type_: type[Struct], tree: Mapping[str, Any], path: str, convert: Convert, faults: Faults
) -> dict[str, Any]:
    """Return the known fields that are given; note what is wrong with them."""
    clean = {}
    for field in fields(type_):
        place = f"{path}{field.encode_name}"
        value = tree.get(field.encode_name)
        if value is not None:
            clean[field.encode_name] = _value(field.type, value, place, convert, faults)
        elif field.required:
            faults[place] = [REQUIRED]
    return clean


def _value(annotation: Any, value: Any, path: str, convert: Convert, faults: Faults) -> Any:
    struct, item = struct_type(annotation), _item_type(annotation)
    if struct is not None and isinstance(value, dict):
        return _struct(struct, value, f"{path}.", convert, faults)
    if item is not None and isinstance(value, list):
        return [_value(item, v, f"{path}.{i}", convert, faults) for i, v in enumerate(value)]
    unfit = _unfit(value)
    if unfit:
        faults[path] = [unfit]
        return value
    try:
        convert(value, _present(annotation))
    except msgspec.ValidationError:
        faults[path] = [cure(annotation)]
    return value


def _unfit(value: Any, depth: int = 0) -> str | None:
    """Return why no store could keep this value as it is; None when it could."""
    if isinstance(value, str):
        return _unfit_text(value)
    if isinstance(value, int | float):
        return None if _fits_64_bits(value) else "Send a smaller number"
    if not isinstance(value, dict | list):
        return None
    if depth == DEEPEST:
        return f"Nest no deeper than {DEEPEST} levels"
    parts = [*value, *value.values()] if isinstance(value, dict) else value
    return next((unfit for part in parts if (unfit := _unfit(part, depth + 1))), None)


def _fits_64_bits(number: float) -> bool:
    """Tell whether JSON can carry the number there and back (RFC 8259, 6, asks for no more)."""
    if isinstance(number, int):
        return -(2**63) <= number < 2**64
    return math.isfinite(number)


def _unfit_text(text: str) -> str | None:
    if "\0" in text:
        return "Remove the NUL characters"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "Remove the lone surrogates: they are not text"
    return None


def _form(type_: type[Struct], tree: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the whole."""
    paths: tuple[str, ...] = getattr(type_, "at_least_one", ())
    if not paths or any(_given(tree, path) for path in paths):
        return []
    return [f"Send at least one of: {', '.join(paths)}"]


def _given(tree: Any, path: str) -> bool:
    for name in path.split("."):
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree not in _NOTHING


def _of_rule(error: msgspec.ValidationError) -> BadRequest:
    """Turn what a Struct's own rule says into ours; msgspec adds where as "- at `$.a[0].b`"."""
    text, _, place = str(error).partition(" - at `$")
    path = place.rstrip("`").lstrip(".").replace("[", ".").replace("]", "")
    return BadRequest(fields={path: [text]}) if path else BadRequest(form=[text])


@cache
def _item_type(annotation: Any) -> Any:
    """Return what a field that is a list holds."""
    bare = _bare(annotation)
    listed = get_origin(bare) in (list, tuple, set, frozenset)
    return get_args(bare)[0] if listed and get_args(bare) else None


@cache
def _present(annotation: Any) -> Any:
    """Return what a field takes when it is there: in a query, `null` is a text like any other."""
    if get_origin(annotation) not in (Union, UnionType):
        return annotation
    others = tuple(member for member in get_args(annotation) if member is not type(None))
    return Union[others]  # noqa: UP007 - built from what is left


def _bare(annotation: Any) -> Any:
    """Return a type without its `Annotated` and without its `| None`."""
    if hasattr(annotation, "__metadata__"):
        return _bare(annotation.__origin__)
    if get_origin(annotation) in (Union, UnionType):
        others = [member for member in get_args(annotation) if member is not type(None)]
        return _bare(others[0]) if len(others) == 1 else annotation
    return annotation


def _loose(info: Any, seen: set[type]) -> bool:
    if isinstance(info, inspect.AnyType | inspect.DictType):
        return True
    if isinstance(info, inspect.StructType):
        if info.cls in seen:
            return False
        seen.add(info.cls)
        return any(_loose(field.type, seen) for field in info.fields)
    inner = [getattr(info, name, None) for name in ("type", "item_type")]
    return any(_loose(part, seen) for part in (*inner, *getattr(info, "types", ())) if part)


def _cure(info: Any) -> str:
    if isinstance(info, inspect.Metadata):
        known: str | None = (info.extra or {}).get("cure")
        return known or _cure(info.type)
    if isinstance(info, inspect.UnionType):
        return _cure(next(t for t in info.types if not isinstance(t, inspect.NoneType)))
    say = _SENTENCES.get(type(info))
    return say(info) if say else "Send a valid value"


def _text(info: inspect.StrType) -> str:
    if info.max_length is None:
        return "Send text" if info.pattern is None else f"Send text that matches {info.pattern}"
    return f"Send text of {info.min_length or 0} to {info.max_length:,} characters"


def _number(info: inspect.IntType | inspect.FloatType) -> str:
    noun = "a whole number" if isinstance(info, inspect.IntType) else "a number"
    if info.ge is None or info.le is None:
        return f"Send {noun}"
    return f"Send {noun} from {info.ge} to {info.le}"


def _choice(info: inspect.LiteralType) -> str:
    return f"Send one of: {', '.join(str(value) for value in info.values)}"


def _list(info: inspect.ListType | inspect.VarTupleType) -> str:
    item = info.item_type
    if not isinstance(item, inspect.LiteralType):
        return "Send a list"
    return f"Send a list with some of: {', '.join(str(value) for value in item.values)}"


def _object(_: Any) -> str:
    return "Send an object"


_SENTENCES: dict[type, Say] = {
    inspect.StrType: _text,
    inspect.IntType: _number,
    inspect.FloatType: _number,
    inspect.LiteralType: _choice,
    inspect.StructType: _object,
    inspect.DictType: _object,
    inspect.BoolType: lambda _: "Send true or false",
    inspect.ListType: _list,
    inspect.VarTupleType: _list,
    inspect.DateTimeType: lambda _: "Use ISO 8601, like 2026-01-31T12:00:00Z",
}
