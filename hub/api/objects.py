"""The objects of the API.

Everything is always present; what is unknown is null. Ids carry their kind, instants are UTC with
milliseconds.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Generic, TypeVar

from msgspec import Meta, Struct

from hub.contracts import Direction, MessageStatus, MessageType
from hub.events.catalogue import EventName
from hub.fields import (
    BlockId,
    ConversationId,
    CustomerId,
    DeliveryId,
    EventId,
    HookId,
    KeyId,
    MessageId,
    SessionId,
)
from hub.store.read.deliveries import State as DeliveryState
from hub.store.read.records import AuthorKind, ConversationStatus
from hub.store.subscriptions import Reason as DisabledReason
from hub.store.subscriptions import Status as HookStatus

T = TypeVar("T")

Instant = Annotated[
    str,
    Meta(
        description="UTC, with milliseconds.",
        examples=["2026-01-31T12:00:00.000Z"],
        extra_json_schema={"format": "date-time"},
    ),
]


class WhatsApp(Struct, frozen=True, kw_only=True, rename="camel"):
    """What WhatsApp calls a customer."""

    wa_id: str | None
    user_id: str | None
    username: str | None
    window_expires_at: Instant | None
    """Until when a free text may be sent; after it only templates."""


class Customer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Somebody who writes to the business."""

    id: CustomerId
    display_name: str | None
    phone_e164: str | None
    email: str | None
    external_user_id: str | None
    attributes: Mapping[str, Any]
    whatsapp: WhatsApp | None
    created_at: Instant
    updated_at: Instant
    last_message_at: Instant | None


class Attachment(Struct, frozen=True, kw_only=True, rename="camel"):
    """A file that belongs to a message."""

    type: str
    mime_type: str | None = None
    url: str | None = None
    file_name: str | None = None


class Reaction(Struct, frozen=True, kw_only=True, rename="camel"):
    """An emoji that somebody put to a message."""

    emoji: str
    author: AuthorKind = "customer"
    occurred_at: Instant | None = None


class MessageError(Struct, frozen=True):
    """Why a message failed."""

    code: str | None = None
    message: str | None = None


class Author(Struct, frozen=True):
    """Who wrote a message."""

    kind: AuthorKind
    name: str | None


class Message(Struct, frozen=True, kw_only=True, rename="camel"):
    """A message, inbound or outbound, of any channel."""

    id: MessageId
    conversation_id: ConversationId
    customer_id: CustomerId
    session_id: SessionId | None
    direction: Direction
    channel: str
    type: MessageType
    body: str
    status: MessageStatus
    error: MessageError | None
    provider_message_id: str | None
    attachments: Sequence[Attachment]
    reactions: Sequence[Reaction]
    reply_to_id: MessageId | None
    author: Author
    seq: int
    """Counts in its conversation, without gaps."""
    customer: Customer
    occurred_at: Instant
    """When it happened, as the channel tells."""
    created_at: Instant
    """When it was stored."""
    updated_at: Instant


class Conversation(Struct, frozen=True, kw_only=True, rename="camel"):
    """All that a customer and the business say to each other on one channel."""

    id: ConversationId
    customer_id: CustomerId
    channel: str
    status: ConversationStatus
    last_seq: int
    """The `seq` of its latest message."""
    session_id: SessionId | None
    """The visitor session of its latest message."""
    customer: Customer
    last_message_at: Instant
    last_inbound_at: Instant | None
    created_at: Instant
    updated_at: Instant


class Session(Struct, frozen=True, kw_only=True, rename="camel"):
    """A visitor's time with the business, until 30 days of silence."""

    id: SessionId
    key_id: KeyId | None
    visitor_id: str
    customer_id: CustomerId
    conversation_id: ConversationId
    ip_address: str | None
    user_agent: str | None
    referer: str | None
    landing_path: str | None
    country_code: str | None
    city: str | None
    external_user_id: str | None
    external_email: str | None
    external_name: str | None
    verified: bool
    """Whether the identity was given with a server key or proved by a token."""
    message_count: int
    first_seen_at: Instant
    last_seen_at: Instant


class Block(Struct, frozen=True, kw_only=True, rename="camel"):
    """A visitor of a key, or a network, that is kept out of the widget."""

    id: BlockId
    key_id: KeyId | None
    visitor_id: str | None
    network: str | None
    reason: str
    created_at: Instant
    expires_at: Instant | None


class HookFilter(Struct, frozen=True, kw_only=True):
    """Which events of its kinds a hook is for; those that have no such thing pass."""

    direction: Direction | None = None
    channel: str | None = None


class Hook(Struct, frozen=True, kw_only=True, rename="camel"):
    """An address that is told of events."""

    id: HookId
    key_id: KeyId
    """The key that made it; when that dies, nothing is sent any more."""
    url: str
    events: Sequence[EventName]
    filter: HookFilter
    source: str
    """The tool that it is of, which decides how events are told: `api`, `zapier`, `n8n`."""
    description: str
    status: HookStatus
    disabled_reason: DisabledReason | None
    failing_since: Instant | None
    """Since when nothing arrives; after five days it is switched off."""
    previous_secret_expires_at: Instant | None
    """Until when the secret before also signs."""
    created_at: Instant
    updated_at: Instant


class Attempt(Struct, frozen=True, kw_only=True, rename="camel"):
    """One time that an event was sent."""

    number: int
    at: Instant
    response_status: int | None
    error: str | None
    """Why there is no status: `timeout`, `unreachable`, `no_http`, `event_gone`, `not_made`."""
    duration_ms: int
    response_body: str
    """Its first 4 KiB."""


class Delivery(Struct, frozen=True, kw_only=True, rename="camel"):
    """One event for one hook."""

    id: DeliveryId
    hook_id: HookId
    event_id: EventId
    type: EventName
    status: DeliveryState
    attempts: Sequence[Attempt]
    next_attempt_at: Instant | None
    created_at: Instant


class Page(Struct, Generic[T], frozen=True, rename="camel"):
    """A part of a list, newest first."""

    data: Sequence[T]
    next_cursor: str | None
    """The `cursor` of the next page; null at the end."""
