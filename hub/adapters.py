"""How a tool that is told of events wants to be told."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct


class Adapter(Struct, frozen=True, kw_only=True):
    """How a tool is told of events; a hook names it as its `source`."""

    name: str
    title: str
    shape: Callable[[Mapping[str, Any]], Any] | None = None
    """Makes the body's JSON of an event's; None sends the event as it is."""
