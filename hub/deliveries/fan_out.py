"""Which subscriptions an event is for."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.contracts import Event
from hub.store import deliveries, subscriptions
from hub.store.database import Connection
from hub.store.deliveries import NewDelivery
from hub.store.read import events as read
from hub.store.subscriptions import Subscription, Target
from hub.store.tables import milliseconds

Facts = Mapping[str, Any]
_FILTERS = ("direction", "channel")


def fan_out(connection: Connection, happened: Sequence[Event], now: datetime) -> set[Target]:
    """Leave a delivery for each event and subscription it is for; return whose they may be.

    Again for the same event: what is there already is not doubled.
    """
    whose = {event.organization_id for event in happened}
    found = subscriptions.listening(connection, whose, now) if whose else []
    if found:
        fan_out_to(connection, found, happened, now)
    return {(one.organization_id, one.id) for one in found}


def fan_out_to(
    connection: Connection,
    listening: Sequence[Subscription],
    happened: Sequence[Event],
    now: datetime,
) -> int:
    """Leave deliveries for these subscriptions alone; return how many are new."""
    pairs = [(event, one) for event in happened for one in listening if _named(event, one)]
    facts = _facts(connection, [event for event, one in pairs if _filtered(one)])
    at = milliseconds(now)
    new = [
        NewDelivery(one.organization_id, one.id, event.id, event.type, at, at, at)
        for event, one in pairs
        if fits(one, facts.get(event.id, {}))
    ]
    return deliveries.add(connection, new)


def fits(one: Subscription, facts: Facts) -> bool:
    """Tell whether an event passes a subscription's filters; what it does not have, it passes."""
    return all(
        getattr(one, name) is None or facts.get(name) in {None, getattr(one, name)}
        for name in _FILTERS
    )


def _named(event: Event, one: Subscription) -> bool:
    return event.organization_id == one.organization_id and event.type in one.events


def _filtered(one: Subscription) -> bool:
    return any(getattr(one, name) is not None for name in _FILTERS)


def _facts(connection: Connection, wanted: Iterable[Event]) -> dict[UUID, Facts]:
    """Return what filters ask of events: from their own details, or of what they happened to."""
    known: dict[UUID, Facts] = {}
    asked: dict[UUID, set[UUID]] = {}
    for event in wanted:
        if all(name in event.details for name in _FILTERS):
            known[event.id] = event.details
        else:
            asked.setdefault(event.organization_id, set()).add(event.id)
    for whose, ids in asked.items():
        for record in read.some(connection, whose, ids):
            known[record.id] = {name: getattr(record.subject, name, None) for name in _FILTERS}
    return known
