"""Rows as a transaction works on them: read under their lock, changed in memory, written once.

Moments are milliseconds since the epoch, as they are stored.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from msgspec import Struct, field

from hub import ids

WAITING, DONE, DEAD = "waiting", "done", "dead"


class CustomerState(Struct):
    """A customer as the transaction sees it."""

    id: UUID
    organization_id: UUID
    display_name: str | None = None
    phone_e164: str | None = None
    email: str | None = None
    external_user_id: str | None = None
    attributes: Mapping[str, Any] = {}
    """Written with a new customer only."""
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
    last_message_at: int | None = None
    last_inbound_at: int | None = None
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
    first_seen_at: int = 0
    last_seen_at: int = 0
    closed_at: int | None = None
    fresh: bool = False


class IdentityClaim(Struct, frozen=True):
    """An identity that the transaction will give to a customer."""

    organization_id: UUID
    kind: str
    match_key: str
    scope: str
    value: str
    customer_id: UUID
    verified_by: str


class NewMessage(Struct, frozen=True, kw_only=True):
    """A message that the transaction will store."""

    organization_id: UUID
    id: UUID
    conversation_id: UUID
    customer_id: UUID
    session_id: UUID | None
    key_id: UUID | None
    channel: str
    source: str
    provider_message_id: str | None
    direction: str
    type: str
    body: str
    status: str
    error: Mapping[str, str] | None
    seq: int
    reply_to_id: UUID | None
    author: str
    attachments: Any
    template: Any
    occurred_at: int


class NewWidgetEvent(Struct, frozen=True):
    """An entry that the transaction will append to a session's log."""

    id: UUID
    organization_id: UUID
    session_id: UUID
    key_id: UUID | None
    kind: str
    path: str | None


class NewEvent(Struct, frozen=True):
    """An event that the transaction will leave in the outbox."""

    organization_id: UUID
    type: str
    subject_id: UUID
    details: Mapping[str, Any] = {}
    state: str = DONE
    """`waiting` when somebody has to be told; else it is only kept, and no worker looks at it."""
    attempts: int = 0
    id: str = field(default_factory=ids.fresh)
