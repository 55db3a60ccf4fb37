"""What the lists can be asked: each query as a Struct, and the store's filter it means."""

from typing import Annotated

from msgspec import Meta, Struct

from hub import ids
from hub.api.mapping import read_cursor
from hub.contracts import Direction, Person
from hub.events.catalogue import EventName
from hub.fields import (
    ConversationId,
    Cursor,
    CustomerId,
    HookUrl,
    Id255,
    KeyId,
    Limit,
    Phone,
    Since,
    Text200,
)
from hub.store.read.conversations import ConversationFilter
from hub.store.read.deliveries import DeliveryFilter
from hub.store.read.deliveries import State as DeliveryState
from hub.store.read.events import EventFilter
from hub.store.read.messages import MessageFilter
from hub.store.read.paging import Paging
from hub.store.read.records import ConversationStatus
from hub.store.read.sessions import SessionFilter
from hub.store.subscriptions import Status as HookStatus
from hub.store.subscriptions import SubscriptionFilter

Email = Annotated[str, Meta(min_length=1, max_length=320, description="An e-mail address.")]


class ListQuery(Struct, frozen=True, kw_only=True, rename="camel"):
    """What every list can be asked."""

    limit: Limit = 50
    cursor: Cursor | None = None

    @property
    def paging(self) -> Paging:
        """Return which part of the list is wanted."""
        return Paging(limit=self.limit, before=read_cursor(self.cursor) if self.cursor else None)


class MessageQuery(ListQuery, frozen=True, kw_only=True, rename="camel"):
    """Filters of messages."""

    direction: Direction | None = None
    channel: Text200 | None = None
    customer_id: CustomerId | None = None
    conversation_id: ConversationId | None = None
    since: Since | None = None

    @property
    def wanted(self) -> MessageFilter:
        """Return the filter."""
        return MessageFilter(
            direction=self.direction,
            channel=self.channel,
            customer_id=ids.parse("cus", self.customer_id or ""),
            conversation_id=ids.parse("con", self.conversation_id or ""),
            since=self.since,
        )


class CustomerQuery(ListQuery, frozen=True, kw_only=True, rename="camel"):
    """Filters of customers. An identity finds who proved it; `q` also what was only said."""

    phone_e164: Phone | None = None
    email: Email | None = None
    external_user_id: Id255 | None = None
    visitor_id: Id255 | None = None
    q: Text200 | None = None

    @property
    def person(self) -> Person:
        """Return who is looked for."""
        return Person(
            phone_e164=self.phone_e164,
            email=self.email,
            external_user_id=self.external_user_id,
            visitor_id=self.visitor_id,
        )


class ConversationQuery(ListQuery, frozen=True, kw_only=True, rename="camel"):
    """Filters of conversations."""

    status: ConversationStatus | None = None
    customer_id: CustomerId | None = None

    @property
    def wanted(self) -> ConversationFilter:
        """Return the filter."""
        return ConversationFilter(
            status=self.status, customer_id=ids.parse("cus", self.customer_id or "")
        )


class SessionQuery(ListQuery, frozen=True, kw_only=True, rename="camel"):
    """Filters of visitor sessions; `since` is about when they were first seen."""

    visitor_id: Id255 | None = None
    customer_id: CustomerId | None = None
    key_id: KeyId | None = None
    since: Since | None = None

    @property
    def wanted(self) -> SessionFilter:
        """Return the filter."""
        return SessionFilter(
            visitor_id=self.visitor_id,
            customer_id=ids.parse("cus", self.customer_id or ""),
            key_id=ids.parse("key", self.key_id or ""),
            since=self.since,
        )


class EventQuery(ListQuery, frozen=True, kw_only=True, rename="camel"):
    """Filters of events."""

    type: EventName | None = None
    since: Since | None = None

    @property
    def wanted(self) -> EventFilter:
        """Return the filter."""
        return EventFilter(type=self.type, since=self.since)


class HookQuery(ListQuery, frozen=True, kw_only=True, rename="camel"):
    """Filters of hooks."""

    url: HookUrl | None = None
    source: Text200 | None = None
    status: HookStatus | None = None

    @property
    def wanted(self) -> SubscriptionFilter:
        """Return the filter."""
        return SubscriptionFilter(url=self.url, adapter=self.source, status=self.status)


class DeliveryQuery(ListQuery, frozen=True, kw_only=True, rename="camel"):
    """Filters of deliveries."""

    status: DeliveryState | None = None
    since: Since | None = None

    @property
    def wanted(self) -> DeliveryFilter:
        """Return the filter."""
        return DeliveryFilter(state=self.status, since=self.since)
