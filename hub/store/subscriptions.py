"""Who wants to be told of events, and how they do."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from hub.contracts import Direction
from hub.store import rows
from hub.store.outgoing import subscription
from hub.store.questions import Question, ask
from hub.store.read.paging import Chunk, Paging, newest
from hub.store.tables import api_key

Status = Literal["active", "disabled", "revoked"]
Reason = Literal["by_hand", "gone", "failing"]
Target = tuple[UUID, UUID]
"""A business, and a subscription of it."""
ACTIVE, DISABLED = "active", "disabled"
_IS_ACTIVE: sa.ColumnElement[str] = sa.literal_column(f"'{ACTIVE}'")


class Subscription(Struct, frozen=True, kw_only=True):
    """One address that is told of events, and of which."""

    id: UUID
    organization_id: UUID
    key_id: UUID
    url: str
    events: Sequence[str]
    """Their names; never empty."""
    direction: Direction | None = None
    channel: str | None = None
    adapter: str
    description: str = ""
    likeness: str
    state: str = ACTIVE
    disabled_reason: Reason | None = None
    secret: str
    """Sealed, as the next one."""
    previous_secret: str | None = None
    previous_expires_at: datetime | None = None
    failing_since: datetime | None = None
    created_at: datetime
    updated_at: datetime
    key_lives: bool = True

    @property
    def status(self) -> Status:
        """Return how it stands: one whose key is dead is told nothing, whatever else it is."""
        if not self.key_lives:
            return "revoked"
        return "active" if self.state == ACTIVE else "disabled"


class SubscriptionFilter(Struct, frozen=True, kw_only=True):
    """Which subscriptions are wanted; every condition has to hold."""

    url: str | None = None
    adapter: str | None = None
    status: Status | None = None


_COLUMNS = [subscription.c[name] for name in Subscription.__struct_fields__ if name != "key_lives"]


def heard(organizations: Iterable[UUID]) -> Question[set[UUID]]:
    """Ask of which businesses somebody is told."""
    wanted = [{"organization_id": one} for one in dict.fromkeys(organizations)]
    return Question(_heard, wanted, lambda found: {one for (one,) in found})


def add(connection: sa.Connection, new: Subscription) -> None:
    """Keep a new one."""
    values = {column.name: getattr(new, column.name) for column in _COLUMNS}
    connection.execute(sa.insert(subscription).values(values))


def change(connection: sa.Connection, known: Subscription, **values: Any) -> None:
    """Write new values of one."""
    s = subscription.c
    mine = sa.and_(s.organization_id == known.organization_id, s.id == known.id)
    connection.execute(sa.update(subscription).where(mine).values(values))


def begin_failing(connection: sa.Connection, known: Subscription, now: datetime) -> None:
    """Note that nothing arrives since now, unless that is known already."""
    s = subscription.c
    mine = sa.and_(s.organization_id == known.organization_id, s.id == known.id)
    fresh = sa.and_(mine, s.failing_since.is_(None))
    connection.execute(sa.update(subscription).where(fresh).values(failing_since=now))


def delete(connection: sa.Connection, organization_id: UUID, subscription_id: UUID) -> bool:
    """Tell them no more; say whether there was one."""
    s = subscription.c
    mine = sa.and_(s.organization_id == organization_id, s.id == subscription_id)
    return connection.execute(sa.delete(subscription).where(mine)).rowcount > 0


def one(
    connection: sa.Connection, organization_id: UUID, subscription_id: UUID, now: datetime
) -> Subscription | None:
    """Return one of the business's, and lock it for whoever is going to change it."""
    s = subscription.c
    statement = _read(now).where(s.organization_id == organization_id, s.id == subscription_id)
    return _first(connection, statement)


def alike(
    connection: sa.Connection, organization_id: UUID, key_id: UUID, likeness: str, now: datetime
) -> Subscription | None:
    """Return the one of a key that has the same address and events."""
    s = subscription.c
    mine = sa.and_(s.organization_id == organization_id, s.key_id == key_id)
    return _first(connection, _read(now).where(mine, s.likeness == likeness))


def count(connection: sa.Connection, organization_id: UUID, key_id: UUID) -> int:
    """Return how many a key has."""
    s = subscription.c
    mine = sa.and_(s.organization_id == organization_id, s.key_id == key_id)
    statement = sa.select(sa.func.count()).select_from(subscription).where(mine)
    return connection.scalars(statement).one()


def listed(
    connection: sa.Connection,
    organization_id: UUID,
    wanted: SubscriptionFilter,
    paging: Paging,
    now: datetime,
) -> Chunk[Subscription]:
    """Return a page of the business's, newest first."""
    s = subscription.c
    statement = _read(now).where(s.organization_id == organization_id)
    if wanted.url is not None:
        statement = statement.where(s.url == wanted.url)
    if wanted.adapter is not None:
        statement = statement.where(s.adapter == wanted.adapter)
    if wanted.status == "revoked":
        statement = statement.where(sa.not_(_key_lives(now)))
    elif wanted.status is not None:
        statement = statement.where(s.state == wanted.status, _key_lives(now))
    found, last_id = newest(connection, statement, s.id, paging)
    return Chunk([Subscription(**row) for row in found], last_id)


def some(
    connection: sa.Connection, organization_id: UUID, ids: Iterable[UUID], now: datetime
) -> Mapping[UUID, Subscription]:
    """Return those of the business's that have these ids, by id."""
    s = subscription.c
    statement = _read(now).where(s.organization_id == organization_id, s.id.in_(set(ids)))
    return {row["id"]: Subscription(**row) for row in connection.execute(statement).mappings()}


def as_they_are(
    connection: sa.Connection, organization_id: UUID, ids: Iterable[UUID]
) -> Mapping[UUID, Subscription]:
    """Return the same as they stand at this moment."""
    return some(connection, organization_id, ids, datetime.now(UTC))


def listening(
    connection: sa.Connection, organizations: Iterable[UUID], now: datetime
) -> list[Subscription]:
    """Return all of these businesses' that are told of what happens now."""
    s = subscription.c
    mine = s.organization_id.in_(set(organizations))
    statement = _read(now).where(mine, s.state == _IS_ACTIVE, _key_lives(now))
    return [Subscription(**row) for row in connection.execute(statement).mappings()]


def living(connection: sa.Connection, now: datetime) -> list[Target]:
    """Return all that are told of what happens now, of whatever business."""
    s = subscription.c
    statement = (
        sa.select(s.organization_id, s.id)
        .join(api_key, api_key.c.id == s.key_id)
        .where(s.state == _IS_ACTIVE, _key_lives(now))
    )
    return [(row.organization_id, row.id) for row in connection.execute(statement)]


def heard_now(connection: sa.Connection, organizations: Iterable[UUID]) -> set[UUID]:
    """Return of which of these businesses somebody is told."""
    return ask(connection, heard(organizations))[0]


def _first(connection: sa.Connection, statement: sa.Select[Any]) -> Subscription | None:
    row = connection.execute(statement.with_for_update(of=subscription)).mappings().first()
    return Subscription(**row) if row else None


def _read(now: datetime) -> sa.Select[Any]:
    lives = _key_lives(now).label("key_lives")
    return sa.select(*_COLUMNS, lives).join(api_key, api_key.c.id == subscription.c.key_id)


def _key_lives(now: datetime) -> sa.ColumnElement[bool]:
    k = api_key.c
    return sa.and_(k.revoked_at.is_(None), sa.or_(k.expires_at.is_(None), k.expires_at > now))


@cache
def _heard(way: rows.Way) -> sa.Select[Any]:
    s = subscription.c
    wanted = rows.incoming(way, s.organization_id)
    mine = sa.and_(s.organization_id == wanted.c.organization_id, s.state == _IS_ACTIVE)
    told = sa.select(s.id).where(mine).correlate(wanted).exists()
    return sa.select(wanted.c.organization_id).where(told)
