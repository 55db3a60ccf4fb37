"""How the objects of the API are made from what the store returns.

One mapping per kind, for single objects, lists, events and webhooks alike.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import msgspec

from hub import ids
from hub.api.objects import (
    Attachment,
    Attempt,
    Author,
    Block,
    Conversation,
    Customer,
    Delivery,
    Hook,
    HookFilter,
    Message,
    MessageError,
    Page,
    Reaction,
    Session,
    WhatsApp,
)
from hub.events.catalogue import EventName
from hub.store.blocks import Block as BlockRecord
from hub.store.read.deliveries import Attempt as AttemptRecord
from hub.store.read.deliveries import Delivery as DeliveryRecord
from hub.store.read.paging import Chunk
from hub.store.read.records import (
    ConversationRecord,
    CustomerRecord,
    MessageRecord,
    SessionRecord,
)
from hub.store.subscriptions import Subscription

R = TypeVar("R")
T = TypeVar("T")

# How long after a customer's last message WhatsApp lets a business write freely.
WHATSAPP_WINDOW = timedelta(hours=24)


def page(chunk: Chunk[R], make: Callable[[R], T]) -> Page[T]:
    """Return a part of a list with its objects made."""
    return Page(
        [make(item) for item in chunk.items], cursor(chunk.last_id) if chunk.last_id else None
    )


def cursor(last_id: UUID) -> str:
    """Return the opaque text that says where a page ended."""
    return urlsafe_b64encode(last_id.bytes).decode().rstrip("=")


def read_cursor(text: str) -> UUID:
    """Return where a page ended; the text has the form of `hub.fields.Cursor`."""
    return UUID(bytes=urlsafe_b64decode(f"{text}=="))


def customer(record: CustomerRecord) -> Customer:
    """Make a customer's object."""
    return Customer(
        id=ids.wire("cus", record.id),
        display_name=record.display_name,
        phone_e164=record.phone_e164,
        email=record.email,
        external_user_id=record.external_user_id,
        attributes=record.attributes,
        whatsapp=_whatsapp(record),
        created_at=instant(record.created_at),
        updated_at=instant(record.updated_at),
        last_message_at=_instant(record.last_message_at),
    )


def message(record: MessageRecord) -> Message:
    """Make a message's object."""
    by_customer = record.author == "customer"
    return Message(
        id=ids.wire("msg", record.id),
        conversation_id=ids.wire("con", record.conversation_id),
        customer_id=ids.wire("cus", record.customer_id),
        session_id=_id("vs", record.session_id),
        direction=record.direction,
        channel=record.channel,
        type=record.type,
        body=record.body,
        status=record.status,
        error=msgspec.convert(record.error, MessageError) if record.error else None,
        provider_message_id=record.provider_message_id,
        attachments=msgspec.convert(record.attachments or [], list[Attachment]),
        reactions=msgspec.convert(record.reactions or [], list[Reaction]),
        reply_to_id=_id("msg", record.reply_to_id),
        author=Author(record.author, record.customer.display_name if by_customer else None),
        seq=record.seq,
        customer=customer(record.customer),
        occurred_at=instant(record.occurred_at),
        created_at=instant(record.created_at),
        updated_at=instant(record.updated_at),
    )


def conversation(record: ConversationRecord) -> Conversation:
    """Make a conversation's object."""
    return Conversation(
        id=ids.wire("con", record.id),
        customer_id=ids.wire("cus", record.customer_id),
        channel=record.channel,
        status=record.status,
        last_seq=record.last_seq,
        session_id=_id("vs", record.last_session_id),
        customer=customer(record.customer),
        last_message_at=instant(record.last_message_at),
        last_inbound_at=_instant(record.last_inbound_at),
        created_at=instant(record.created_at),
        updated_at=instant(record.updated_at),
    )


def session(record: SessionRecord) -> Session:
    """Make a visitor session's object."""
    return Session(
        id=ids.wire("vs", record.id),
        key_id=_id("key", record.key_id),
        visitor_id=record.visitor_id,
        customer_id=ids.wire("cus", record.customer_id),
        conversation_id=ids.wire("con", record.conversation_id),
        ip_address=record.ip_address,
        user_agent=record.user_agent,
        referer=record.referer,
        landing_path=record.landing_path,
        country_code=record.country_code,
        city=record.city,
        external_user_id=record.external_user_id,
        external_email=record.external_email,
        external_name=record.external_name,
        verified=record.verified,
        message_count=record.message_count,
        first_seen_at=instant(record.first_seen_at),
        last_seen_at=instant(record.last_seen_at),
    )


def block(record: BlockRecord) -> Block:
    """Make a block's object."""
    return Block(
        id=ids.wire("blk", record.id),
        key_id=_id("key", record.key_id),
        visitor_id=record.visitor_id,
        network=record.network,
        reason=record.reason,
        created_at=instant(record.created_at),
        expires_at=_instant(record.expires_at),
    )


def hook(record: Subscription) -> Hook:
    """Make a hook's object; its secrets are shown nowhere."""
    return Hook(
        id=ids.wire("hook", record.id),
        key_id=ids.wire("key", record.key_id),
        url=record.url,
        events=msgspec.convert(record.events, list[EventName]),
        filter=HookFilter(direction=record.direction, channel=record.channel),
        source=record.adapter,
        description=record.description,
        status=record.status,
        disabled_reason=record.disabled_reason,
        failing_since=_instant(record.failing_since),
        previous_secret_expires_at=_instant(record.previous_expires_at),
        created_at=instant(record.created_at),
        updated_at=instant(record.updated_at),
    )


def delivery(record: DeliveryRecord) -> Delivery:
    """Make a delivery's object, with all that was tried."""
    waits = record.state == "waiting"
    return Delivery(
        id=ids.wire("dlv", record.id),
        hook_id=ids.wire("hook", record.subscription_id),
        event_id=ids.wire("evt", record.event_id),
        type=msgspec.convert(record.event_type, EventName),
        status=record.state,
        attempts=[_attempt(one) for one in record.attempts],
        next_attempt_at=instant(record.available_at) if waits else None,
        created_at=instant(record.created_at),
    )


def _attempt(record: AttemptRecord) -> Attempt:
    return Attempt(
        number=record.number,
        at=instant(record.created_at),
        response_status=record.status,
        error=record.error,
        duration_ms=record.milliseconds,
        response_body=record.answer,
    )


def instant(moment: datetime) -> str:
    """Write a moment: ISO 8601, UTC, milliseconds, `Z`."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else instant(moment)


def _id(kind: ids.Kind, uuid: UUID | None) -> str | None:
    return None if uuid is None else ids.wire(kind, uuid)


def _whatsapp(record: CustomerRecord) -> WhatsApp | None:
    if record.wa_id is None and record.wa_user_id is None:
        return None
    wrote = record.wa_inbound_at
    return WhatsApp(
        wa_id=record.wa_id,
        user_id=record.wa_user_id,
        username=None,
        window_expires_at=_instant(wrote + WHATSAPP_WINDOW if wrote else None),
    )
