"""Deliveries as they are shown: what became of each, and every time that somebody tried."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from hub.store.outgoing import delivery, delivery_attempt
from hub.store.read.paging import Chunk, Paging, newest, since
from hub.store.subscriptions import Target

State = Literal["waiting", "succeeded", "failed"]


class Attempt(Struct, frozen=True, kw_only=True):
    """One time that somebody tried."""

    number: int
    created_at: datetime
    status: int | None
    error: str | None
    milliseconds: int
    answer: str


class Delivery(Struct, frozen=True, kw_only=True):
    """One event for one subscription, and all that was tried."""

    id: UUID
    subscription_id: UUID
    event_id: UUID
    event_type: str
    state: State
    available_at: datetime
    created_at: datetime
    attempts: Sequence[Attempt]


class DeliveryFilter(Struct, frozen=True, kw_only=True):
    """Which deliveries are wanted; every condition has to hold."""

    state: State | None = None
    since: datetime | None = None


def listed(
    connection: sa.Connection, target: Target, wanted: DeliveryFilter, paging: Paging
) -> Chunk[Delivery]:
    """Return a page of a subscription's deliveries, newest first."""
    d, (whose, which) = delivery.c, target
    statement = sa.select(
        d.id, d.subscription_id, d.event_id, d.event_type, d.state, d.available_at, d.created_at
    ).where(d.organization_id == whose, d.subscription_id == which)
    if wanted.state is not None:
        statement = statement.where(d.state == wanted.state)
    if wanted.since is not None:
        statement = statement.where(since(delivery, wanted.since))
    found, last_id = newest(connection, statement, d.id, paging)
    attempts = _attempts(connection, whose, [row["id"] for row in found])
    return Chunk([Delivery(**row, attempts=attempts.get(row["id"], [])) for row in found], last_id)


def _attempts(
    connection: sa.Connection, organization_id: UUID, deliveries: Sequence[UUID]
) -> dict[UUID, list[Attempt]]:
    a = delivery_attempt.c
    statement = (
        sa.select(delivery_attempt)
        .where(a.organization_id == organization_id, a.delivery_id.in_(deliveries))
        .order_by(a.number)
    )
    found: dict[UUID, list[Attempt]] = {}
    for row in connection.execute(statement).mappings():
        values = {name: row[name] for name in Attempt.__struct_fields__}
        found.setdefault(row["delivery_id"], []).append(Attempt(**values))
    return found
