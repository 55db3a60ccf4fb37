"""Rows as a batch works on them: read, changed in memory, written once.

Moments are milliseconds since the epoch, as they are stored. What is None is left out of the row
that is sent, and is null again on the other side; so nothing else may have a default that a column
would miss.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from msgspec import Struct, field

from hub import ids

WAITING, DONE, DEAD = "waiting", "done", "dead"


def _nothing() -> Mapping[str, Any]:
    """Return an empty object that is sent as such, as the bare default `{}` would not be."""
    return {}


class CustomerState(Struct, omit_defaults=True):
    """A customer as the transaction sees it."""

    id: UUID
    organization_id: UUID
    display_name: str | None = None
    phone_e164: str | None = None
    email: str | None = None
    external_user_id: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=_nothing)
    """Written with a new customer only."""
    fresh: bool = False
    changed: set[str] = field(default_factory=set)
    """Which of its fields the transaction has learned."""


class ConversationState(Struct, omit_defaults=True):
    """A conversation; it is locked, or written only if it is still as it was read."""

    id: UUID
    organization_id: UUID
    customer_id: UUID
    channel: str
    status: str
    last_seq: int
    last_message_at: int | None = None
    last_inbound_at: int | None = None
    last_session_id: UUID | None = None
    fresh: bool = False


class SessionState(Struct, omit_defaults=True):
    """An open visitor session."""

    id: UUID
    organization_id: UUID
    key_id: UUID | None
    key_scope: UUID
    visitor_id: str
    customer_id: UUID
    conversation_id: UUID
    verified: bool
    message_count: int
    """How many the transaction adds."""
    first_seen_at: int
    last_seen_at: int
    ip_address: str | None = None
    user_agent: str | None = None
    referer: str | None = None
    landing_path: str | None = None
    external_user_id: str | None = None
    external_email: str | None = None
    external_name: str | None = None
    closed_at: int | None = None
    fresh: bool = False
    moved: bool = False
    """It was there already, and is another customer's by now, or closed."""


class IdentityClaim(Struct, frozen=True):
    """An identity that the transaction will give to a customer."""

    organization_id: UUID
    kind: str
    match_key: str
    scope: str
    value: str
    customer_id: UUID
    verified_by: str


class NewMessage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message that the transaction will store."""

    organization_id: UUID
    id: UUID
    conversation_id: UUID
    customer_id: UUID
    session_id: UUID | None = None
    key_id: UUID | None = None
    channel: str
    source: str
    provider_message_id: str | None = None
    direction: str
    type: str
    body: str
    status: str
    error: Mapping[str, str] | None = None
    seq: int
    reply_to_id: UUID | None = None
    author: str
    attachments: Any = None
    template: Any = None
    occurred_at: int


class NewWidgetEvent(Struct, frozen=True, omit_defaults=True):
    """An entry that the transaction will append to a session's log."""

    id: UUID
    organization_id: UUID
    session_id: UUID
    kind: str
    key_id: UUID | None = None
    path: str | None = None


class NewEvent(Struct, frozen=True):
    """An event that the transaction will leave in the outbox."""

    organization_id: UUID
    type: str
    subject_id: UUID
    details: Mapping[str, Any] = {}
    state: str = DONE
    """`waiting` when somebody has to be told; else it is only kept, and no worker looks at it."""
    attempts: int = 0
    id: UUID | str = field(default_factory=ids.fresh)
