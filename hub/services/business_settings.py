"""A business's settings as text: dotted names and what they are set to."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

import msgspec

from hub.services.forms import Form
from hub.store.admin.records import BusinessSettings


def names() -> dict[str, Any]:
    """Return every dotted name and the type of its value."""
    return dict(_leaves(BusinessSettings, ""))


def changed(settings: BusinessSettings, changes: Mapping[str, str], form: Form) -> BusinessSettings:
    """Return the settings after the changes; what is wrong with one is noted in the form.

    A list is written with commas; an empty text is the default again.
    """
    known = names()
    values = msgspec.to_builtins(settings)
    for name, text in changes.items():
        if name not in known:
            form.wrong(name, f"No such setting; there are name, {', '.join(known)}")
            continue
        *path, leaf = name.split(".")
        table = values
        for part in path:
            table = table.setdefault(part, {})
        table.pop(leaf, None)
        if text.strip():
            try:
                table[leaf] = _read(text.strip(), known[name])
            except msgspec.ValidationError as error:
                form.wrong(name, str(error).partition(" - at `$")[0])
    return msgspec.convert(values, BusinessSettings)


def _leaves(type_: type[msgspec.Struct], prefix: str) -> Iterator[tuple[str, Any]]:
    for field in msgspec.structs.fields(type_):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from _leaves(field.type, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name, field.type


def _read(text: str, type_: Any) -> Any:
    if get_origin(type_) is tuple:
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return list(msgspec.convert(parts, tuple[get_args(type_)], strict=False))  # type: ignore[misc]
    return msgspec.convert(text, type_, strict=False)
