"""A sample of each kind of event, made from records by the same mapping as real events."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from hub import ids
from hub.api.envelopes import AnyEvent, event
from hub.events.catalogue import (
    CONVERSATION_CLOSED,
    CUSTOMER_IDENTITY_CONFLICT,
    HOOK_DISABLED,
    MESSAGE_STATUS_UPDATED,
    EventType,
)
from hub.store.read import records
from hub.store.subscriptions import Subscription

_AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def _uuid(number: int) -> UUID:
    return UUID(int=ids.earliest(_AT).int + number)


_CUSTOMER = records.CustomerRecord(
    id=_uuid(1),
    display_name="Jane Doe",
    phone_e164="+15551234567",
    email="jane@example.com",
    external_user_id="u_42",
    attributes={"plan": "pro"},
    created_at=_AT,
    updated_at=_AT,
    last_message_at=_AT,
    wa_id="15551234567",
    wa_user_id=None,
    wa_inbound_at=_AT,
)
_MESSAGE = records.MessageRecord(
    id=_uuid(2),
    conversation_id=_uuid(3),
    customer_id=_CUSTOMER.id,
    session_id=_uuid(4),
    channel="api",
    provider_message_id="site-msg-abc123",
    direction="inbound",
    type="text",
    body="Hi, do you ship to Canada?",
    status="received",
    error=None,
    seq=1,
    reply_to_id=None,
    author="customer",
    attachments=None,
    reactions=None,
    occurred_at=_AT,
    created_at=_AT,
    updated_at=_AT,
    customer=_CUSTOMER,
)
_CONVERSATION = records.ConversationRecord(
    id=_uuid(3),
    customer_id=_CUSTOMER.id,
    channel="api",
    status="open",
    last_seq=1,
    last_message_at=_AT,
    last_inbound_at=_AT,
    last_session_id=_uuid(4),
    created_at=_AT,
    updated_at=_AT,
    customer=_CUSTOMER,
)
_SESSION = records.SessionRecord(
    id=_uuid(4),
    key_id=_uuid(5),
    visitor_id="v_browser_or_session_id",
    customer_id=_CUSTOMER.id,
    conversation_id=_uuid(3),
    ip_address="203.0.113.7",
    user_agent="Mozilla/5.0",
    referer="https://www.example.com/",
    landing_path="/pricing",
    country_code="CA",
    city="Toronto",
    external_user_id="u_42",
    external_email="jane@example.com",
    external_name="Jane Doe",
    verified=True,
    message_count=1,
    first_seen_at=_AT,
    last_seen_at=_AT,
)
_HOOK = Subscription(
    id=_uuid(8),
    organization_id=_uuid(0),
    key_id=_uuid(5),
    url="https://example.com/hooks/clonvo",
    events=["message.created"],
    direction="inbound",
    adapter="api",
    description="The shop's backend",
    likeness="",
    secret="",
    created_at=_AT,
    updated_at=_AT,
)
_SUBJECTS: Mapping[str, records.Subject] = {
    "customer": _CUSTOMER,
    "message": _MESSAGE,
    "conversation": _CONVERSATION,
    "session": _SESSION,
    "hook": _HOOK,
    MESSAGE_STATUS_UPDATED: replace(
        _MESSAGE,
        direction="outbound",
        body="Yes, we do.",
        status="delivered",
        author="api",
        seq=2,
    ),
    HOOK_DISABLED: replace(
        _HOOK, state="disabled", disabled_reason="failing", failing_since=_AT - timedelta(days=5)
    ),
    CONVERSATION_CLOSED: replace(_CONVERSATION, status="closed"),
}
_DETAILS: Mapping[str, Mapping[str, Any]] = {
    MESSAGE_STATUS_UPDATED: {"status": "delivered"},
    CUSTOMER_IDENTITY_CONFLICT: {
        "customerId": ids.wire("cus", _CUSTOMER.id),
        "otherCustomerId": ids.wire("cus", _uuid(6)),
        "identity": {"kind": "email", "value": "jane@example.com"},
    },
}


@cache
def of(kind: EventType) -> AnyEvent:
    """Return a sample of this kind."""
    return event(
        records.EventRecord(
            id=_uuid(7),
            organization_id=_uuid(0),
            type=kind.name,
            created_at=_AT + timedelta(seconds=1),
            details=_DETAILS.get(kind.name, {}),
            subject=_SUBJECTS.get(kind.name) or _SUBJECTS[kind.subject],
        )
    )
