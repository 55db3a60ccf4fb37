"""What reading returns: rows as frozen Structs, ids as UUIDs, instants as aware datetimes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from hub.contracts import Direction, MessageStatus, MessageType
from hub.store.subscriptions import Subscription

AuthorKind = Literal["customer", "agent", "bot", "api", "system"]
ConversationStatus = Literal["open", "pending", "snoozed", "closed"]


class CustomerRecord(Struct, frozen=True, kw_only=True):
    """A customer, with what is known about it elsewhere."""

    id: UUID
    display_name: str | None
    phone_e164: str | None
    email: str | None
    external_user_id: str | None
    attributes: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    last_message_at: datetime | None
    wa_id: str | None
    """WhatsApp's own form of the number."""
    wa_user_id: str | None
    wa_inbound_at: datetime | None
    """When the customer last wrote on WhatsApp."""


class MessageRecord(Struct, frozen=True, kw_only=True):
    """A message and its customer."""

    id: UUID
    conversation_id: UUID
    customer_id: UUID
    session_id: UUID | None
    channel: str
    provider_message_id: str | None
    direction: Direction
    type: MessageType
    body: str
    status: MessageStatus
    error: Mapping[str, str | None] | None
    seq: int
    reply_to_id: UUID | None
    author: AuthorKind
    attachments: Sequence[Mapping[str, Any]] | None
    reactions: Sequence[Mapping[str, Any]] | None
    occurred_at: datetime
    created_at: datetime
    updated_at: datetime
    customer: CustomerRecord


class ConversationRecord(Struct, frozen=True, kw_only=True):
    """A conversation and its customer."""

    id: UUID
    customer_id: UUID
    channel: str
    status: ConversationStatus
    last_seq: int
    last_message_at: datetime
    last_inbound_at: datetime | None
    last_session_id: UUID | None
    created_at: datetime
    updated_at: datetime
    customer: CustomerRecord


class SessionRecord(Struct, frozen=True, kw_only=True):
    """A visitor session."""

    id: UUID
    key_id: UUID | None
    visitor_id: str
    customer_id: UUID
    conversation_id: UUID
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
    message_count: int
    first_seen_at: datetime
    last_seen_at: datetime


Subject = MessageRecord | CustomerRecord | ConversationRecord | SessionRecord | Subscription


class EventRecord(Struct, frozen=True, kw_only=True):
    """Something that happened, with the row it happened to."""

    id: UUID
    organization_id: UUID
    type: str
    created_at: datetime
    details: Mapping[str, Any]
    subject: Subject
