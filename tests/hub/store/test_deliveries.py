"""Claims of deliveries: one at a time, given up in the end, and overwritten by nobody late."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from hub import ids
from hub.settings import Settings
from hub.store import deliveries
from hub.store.database import Database
from hub.store.deliveries import LEASE, Claimed, NewDelivery, Told
from hub.store.opening import open_database
from hub.store.read import deliveries as read
from hub.store.read.paging import Paging
from hub.store.tables import milliseconds

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
MINE, OTHER = (ids.new(), ids.new()), (ids.new(), ids.new())
TRIES = 8


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A store in which ten deliveries wait for one subscription and three for another."""
    database = open_database(Settings(database_url=database_url))
    at = milliseconds(NOW)
    new = [
        NewDelivery(whose, which, ids.new(), "message.created", at, at, at)
        for (whose, which), many in ((MINE, 10), (OTHER, 3))
        for _ in range(many)
    ]
    assert await database.write(lambda c: deliveries.add(c, new)) == 13
    assert await database.write(lambda c: deliveries.add(c, new)) == 0
    yield database
    await database.close()


async def claimed(
    database: Database, *wanted: tuple[tuple, int], at: datetime = NOW
) -> list[Claimed]:
    """Claim up to so many of each."""
    return await database.write(lambda c: deliveries.claim(c, wanted, at, TRIES))


async def log(database: Database, target: tuple = MINE) -> list[read.Delivery]:
    """Return a subscription's deliveries."""
    wanted, paging = read.DeliveryFilter(), Paging(limit=100)
    return list((await database.read(lambda c: read.listed(c, target, wanted, paging))).items)


def arrived(one: Claimed) -> Told:
    """Say that it arrived."""
    return Told(claimed=one, state="succeeded", status=200)


async def test_each_gets_as_many_as_it_has_room_for(database: Database) -> None:
    """Of one and of the other, none twice, and none that is not due."""
    early = await claimed(database, (MINE, 4), at=NOW - timedelta(seconds=1))
    first = await claimed(database, (MINE, 4), (OTHER, 8))
    second = await claimed(database, (MINE, 8), (OTHER, 8))

    assert early == []
    assert [one.subscription_id for one in first].count(MINE[1]) == 4
    assert (len(first), len(second)) == (7, 6)
    assert len({one.id for one in [*first, *second]}) == 13
    assert {(one.number, one.tries) for one in first} == {(1, 1)}


async def test_who_comes_too_late_overwrites_nothing(database: Database) -> None:
    """A worker that was stopped over its lease tells of attempts that are another's by now."""
    (stopped,) = await claimed(database, (MINE, 1))
    later = NOW + LEASE + timedelta(seconds=1)
    taken = await claimed(database, (MINE, 100), at=later)
    (again,) = [one for one in taken if one.id == stopped.id]
    told = await database.write(lambda c: deliveries.tell(c, [arrived(again)], later))
    failed = Told(claimed=stopped, state="failed", error="timeout")
    late = await database.write(lambda c: deliveries.tell(c, [failed], later))

    assert (told, late) == ({again.id}, set())
    (one,) = [one for one in await log(database) if one.id == stopped.id]
    assert (one.state, [attempt.number for attempt in one.attempts]) == ("succeeded", [2])


async def test_what_kills_its_workers_is_given_up(database: Database) -> None:
    """Each claim counts: after eight of which nobody lived to tell it has failed."""
    at = NOW
    for number in range(1, TRIES + 1):
        found = await claimed(database, (OTHER, 8), at=at)
        assert {one.number for one in found} == {number}
        at += LEASE + timedelta(seconds=1)

    assert await claimed(database, (OTHER, 8), at=at) == []
    assert {one.state for one in await log(database, OTHER)} == {"failed"}


async def test_what_is_tried_anew_counts_on(database: Database) -> None:
    """Its attempts keep their numbers, its schedule begins again."""
    found = await claimed(database, (OTHER, 8))
    failed = [Told(claimed=one, state="failed", status=500) for one in found]
    await database.write(lambda c: deliveries.tell(c, failed, NOW))
    events = {one.event_id for one in found}
    queued = await database.write(lambda c: deliveries.again_since(c, OTHER, events, NOW))
    again = await claimed(database, (OTHER, 8))

    assert queued == 3
    assert {(one.number, one.tries) for one in again} == {(2, 1)}


async def test_what_ended_long_ago_is_forgotten(database: Database) -> None:
    """With its attempts; what waits is kept, however old."""
    found = await claimed(database, (MINE, 4))
    await database.write(lambda c: deliveries.tell(c, [arrived(one) for one in found], NOW))
    late = datetime.now(UTC) + timedelta(days=1)

    gone = await database.write(lambda c: deliveries.forget(c, MINE, late))

    assert gone == 4
    assert {one.state for one in await log(database)} == {"waiting"}
    assert len(await log(database)) == 6
