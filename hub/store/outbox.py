"""The outbox: event rows, written with what they tell of, claimed by workers after commit.

A claim counts an attempt and takes a lease: until it ends nobody else gets the event. Whoever
finishes shows the lease's token, so a worker that was stopped and went on too late overwrites
nothing.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct
from msgspec.structs import replace

from hub import ids
from hub.contracts import Event
from hub.store import rows, subscriptions
from hub.store.read.paging import since
from hub.store.states import DEAD, DONE, WAITING, NewEvent
from hub.store.tables import event, milliseconds

LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 8
_FORM = rows.Form(event, NewEvent.__struct_fields__)
_HELD = (event.c.organization_id, event.c.id, event.c.lease_token)


class Claim(Struct, frozen=True):
    """Events that are this worker's until the lease ends."""

    token: UUID
    events: Sequence[Event]


class Stretch(Struct, frozen=True, kw_only=True):
    """A business's events of some kinds, from a moment on."""

    organization_id: UUID
    types: Sequence[str]
    since: datetime
    after: UUID | None = None
    """The last one that was seen already."""


def append(connection: sa.Connection, new: Iterable[NewEvent], now: datetime) -> None:
    """Leave events for the workers, as a part of the caller's transaction."""
    new = list(new)
    heard = subscriptions.heard_now(connection, {one.organization_id for one in new})
    rows.write(connection, [written(awaited(new, heard))], now)


def keep(connection: sa.Connection, new: Iterable[NewEvent], now: datetime) -> None:
    """Keep events that no worker has to look at."""
    rows.write(connection, [written(list(new))], now)


def awaited(new: Sequence[NewEvent], heard: Collection[UUID]) -> list[NewEvent]:
    """Return the events, those of businesses that somebody listens to as waiting for a worker."""
    return [replace(one, state=WAITING) if one.organization_id in heard else one for one in new]


def written(new: Sequence[NewEvent]) -> rows.Write:
    """Return events to be left with whatever else is written."""
    return rows.Write(_FORM, new)


def claim(connection: sa.Connection, now: datetime, most: int, lease: timedelta = LEASE) -> Claim:
    """Take up to `most` waiting events, oldest first; those tried too often are given up."""
    e, token = event.c, ids.new()
    waiting = (
        sa.select(e.organization_id, e.id)
        .where(e.state == sa.literal_column(f"'{WAITING}'"), e.available_at <= now)
        .order_by(e.available_at)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("waiting")
    )
    mine = sa.tuple_(e.organization_id, e.id).in_(
        sa.select(waiting.c.organization_id, waiting.c.id)
    )
    exhausted = e.attempts >= MOST_ATTEMPTS
    statement = (
        sa.update(event)
        .where(mine)
        .values(
            state=sa.case((exhausted, DEAD), else_=WAITING),
            attempts=e.attempts + 1,
            available_at=now + lease,
            lease_token=token,
        )
        .returning(e.organization_id, e.id, e.type, e.subject_id, e.details, e.created_at, e.state)
    )
    found = sorted(connection.execute(statement).all(), key=lambda row: row.id)
    return Claim(token, [_event(row) for row in found if row.state == WAITING])


def finish(connection: sa.Connection, claimed: Claim) -> int:
    """Mark the claim's events as done; return how many still were this worker's."""
    return _release(connection, _done, claimed)


def give_back(connection: sa.Connection, claimed: Claim, at: datetime) -> int:
    """Let the claim's events be tried again from `at` on; return how many were still held."""
    return _release(connection, _free, claimed, available_at=milliseconds(at))


def along(connection: sa.Connection, wanted: Stretch, most: int) -> list[Event]:
    """Return up to so many events of a stretch, oldest first."""
    e = event.c
    statement = (
        sa.select(e.organization_id, e.id, e.type, e.subject_id, e.details, e.created_at)
        .where(
            e.organization_id == wanted.organization_id,
            e.type.in_(wanted.types),
            since(event, wanted.since),
        )
        .order_by(e.id)
        .limit(most)
    )
    if wanted.after is not None:
        statement = statement.where(e.id > wanted.after)
    return [_event(row) for row in connection.execute(statement)]


def _release(connection: sa.Connection, build: rows.Build, claimed: Claim, **values: int) -> int:
    named = [
        {
            "organization_id": one.organization_id,
            "id": one.id,
            "lease_token": claimed.token,
            **values,
        }
        for one in claimed.events
    ]
    return rows.run(connection, build, named).rowcount if named else 0


@cache
def _done(way: rows.Way) -> sa.Update:
    wanted = rows.incoming(way, *_HELD)
    return _held(wanted).values(state=DONE, lease_token=None)


@cache
def _free(way: rows.Way) -> sa.Update:
    wanted = rows.incoming(way, *_HELD, event.c.available_at)
    return _held(wanted).values(available_at=wanted.c.available_at, lease_token=None)


def _held(wanted: sa.FromClause) -> sa.Update:
    # Joined, because SQLite takes no index for a list of pairs and would read every event. The
    # token too: PostgreSQL would look for one that it knows through the whole table.
    return sa.update(event).where(*(column == wanted.c[column.name] for column in _HELD))


def _event(row: Any) -> Event:
    return Event(
        id=row.id,
        organization_id=row.organization_id,
        type=row.type,
        subject_id=row.subject_id,
        created_at=row.created_at,
        details=row.details,
    )
