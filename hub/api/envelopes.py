"""Events as the outside gets them: in lists, as samples, and in webhooks.

`{"type", "id", "timestamp", "organizationId", "apiVersion", "data"}`, where `data` is the object
that the event happened to, exactly as its own endpoint returns it.
"""

from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hub import ids
from hub.api import mapping
from hub.api.objects import Conversation, Customer, Hook, Instant, Message, Session
from hub.contracts import MessageStatus
from hub.events import catalogue
from hub.fields import CustomerId, EventId, OrganizationId
from hub.store.read import records
from hub.store.subscriptions import Subscription


class Envelope(Struct, frozen=True, kw_only=True, rename="camel", tag_field="type"):
    """What all events have."""

    id: EventId
    timestamp: Instant
    organization_id: OrganizationId
    api_version: Literal["v1"] = "v1"


class MessageCreated(Envelope, frozen=True, kw_only=True, tag="message.created"):
    data: Message


class MessageStatusUpdated(Envelope, frozen=True, kw_only=True, tag="message.status_updated"):
    data: Message


class ConversationCreated(Envelope, frozen=True, kw_only=True, tag="conversation.created"):
    data: Conversation


class ConversationClosed(Envelope, frozen=True, kw_only=True, tag="conversation.closed"):
    data: Conversation


class ConversationReopened(Envelope, frozen=True, kw_only=True, tag="conversation.reopened"):
    data: Conversation


class CustomerCreated(Envelope, frozen=True, kw_only=True, tag="customer.created"):
    data: Customer


class CustomerUpdated(Envelope, frozen=True, kw_only=True, tag="customer.updated"):
    data: Customer


class ConflictingIdentity(Struct, frozen=True):
    """What both customers were named by."""

    kind: str
    value: str


class IdentityConflict(Struct, frozen=True, kw_only=True, rename="camel"):
    """One call named two customers."""

    customer_id: CustomerId
    """The one that was kept."""
    other_customer_id: CustomerId
    identity: ConflictingIdentity


class CustomerIdentityConflict(
    Envelope, frozen=True, kw_only=True, tag="customer.identity_conflict"
):
    data: IdentityConflict


class VisitorIdentified(Envelope, frozen=True, kw_only=True, tag="visitor.identified"):
    data: Session


class HookDisabled(Envelope, frozen=True, kw_only=True, tag="hook.disabled"):
    data: Hook


class HookTest(Envelope, frozen=True, kw_only=True, tag="hook.test"):
    data: Hook


AnyEvent = (
    MessageCreated
    | MessageStatusUpdated
    | ConversationCreated
    | ConversationClosed
    | ConversationReopened
    | CustomerCreated
    | CustomerUpdated
    | CustomerIdentityConflict
    | VisitorIdentified
    | HookDisabled
    | HookTest
)
ENVELOPES: dict[str, type[Any]] = {
    str(struct.__struct_config__.tag): struct for struct in Envelope.__subclasses__()
}


def event(record: records.EventRecord) -> AnyEvent:
    """Make an event's object."""
    made: AnyEvent = ENVELOPES[record.type](
        id=ids.wire("evt", record.id),
        timestamp=mapping.instant(record.created_at),
        organization_id=ids.wire("org", record.organization_id),
        data=_data(record),
    )
    return made


def _data(record: records.EventRecord) -> Any:
    if record.type == catalogue.CUSTOMER_IDENTITY_CONFLICT:
        return msgspec.convert(record.details, IdentityConflict)
    data = _object(record.subject)
    if record.type == catalogue.MESSAGE_STATUS_UPDATED and isinstance(data, Message):
        # The message may have gone on since; the event tells of its own moment.
        status = msgspec.convert(record.details.get("status", data.status), MessageStatus)
        return replace(data, status=status)
    return data


def _object(subject: records.Subject) -> Message | Customer | Conversation | Session | Hook:
    if isinstance(subject, records.MessageRecord):
        return mapping.message(subject)
    if isinstance(subject, records.CustomerRecord):
        return mapping.customer(subject)
    if isinstance(subject, records.ConversationRecord):
        return mapping.conversation(subject)
    if isinstance(subject, Subscription):
        return mapping.hook(subject)
    return mapping.session(subject)
