"""The one decoder: bytes from outside become a frozen Struct, or a 400 that names every bad field.

A good body costs one msgspec decode. Anything else is read again, slowly, to find out all that is
wrong with it.

A Struct may carry one rule about the whole of it, `at_least_one: ClassVar[tuple[str, ...]]`: paths
of fields of which one has to be there. Any other rule is a `__post_init__` that raises
`ValueError`; it is looked at once the fields are right.
"""

import json
import re
from functools import cache
from typing import Any, Generic, NoReturn, TypeVar

import msgspec
from msgspec import Struct

from hub.api.check import attributes, check, loose_fields, storable
from hub.errors import BadRequest

T = TypeVar("T", bound=Struct)

# More brackets than this might be nested deeper than what is stored may be.
_BRACKETS = 64
_LONG_NUMBER = re.compile(rb"[0-9]{19}")
_DIGITS = 300


def decode(type_: type[T], raw: bytes) -> T:
    """Return the JSON body as this Struct; raise `BadRequest` with all that is wrong with it.

    Unknown fields are ignored, null counts as absent, and text holds no NUL.
    """
    struct: T | None = _plan(type_).read(raw)
    return check(type_, _parse(raw)) if struct is None else struct


def decode_signed(type_: type[T], raw: bytes) -> T:
    """Return a provider's signed body as this Struct, without whatever no store takes.

    A provider repeats a call that is refused for days, with everything else that is in it, so one
    strange value spoils no other: it becomes null, and texts lose what is no text.
    """
    struct: T | None = _plan(type_).read(raw)
    return check(type_, storable(_parse(raw))) if struct is None else struct


class _Plan(Generic[T]):
    """What is known about a type before any body comes."""

    def __init__(self, type_: type[T]) -> None:
        self._decoder = msgspec.json.Decoder(type_)
        self._loose = loose_fields(type_)
        paths: tuple[str, ...] = getattr(type_, "at_least_one", ())
        self._one_of = [tuple(attributes(type_, path)) for path in paths]

    def read(self, raw: bytes) -> T | None:
        """Return the body as a Struct; None when something is, or may be, wrong with it."""
        if b"\\u0000" in raw:
            return None
        try:
            struct = self._decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        for name in self._loose:
            if getattr(struct, name) and _strange(raw):
                return None
        for names in self._one_of:
            if _reach(struct, names):
                return struct
        return None if self._one_of else struct


@cache
def _plan(type_: type[T]) -> _Plan[T]:
    return _Plan(type_)


def _strange(raw: bytes) -> bool:
    """Tell whether a body that decodes well may still hold what no store takes."""
    return raw.count(b"[") + raw.count(b"{") > _BRACKETS or bool(_LONG_NUMBER.search(raw))


def _reach(struct: object, names: tuple[str, ...]) -> Any:
    for name in names:
        struct = getattr(struct, name, None)
    return struct


def _parse(raw: bytes) -> Any:
    """Return the body as plain objects, lone surrogates and all."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise BadRequest(form=["The body is not UTF-8"]) from error
    try:
        return json.loads(text, parse_constant=_no_constant, parse_int=_integer)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise BadRequest(form=[f"The body is not valid JSON ({place})"]) from error
    except RecursionError as error:
        raise BadRequest(form=["The body is nested too deeply"]) from error


def _no_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(name, "", 0)


def _integer(digits: str) -> float:
    # Python itself refuses to read integers of more than 4,300 digits.
    return int(digits) if len(digits) <= _DIGITS else float(digits)
