"""Rows as a transaction works on them: read under their lock, changed in memory, written once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct


class CustomerState(Struct):
    """A customer as the transaction sees it."""

    id: UUID
    organization_id: UUID
    display_name: str | None = None
    phone_e164: str | None = None
    email: str | None = None
    external_user_id: str | None = None
    fresh: bool = False
    changed: bool = False


class ConversationState(Struct):
    """A conversation under its row's lock."""

    id: UUID
    organization_id: UUID
    customer_id: UUID
    channel: str
    status: str = "open"
    last_seq: int = 0
    last_message_at: datetime | None = None
    last_inbound_at: datetime | None = None
    last_session_id: UUID | None = None
    fresh: bool = False


class SessionState(Struct):
    """An open visitor session under its row's lock."""

    id: UUID
    organization_id: UUID
    key_id: UUID | None
    key_scope: UUID
    visitor_id: str
    customer_id: UUID
    conversation_id: UUID
    ip_address: str | None = None
    user_agent: str | None = None
    referer: str | None = None
    landing_path: str | None = None
    external_user_id: str | None = None
    external_email: str | None = None
    external_name: str | None = None
    verified: bool = False
    message_count: int = 0
    first_seen_at: datetime | None = None
    last_seen_at: datetime | None = None
    closed_at: datetime | None = None
    fresh: bool = False


class NewEvent(Struct, frozen=True):
    """An event that the transaction will leave in the outbox."""

    organization_id: UUID
    type: str
    subject_id: UUID
    details: Mapping[str, Any] = {}
