"""Claimed deliveries, read together with whom they are for and what they tell."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from hub.deliveries.schedule import MOST_TRIES
from hub.store import deliveries, subscriptions
from hub.store.database import Connection
from hub.store.deliveries import Claimed
from hub.store.read import events
from hub.store.read.records import EventRecord
from hub.store.subscriptions import Subscription, Target


class Parcel(Struct, frozen=True):
    """A delivery with all that is needed to attempt it."""

    claimed: Claimed
    subscription: Subscription
    event: EventRecord | None
    """None when what it happened to is gone."""

    @property
    def target(self) -> Target:
        """Return whose it is."""
        return self.claimed.organization_id, self.claimed.subscription_id


def claim(
    connection: Connection, wanted: Sequence[tuple[Target, int]], now: datetime
) -> list[Parcel]:
    """Claim up to so many deliveries of each, and read what belongs to them.

    One whose subscription is not told any more keeps its lease, and comes to nothing.
    """
    claimed = deliveries.claim(connection, wanted, now, MOST_TRIES)
    by_owner: dict[UUID, list[Claimed]] = {}
    for one in claimed:
        by_owner.setdefault(one.organization_id, []).append(one)
    return [
        parcel
        for whose, theirs in by_owner.items()
        for parcel in _of_one(connection, whose, theirs, now)
    ]


def _of_one(
    connection: Connection, whose: UUID, theirs: Sequence[Claimed], now: datetime
) -> list[Parcel]:
    ids = {one.subscription_id for one in theirs}
    known = subscriptions.some(connection, whose, ids, now)
    records = events.some(connection, whose, {one.event_id for one in theirs})
    happened = {record.id: record for record in records}
    return [
        Parcel(one, known[one.subscription_id], happened.get(one.event_id))
        for one in theirs
        if one.subscription_id in known and known[one.subscription_id].status == "active"
    ]
