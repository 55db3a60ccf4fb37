"""The body that a hook is sent: the event, in the shape that its tool wants."""

import msgspec

from hub.adapters import Adapter
from hub.api import envelopes
from hub.store.read.records import EventRecord

_encode = msgspec.json.Encoder().encode


def body_of(record: EventRecord, adapter: Adapter | None) -> bytes:
    """Return the JSON of an event; an adapter that is not there any more changes nothing."""
    made = envelopes.event(record)
    if adapter is None or adapter.shape is None:
        return _encode(made)
    return _encode(adapter.shape(msgspec.to_builtins(made)))
