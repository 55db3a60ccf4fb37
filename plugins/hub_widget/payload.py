"""What the widget sends. Hosts hand over whole user objects: unknown fields are ignored."""

from typing import Annotated, Literal

from hub.sdk import Body, Email320, Id255, Meta, Name200, Path2048, Struct

MOST_EVENTS = 50
_LARGEST_SEQ = 2**31 - 1


class WidgetVisitor(Struct, frozen=True, rename="camel"):
    """Who the visitor says to be, and where on the site."""

    visitor_id: Id255 | None = None
    external_user_id: Id255 | None = None
    external_email: Email320 | None = None
    external_name: Name200 | None = None
    path: Path2048 | None = None
    referer: Path2048 | None = None


class WidgetMessage(Struct, frozen=True, rename="camel"):
    """A message that a visitor wrote; always inbound."""

    body: Body
    provider_message_id: Id255 | None = None
    visitor: WidgetVisitor = WidgetVisitor()


class WidgetEvent(Struct, frozen=True):
    """Something a visitor did."""

    type: Literal["opened", "closed", "typing", "read"]
    seq: Annotated[int, Meta(ge=0, le=_LARGEST_SEQ)] | None = None
    """Of `read`: the last message that was."""
    path: Path2048 | None = None


class WidgetEvents(Struct, frozen=True):
    """What a visitor did since the last call."""

    events: Annotated[list[WidgetEvent], Meta(max_length=MOST_EVENTS)]


class Noted(Struct, frozen=True):
    """The events were taken."""

    ok: bool = True
