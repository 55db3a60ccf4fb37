"""The kinds of events there are, and what each is about."""

from typing import Literal

from msgspec import Struct

Subject = Literal["message", "customer", "conversation", "session"]


class EventType(Struct, frozen=True):
    """One kind of event."""

    name: str
    subject: Subject
    """What the event happened to, and what its `data` is, unless the details are."""
    description: str


CUSTOMER_IDENTITY_CONFLICT = "customer.identity_conflict"
MESSAGE_STATUS_UPDATED = "message.status_updated"
CONVERSATION_CLOSED = "conversation.closed"
CONVERSATION_REOPENED = "conversation.reopened"
CUSTOMER_UPDATED = "customer.updated"

ALL = (
    EventType("message.created", "message", "A message is stored, inbound or outbound."),
    EventType(
        MESSAGE_STATUS_UPDATED, "message", "An outbound message was sent, delivered, read or failed."
    ),
    EventType("conversation.created", "conversation", "A customer began to talk on a channel."),
    EventType(CONVERSATION_CLOSED, "conversation", "A conversation was closed."),
    EventType(
        CONVERSATION_REOPENED,
        "conversation",
        "A conversation is open again: somebody opened it, or the customer wrote.",
    ),
    EventType("customer.created", "customer", "A customer is known for the first time."),
    EventType(CUSTOMER_UPDATED, "customer", "Something about a customer changed."),
    EventType(
        CUSTOMER_IDENTITY_CONFLICT,
        "customer",
        "A call named identities of two customers; the stronger one decided and nothing was merged.",
    ),
    EventType("visitor.identified", "session", "A visitor of the site told who they are."),
)
BY_NAME = {event_type.name: event_type for event_type in ALL}
