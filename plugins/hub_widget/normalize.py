"""A widget's body as a message. Nothing in it is proved, so it names the visitor's own customer."""

from collections.abc import Sequence

from hub.sdk import Accepted, Arrival, Message, Person, Signal, Visit
from hub_widget.payload import Noted, WidgetEvents, WidgetMessage

CHANNEL_NAME = "widget"


def normalize(payload: WidgetMessage, arrival: Arrival) -> list[Message]:
    """Translate; the visitor of `X-Visitor` wins over the one in the body."""
    visitor = payload.visitor
    visitor_id = arrival.visitor_id or visitor.visitor_id
    return [
        Message(
            channel=CHANNEL_NAME,
            source=f"{CHANNEL_NAME}:{arrival.caller.scope.hex}:{visitor_id}",
            body=payload.body,
            provider_message_id=payload.provider_message_id or arrival.idempotency_key,
            person=Person(
                visitor_id=visitor_id,
                display_name=visitor.external_name or None,
                email=visitor.external_email or None,
            ),
            visit=Visit(
                visitor_id=visitor_id,
                path=visitor.path,
                referer=visitor.referer,
                external_user_id=visitor.external_user_id,
                external_email=visitor.external_email or None,
                external_name=visitor.external_name or None,
            ),
        )
    ]


def signals(payload: WidgetEvents, _arrival: Arrival) -> list[Signal]:
    """Translate what a visitor did, in its order."""
    return [
        Signal(kind=event.type, channel=CHANNEL_NAME, seq=event.seq or 0, path=event.path)
        for event in payload.events
    ]


def noted(_accepted: Sequence[Accepted | None]) -> Noted:
    """Answer for events."""
    return Noted()
