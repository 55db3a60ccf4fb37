"""The kinds of events there are, and what each is about."""

from typing import Final, Literal

from msgspec import Struct

Subject = Literal["message", "customer", "conversation", "session", "hook"]
EventName = Literal[
    "message.created",
    "message.status_updated",
    "conversation.created",
    "conversation.closed",
    "conversation.reopened",
    "customer.created",
    "customer.updated",
    "customer.identity_conflict",
    "visitor.identified",
    "hook.disabled",
    "hook.test",
]


class EventType(Struct, frozen=True):
    """One kind of event."""

    name: EventName
    subject: Subject
    """What the event happened to, and what its `data` is, unless the details are."""
    description: str


CUSTOMER_IDENTITY_CONFLICT: Final = "customer.identity_conflict"
MESSAGE_STATUS_UPDATED: Final = "message.status_updated"
CONVERSATION_CLOSED: Final = "conversation.closed"
CONVERSATION_REOPENED: Final = "conversation.reopened"
CUSTOMER_UPDATED: Final = "customer.updated"
HOOK_DISABLED: Final = "hook.disabled"
HOOK_TEST: Final = "hook.test"

ALL = (
    EventType("message.created", "message", "A message is stored, inbound or outbound."),
    EventType(
        MESSAGE_STATUS_UPDATED,
        "message",
        "An outbound message was sent, delivered, read or failed.",
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
        "A call named identities of two customers; the stronger decided and nothing was merged.",
    ),
    EventType("visitor.identified", "session", "A visitor of the site told who they are."),
    EventType(
        HOOK_DISABLED,
        "hook",
        "A hook was switched off: its receiver is gone, or nothing arrived for five days.",
    ),
    EventType(HOOK_TEST, "hook", "Somebody wanted to see that a hook's deliveries arrive."),
)
BY_NAME: dict[str, EventType] = {event_type.name: event_type for event_type in ALL}
