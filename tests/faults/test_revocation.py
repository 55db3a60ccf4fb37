"""Whoever was refused for good gets nothing in: whatever stood still, broke or was remembered.

Four processes over PostgreSQL, each with connections that it has answered before. Redis is killed
and one process is frozen while a key ends; it goes on afterwards, with what it had in hand. What
counts is every request that was begun after the end was confirmed.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from msgspec import Struct

from tests.support.app import Business, bearer
from tests.support.client import UNLIMITED, Line, new_business, services, until
from tests.support.databases import PostgresDatabases, query
from tests.support.endings import WAYS, End, key_of, revoke_server_key
from tests.support.hubs import Hub
from tests.support.redis import Redis
from tests.support.workers import PATIENT, frozen, lines_to_each, workers

SLUGS = (f"ended-{number}" for number in count(1))
PROCESSES, LINES = 4, 8
FROZEN_SECONDS = 0.15
SHORT, LONG, WHOLE = 500, 2_000, 10_000
MakeHub = Callable[..., Hub]


class Four(Struct, frozen=True):
    """A hub of four processes, its database, and a Redis that may be killed."""

    hub: Hub
    url: str
    redis: Redis


class Sent(Struct, frozen=True):
    """One request: when it was begun and answered, by the wall clock, and what came of it."""

    name: str
    began: float
    process: int
    status: int
    answered: float


@pytest.fixture(scope="module")
def four(
    postgres_databases: PostgresDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Four]:
    """Four processes over one PostgreSQL and one Redis, without limits."""
    redis = Redis()
    try:
        redis.start()
        with postgres_databases.migrated() as url:
            settings = {"DATABASE_URL": url, "REDIS_URL": redis.url, **UNLIMITED, **PATIENT}
            hub = Hub(tmp_path_factory.mktemp("four"), settings)
            try:
                hub.start("--workers", str(PROCESSES))
                assert len(workers(hub)) == PROCESSES
                yield Four(hub, url, redis)
            finally:
                hub.close()
    finally:
        redis.remove()


class Load:
    """Requests over all lines, begun before and after the end of what they carry."""

    def __init__(self, name: str, path: str, lines: list[list[Line]], after: int) -> None:
        """Send messages of this name until so many were begun after the end."""
        self._name = name
        self._path = path
        self._lines = lines
        self._after = after // (len(lines) * len(lines[0])) + 1
        self.sent: list[Sent] = []
        self.ended = asyncio.Event()
        self.ended_at = float("inf")

    async def run(self) -> None:
        """Send on every line at once. The last line of each process rests until the end."""
        await asyncio.gather(
            *(
                self._send_on(line, process, place)
                for process, mine in enumerate(self._lines)
                for place, line in enumerate(mine)
            )
        )

    def seen(self, times: int) -> bool:
        """Tell whether every process has answered so often."""
        answered = [sent.process for sent in self.sent]
        return all(answered.count(process) >= times for process in range(len(self._lines)))

    def end(self, at: float) -> None:
        """Say when the end was."""
        self.ended_at = at
        self.ended.set()

    def before_and_after(self) -> tuple[list[Sent], list[Sent]]:
        """Return what was begun before the end, and what after it."""
        after = [sent for sent in self.sent if sent.began > self.ended_at]
        return [sent for sent in self.sent if sent.began <= self.ended_at], after

    async def _send_on(self, line: Line, process: int, place: int) -> None:
        if place == LINES - 1:
            await self.ended.wait()
        left, own = self._after, f"{self._name}-{process}-{place}"
        for number in count():
            if left == 0:
                return
            name, began = f"{own}-{number}", time.time()
            # A visitor of its own: whoever stands still in a transaction holds up nobody else.
            body = {"body": name, "providerMessageId": name, "visitor": {"visitorId": f"v_{own}"}}
            # A process that was frozen may find its database gone first: 503, and the same again.
            reply = await line.insist(self._path, body)
            self.sent.append(Sent(name, began, process, reply.status, time.time()))
            left -= began > self.ended_at


async def around_the_end(
    four: Four, business: Business, headers: dict[str, str], path: str, end: End, after: int
) -> Load:
    """Send on four processes, end the credential while one of them stands still, and send on."""
    async with (
        lines_to_each(four.hub, headers, LINES) as lines,
        services(four.url) as hub,
    ):
        load = Load(business.slug, path, lines, after)

        async def end_it() -> None:
            await until(lambda: load.seen(2 * LINES))
            four.redis.kill()
            await until(lambda: load.seen(4 * LINES))
            with frozen(workers(four.hub)[:1]):
                load.end(await end(four.hub, hub, business))
                # Time for the rested line: its request waits in the frozen process.
                await asyncio.sleep(2 * FROZEN_SECONDS)

        await asyncio.gather(load.run(), end_it())
    return load


def stored(four: Four) -> set[str]:
    """Return the names of all messages, straight from the database."""
    rows = query(four.url, "SELECT provider_message_id FROM message")
    return {row["provider_message_id"] for row in rows}


async def judge(four: Four, way: tuple[str, str, End], after: int) -> str:
    """Run it, and see that nothing got in that was begun after the end; return the figures."""
    credential, path, end = way
    business = await new_business(four.url, next(SLUGS))
    headers = {
        "server": business.bearer,
        "widget": business.widget_headers,
        "legacy": business.legacy_headers,
    }[credential]
    try:
        load = await around_the_end(four, business, headers, path, end, after)
    finally:
        four.redis.kill()
        four.redis.start()
    earlier, later = load.before_and_after()
    there = stored(four)

    assert len(later) >= after
    assert {sent.process for sent in later} == set(range(PROCESSES))
    assert any(sent.answered - sent.began > FROZEN_SECONDS for sent in later if sent.process == 0)
    assert [sent for sent in later if sent.status != 401] == []
    assert {sent.name for sent in later} & there == set()
    assert {sent.name for sent in earlier if sent.status == 200} <= there
    assert sum(sent.status == 200 for sent in earlier) >= 4 * LINES
    return f"{len(earlier)} begun before, {len(later)} after, accepted after: 0"


@pytest.mark.parametrize("way", WAYS)
async def test_nothing_gets_in_after_the_end(
    four: Four, way: str, record_property: Callable[[str, object], None]
) -> None:
    """Redis dead, one process frozen meanwhile: all 401, in each process, and nothing is stored."""
    figures = await judge(four, WAYS[way], LONG if way == "revoked" else SHORT)

    record_property(way, figures)


@pytest.mark.heavy
@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", WAYS)
async def test_nothing_of_ten_thousand_gets_in_after_the_end(
    four: Four, way: str, record_property: Callable[[str, object], None]
) -> None:
    """The long form: none of 10,000, for each way in which a credential ends."""
    figures = await judge(four, WAYS[way], WHOLE)

    record_property(way, figures)
    print(f"{way}: {figures}")  # noqa: T201 - the figure


async def around_a_revocation(
    hub: Hub, url: str, body: dict[str, object]
) -> tuple[list[int], list[int]]:
    """Send a body to each process before and after its key is revoked; return the statuses.

    A good message goes first, so that every process knows the key.
    """
    business = await new_business(url, next(SLUGS))
    good = {"body": "good", "visitor": {"visitorId": "v_good"}}
    async with lines_to_each(hub, business.bearer, 1) as lines, services(url) as beside:
        assert [(await line.post("/messages", good)).status for [line] in lines] == [
            200 for _ in lines
        ]
        living = [(await line.post("/messages", body)).status for [line] in lines]
        await revoke_server_key(hub, beside, business)
        return living, [(await line.post("/messages", body)).status for [line] in lines]


async def test_a_repeat_with_a_dead_key_is_refused(four: Four) -> None:
    """What is stored already is told to nobody whose key has ended: not even that it is there."""
    body = {"body": "once", "providerMessageId": "once", "visitor": {"visitorId": "v_once"}}

    living, dead = await around_a_revocation(four.hub, four.url, body)

    assert (living, dead) == ([200] * PROCESSES, [401] * PROCESSES)


@pytest.mark.parametrize(
    ("body", "status"), [({"body": 5}, 400), ({}, 400), ({"body": "x" * 70_000}, 413)]
)
async def test_a_dead_key_comes_before_a_bad_body(
    four: Four, body: dict[str, object], status: int
) -> None:
    """400 or 413 while the key lives, 401 afterwards, in every process that knew the key."""
    living, dead = await around_a_revocation(four.hub, four.url, body)

    assert (living, dead) == ([status] * PROCESSES, [401] * PROCESSES)


async def test_a_dead_key_comes_before_an_empty_bucket(
    make_hub: MakeHub, postgres_database_url: str, redis_url: str
) -> None:
    """429 while the key lives, 401 afterwards: also where the key was known a moment ago."""
    limits = {**UNLIMITED, "INGEST_RATE_PER_MIN": "2"}
    hub = make_hub(DATABASE_URL=postgres_database_url, REDIS_URL=redis_url, **limits)
    hub.start("--workers", "2")
    body = {"body": "hi", "visitor": {"visitorId": "v_1"}}

    living, dead = await around_a_revocation(hub, postgres_database_url, body)

    assert (living, dead) == ([429] * 2, [401] * 2)


async def test_without_an_overlap_every_older_secret_dies(four: Four) -> None:
    """Two secrets of one key live after a rotation with an overlap; the next one ends both."""
    business = await new_business(four.url, next(SLUGS))
    body = {"body": "hi", "visitor": {"visitorId": "v_1"}}

    async def statuses(lines: list[list[Line]]) -> set[int]:
        return {(await line.post("/messages", body)).status for [line] in lines}

    async with services(four.url) as hub:
        key = await key_of(hub, business, business.server_key)
        second = (await hub.keys.rotate(business.id, key.id, overlap=True)).plaintext
        async with (
            lines_to_each(four.hub, business.bearer, 1) as with_first,
            lines_to_each(four.hub, bearer(second), 1) as with_second,
        ):
            living = [await statuses(with_first), await statuses(with_second)]
            third = (await hub.keys.rotate(business.id, key.id)).plaintext
            dead = [await statuses(with_first), await statuses(with_second)]
        async with lines_to_each(four.hub, bearer(third), 1) as with_third:
            newest = await statuses(with_third)

    assert (living, dead, newest) == ([{200}, {200}], [{401}, {401}], {200})
