"""The message body that backends send, and the reply they get: the customer's API reference.

`/messages` and the legacy `/ingest` take the same body, so it lives here and not in a plugin.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

from msgspec import UNSET, Struct, UnsetType, field

from hub import ids
from hub.contracts import Accepted, Arrival, Message, Person, Template, Visit
from hub.errors import BadRequest
from hub.fields import (
    Body,
    ConversationId,
    CustomerId,
    Email320,
    Id255,
    MessageId,
    Name200,
    Path2048,
    Phone,
    Text200,
)


class CustomerPart(Struct, frozen=True, rename="camel"):
    """Who the customer is, by phone."""

    phone_e164: Phone | None = field(default=None, name="phoneE164")
    display_name: Name200 | None = None


class VisitorPart(Struct, frozen=True, rename="camel"):
    """Who the visitor is, and where on the site."""

    visitor_id: Id255 | None = None
    external_user_id: Id255 | None = None
    external_email: Email320 | None = None
    external_name: Name200 | None = None
    path: Path2048 | None = None
    referer: Path2048 | None = None


class TemplatePart(Struct, frozen=True):
    """A message template that the provider has approved."""

    name: Text200
    language: Text200
    components: list[dict[str, object]] = []


class ServerMessage(Struct, frozen=True, rename="camel"):
    """A message from a backend: what a customer wrote (inbound) or a reply to them (outbound)."""

    at_least_one: ClassVar[tuple[str, ...]] = (
        "customer.phoneE164",
        "visitor.externalUserId",
        "visitor.externalEmail",
        "visitor.visitorId",
        "customerId",
        "conversationId",
    )

    body: Body
    direction: Literal["inbound", "outbound"] = "inbound"
    provider_message_id: Id255 | None = None
    customer: CustomerPart = CustomerPart()
    visitor: VisitorPart = VisitorPart()
    customer_id: CustomerId | None = None
    conversation_id: ConversationId | None = None
    channel: Text200 | None = None
    """Outbound: the channel to answer on; by default where the customer last wrote."""
    reply_to_id: MessageId | None = None
    template: TemplatePart | None = None


class MessageAccepted(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where the message is kept; `duplicate` when it was sent before."""

    ok: bool = True
    duplicate: bool | UnsetType = UNSET
    body_matches: bool | UnsetType = UNSET
    """False when a repeat's body is not the stored one."""
    id: str
    customer_id: str
    session_id: str | None
    visitor_id: str | None
    conversation_id: str
    status: str | UnsetType = UNSET
    """Outbound only."""


def normalize(payload: ServerMessage, arrival: Arrival) -> list[Message]:
    """Translate the body of a backend's call."""
    visitor = payload.visitor
    return [
        Message(
            channel="api",
            source="api",
            direction=payload.direction,
            body=payload.body,
            provider_message_id=payload.provider_message_id or arrival.idempotency_key,
            person=Person(
                phone_e164=payload.customer.phone_e164,
                external_user_id=visitor.external_user_id,
                email=visitor.external_email or None,
                visitor_id=visitor.visitor_id,
                display_name=payload.customer.display_name or visitor.external_name or None,
            ),
            visit=Visit(
                visitor_id=visitor.visitor_id,
                path=visitor.path,
                referer=visitor.referer,
                external_user_id=visitor.external_user_id,
                external_email=visitor.external_email or None,
                external_name=visitor.external_name or None,
            ),
            customer_id=ids.parse("cus", payload.customer_id or ""),
            conversation_id=ids.parse("con", payload.conversation_id or ""),
            reply_channel=payload.channel,
            reply_to_id=ids.parse("msg", payload.reply_to_id or ""),
            template=_template(payload.template),
        )
    ]


def reply(accepted: Sequence[Accepted | None]) -> MessageAccepted:
    """Return the reply to a call that brought one message."""
    (place,) = accepted
    if place is None:
        raise BadRequest(form=["Send one message"])
    return MessageAccepted(
        duplicate=True if place.duplicate else UNSET,
        body_matches=UNSET if place.body_matches else False,
        id=ids.wire("msg", place.message_id),
        customer_id=ids.wire("cus", place.customer_id),
        session_id=ids.wire("vs", place.session_id) if place.session_id else None,
        visitor_id=place.visitor_id,
        conversation_id=ids.wire("con", place.conversation_id),
        status=UNSET if place.status == "received" else place.status,
    )


def _template(part: TemplatePart | None) -> Template | None:
    return Template(part.name, part.language, part.components) if part else None
