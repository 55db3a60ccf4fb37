"""What a stream sends: one line of JSON an event, and its id where it has one.

The form is that of `text/event-stream` (HTML standard, 9.2); the ids are those of messages.
"""

from datetime import UTC, datetime
from typing import Literal

import msgspec
from msgspec import Struct

from hub import ids
from hub.api.mapping import instant
from hub.store.read.streams import Line

BEAT = b":\n\n"
_encode = msgspec.json.Encoder().encode


class StreamMessage(
    Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    omit_defaults=True,
    tag_field="type",
    tag="message",
):
    """A message of the visitor's conversation."""

    seq: int
    id: str
    cid: str | None = None
    """The `providerMessageId` of a message that the visitor sent."""
    from_: Literal["visitor", "operator"] = msgspec.field(name="from")
    name: str | None = None
    """Who of the business wrote it."""
    body: str
    at: str


class StreamRead(Struct, frozen=True, tag_field="type", tag="read"):
    """The visitor has read up to here, perhaps in another tab."""

    seq: int


class StreamTyping(Struct, frozen=True, tag_field="type", tag="typing"):
    """Somebody of the business is writing."""


def message(line: Line) -> bytes:
    """Return a message's event."""
    inbound = line.direction == "inbound"
    shown = StreamMessage(
        seq=line.seq,
        id=ids.wire("msg", line.id),
        cid=line.provider_message_id if inbound else None,
        from_="visitor" if inbound else "operator",
        body=line.body,
        at=instant(datetime.fromtimestamp(line.created_at / 1000, UTC)),
    )
    return b"id: %b\n%b" % (shown.id.encode(), event(shown))


def event(told: Struct) -> bytes:
    """Return an event without an id."""
    return b"data: %b\n\n" % _encode(told)
