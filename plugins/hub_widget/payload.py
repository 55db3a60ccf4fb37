"""What the widget sends. Hosts hand over whole user objects: unknown fields are ignored."""

from hub.sdk import Body, Email320, Id255, Name200, Path2048, Struct


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
