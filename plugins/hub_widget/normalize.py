"""A widget's body as a message. What is proved of the visitor stands beside it, not in it."""

from collections.abc import Sequence
from typing import NamedTuple

from hub.sdk import Accepted, Arrival, Message, Person, Proved, Signal, Visit
from hub_widget.payload import Noted, WidgetEvents, WidgetMessage, WidgetVisitor

CHANNEL_NAME = "widget"


def normalize(payload: WidgetMessage, arrival: Arrival) -> list[Message]:
    """Translate; the visitor of `X-Visitor` wins over the one in the body."""
    visitor = payload.visitor
    visitor_id = arrival.visitor_id or visitor.visitor_id
    who = _who(visitor, arrival.proved)
    return [
        Message(
            channel=CHANNEL_NAME,
            source=f"{CHANNEL_NAME}:{arrival.caller.scope.hex}:{visitor_id}",
            body=payload.body,
            provider_message_id=payload.provider_message_id or arrival.idempotency_key,
            person=Person(
                visitor_id=visitor_id,
                external_user_id=who.id if arrival.proved else None,
                email=who.email,
                display_name=who.name,
            ),
            visit=Visit(
                visitor_id=visitor_id,
                path=visitor.path,
                referer=visitor.referer,
                external_user_id=who.id,
                external_email=who.email,
                external_name=who.name,
            ),
        )
    ]


class _Who(NamedTuple):
    id: str | None
    email: str | None
    name: str | None


def _who(visitor: WidgetVisitor, proved: Proved | None) -> _Who:
    """Return whom a token proves, and then nothing that the page says; else what it says."""
    if proved:
        return _Who(proved.external_user_id, proved.email, proved.name)
    email, name = visitor.external_email or None, visitor.external_name or None
    return _Who(visitor.external_user_id, email, name)


def signals(payload: WidgetEvents, _arrival: Arrival) -> list[Signal]:
    """Translate what a visitor did, in its order."""
    return [
        Signal(kind=event.type, channel=CHANNEL_NAME, seq=event.seq or 0, path=event.path)
        for event in payload.events
    ]


def noted(_accepted: Sequence[Accepted | None]) -> Noted:
    """Answer for events."""
    return Noted()
