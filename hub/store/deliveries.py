"""Deliveries: one event for one subscription, claimed like the outbox, with every attempt kept.

A claim counts an attempt and takes a lease. Whoever tells what became of it shows the lease's
token, so a worker that was stopped and went on too late overwrites nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct, field
from sqlalchemy.dialects import postgresql, sqlite

from hub import ids
from hub.store import rows
from hub.store.outgoing import delivery, delivery_attempt
from hub.store.read.deliveries import State
from hub.store.subscriptions import Target
from hub.store.tables import milliseconds

WAITING: Final = "waiting"
SUCCEEDED: Final = "succeeded"
FAILED: Final = "failed"
LEASE = timedelta(seconds=60)
FORGOTTEN_AT_ONCE = 1000
_IS_WAITING: sa.ColumnElement[str] = sa.literal_column(f"'{WAITING}'")
_MOST, _NOW = sa.Column("most", sa.Integer), sa.Column("now", sa.BigInteger)


class NewDelivery(Struct, frozen=True):
    """An event that is going to be told to a subscription."""

    organization_id: UUID
    subscription_id: UUID
    event_id: UUID
    event_type: str
    available_at: int
    """When to try first, as the moments that follow; milliseconds."""
    created_at: int
    updated_at: int
    state: str = WAITING
    attempts: int = 0
    earlier: int = 0
    id: UUID = field(default_factory=ids.new)


class Claimed(Struct, frozen=True, kw_only=True):
    """A delivery that is this worker's until the lease ends."""

    token: UUID
    organization_id: UUID
    id: UUID
    subscription_id: UUID
    event_id: UUID
    number: int
    """Of the attempt that is being made now, from 1."""
    tries: int
    """How many of them were made since it was begun, or begun anew, this one included."""


class Told(Struct, frozen=True, kw_only=True):
    """What became of an attempt, and what follows."""

    claimed: Claimed
    state: State
    again_at: datetime | None = None
    status: int | None = None
    error: str | None = None
    milliseconds: int = 0
    answer: str = ""


def add(connection: sa.Connection, new: Sequence[NewDelivery]) -> int:
    """Leave deliveries for the workers; return how many are new.

    An event that a subscription has already is not doubled.
    """
    return rows.run(connection, _insert, new).rowcount if new else 0


def claim(
    connection: sa.Connection, wanted: Sequence[tuple[Target, int]], now: datetime, most_tries: int
) -> list[Claimed]:
    """Take up to so many due deliveries of each of these subscriptions, those due first.

    What was tried too often already, by workers that did not live to tell, is given up.
    """
    asked = [
        {
            "organization_id": whose,
            "subscription_id": which,
            "most": most,
            "now": milliseconds(now),
        }
        for (whose, which), most in wanted
    ]
    if connection.dialect.name == "postgresql":
        found = rows.run(connection, _due, asked).all()
    else:
        found = [row for one in asked for row in _due_of(connection, one)]
    if not found:
        return []
    token = ids.new()
    dead = [row for row in found if row.attempts - row.earlier >= most_tries]
    mine = [row for row in found if row.attempts - row.earlier < most_tries]
    if dead:
        rows.run(connection, _bury, [_named(row, now) for row in dead])
    if mine:
        taken = [{**_named(row, now + LEASE), "lease_token": token} for row in mine]
        rows.run(connection, _take, taken)
    return [_claimed(row, token) for row in mine]


def tell(connection: sa.Connection, told: Sequence[Told], now: datetime) -> set[UUID]:
    """Write what became of attempts; return the deliveries that still were this worker's."""
    named = [
        {
            "organization_id": one.claimed.organization_id,
            "id": one.claimed.id,
            "lease_token": one.claimed.token,
            "state": one.state,
            "available_at": milliseconds(one.again_at or now),
            "updated_at": milliseconds(now),
        }
        for one in told
    ]
    mine = {row.id for row in rows.run(connection, _tell, named)}
    new = [
        {
            "organization_id": one.claimed.organization_id,
            "delivery_id": one.claimed.id,
            "number": one.claimed.number,
            "status": one.status,
            "error": one.error,
            "milliseconds": one.milliseconds,
            "answer": one.answer,
            "created_at": now,
        }
        for one in told
        if one.claimed.id in mine
    ]
    if new:
        connection.execute(sa.insert(delivery_attempt), new)
    return mine


def give_up(connection: sa.Connection, target: Target, now: datetime) -> None:
    """Try nothing more of a subscription; each can be had tried anew."""
    d, (whose, which) = delivery.c, target
    waiting = sa.and_(d.organization_id == whose, d.subscription_id == which, d.state == WAITING)
    values = {"state": FAILED, "updated_at": now, "lease_token": None}
    connection.execute(sa.update(delivery).where(waiting).values(values))


def again(connection: sa.Connection, target: Target, delivery_id: UUID, now: datetime) -> bool:
    """Have a delivery tried anew, whatever became of it; tell whether there is one."""
    d, (whose, which) = delivery.c, target
    mine = sa.and_(d.organization_id == whose, d.subscription_id == which, d.id == delivery_id)
    return _anew(connection, mine, now) > 0


def again_since(
    connection: sa.Connection, target: Target, events: Iterable[UUID], now: datetime
) -> int:
    """Have the failed deliveries of these events tried anew; return how many."""
    d, (whose, which) = delivery.c, target
    mine = sa.and_(d.organization_id == whose, d.subscription_id == which)
    return _anew(connection, sa.and_(mine, d.state == FAILED, d.event_id.in_(set(events))), now)


def forget(connection: sa.Connection, target: Target, before: datetime | None) -> int:
    """Delete up to a thousand deliveries of a subscription; return how many.

    Those that ended before a moment; None: whatever they are.
    """
    d, a, (whose, which) = delivery.c, delivery_attempt.c, target
    old = sa.select(d.id).where(d.organization_id == whose, d.subscription_id == which)
    if before is not None:
        old = old.where(d.id < ids.earliest(before), d.state != WAITING)
    found = connection.scalars(old.limit(FORGOTTEN_AT_ONCE)).all()
    if found:
        mine = sa.and_(a.organization_id == whose, a.delivery_id.in_(found))
        connection.execute(sa.delete(delivery_attempt).where(mine))
        mine = sa.and_(d.organization_id == whose, d.id.in_(found))
        connection.execute(sa.delete(delivery).where(mine))
    return len(found)


def _anew(connection: sa.Connection, wanted: sa.ColumnElement[bool], now: datetime) -> int:
    d = delivery.c
    values = {
        "state": WAITING,
        "available_at": now,
        "lease_token": None,
        "earlier": d.attempts,
        "updated_at": now,
    }
    return connection.execute(sa.update(delivery).where(wanted).values(values)).rowcount


def _claimed(row: Any, token: UUID) -> Claimed:
    return Claimed(
        token=token,
        organization_id=row.organization_id,
        id=row.id,
        subscription_id=row.subscription_id,
        event_id=row.event_id,
        number=row.attempts + 1,
        tries=row.attempts + 1 - row.earlier,
    )


def _named(row: Any, moment: datetime) -> dict[str, Any]:
    at = milliseconds(moment)
    return {"organization_id": row.organization_id, "id": row.id, "available_at": at}


@cache
def _take(way: rows.Way) -> sa.Update:
    d = delivery.c
    wanted = rows.incoming(way, d.organization_id, d.id, d.available_at, d.lease_token)
    matches = (d[name] == wanted.c[name] for name in ("organization_id", "id"))
    held = {name: wanted.c[name] for name in ("available_at", "lease_token")}
    return sa.update(delivery).where(*matches).values(**held, attempts=d.attempts + 1)


@cache
def _bury(way: rows.Way) -> sa.Update:
    d = delivery.c
    wanted = rows.incoming(way, d.organization_id, d.id, d.available_at)
    matches = (d[name] == wanted.c[name] for name in ("organization_id", "id"))
    ended = {"state": FAILED, "updated_at": wanted.c.available_at, "lease_token": None}
    return sa.update(delivery).where(*matches).values(ended)


def _columns() -> list[sa.Column[Any]]:
    d = delivery.c
    return [d.organization_id, d.id, d.subscription_id, d.event_id, d.attempts, d.earlier]


@cache
def _due(way: rows.Way) -> sa.Select[Any]:
    d = delivery.c
    wanted = rows.incoming(way, d.organization_id, d.subscription_id, _MOST, _NOW)
    due = (
        sa.select(*_columns())
        .where(
            d.organization_id == wanted.c.organization_id,
            d.subscription_id == wanted.c.subscription_id,
            d.state == _IS_WAITING,
            sa.type_coerce(d.available_at, sa.BigInteger) <= wanted.c.now,
        )
        .order_by(d.available_at)
        .limit(wanted.c.most)
        .with_for_update(skip_locked=True)
        .correlate(wanted)
        .lateral("due")
    )
    return sa.select(*due.c).select_from(wanted.join(due, sa.true()))


def _due_of(connection: sa.Connection, one: dict[str, Any]) -> Sequence[Any]:
    d = delivery.c
    due = (
        sa.select(*_columns())
        .where(
            d.organization_id == one["organization_id"],
            d.subscription_id == one["subscription_id"],
            d.state == _IS_WAITING,
            d.available_at <= one["now"],
        )
        .order_by(d.available_at)
        .limit(one["most"])
    )
    return connection.execute(due).all()


@cache
def _insert(way: rows.Way) -> Any:
    names = NewDelivery.__struct_fields__
    source = rows.incoming(way, *(delivery.c[name] for name in names))
    insert = (postgresql if way.dialect == "postgresql" else sqlite).insert(delivery)
    # SQLite could not tell the clause that follows from a join's, but for the condition.
    new = sa.select(*source.c).where(sa.true())
    once = ["organization_id", "subscription_id", "event_id"]
    return insert.from_select(names, new).on_conflict_do_nothing(index_elements=once)


@cache
def _tell(way: rows.Way) -> Any:
    d = delivery.c
    keys = (d.organization_id, d.id, d.lease_token)
    wanted = rows.incoming(way, *keys, d.state, d.available_at, d.updated_at)
    matches = (column == wanted.c[column.name] for column in keys)
    values = {name: wanted.c[name] for name in ("state", "available_at", "updated_at")}
    told = sa.update(delivery).where(*matches).values(**values, lease_token=None)
    return told.returning(d.id)
