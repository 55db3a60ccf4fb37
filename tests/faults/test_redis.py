"""Redis dies, hangs, forgets, is full or takes no writes: no message waits, and limits stay on."""

import asyncio
import bisect
import time
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest
import redis
from msgspec import Struct

from tests.support.app import Business
from tests.support.client import UNLIMITED, new_business
from tests.support.hubs import Hub
from tests.support.ledger import Ledger
from tests.support.outage import (
    OK,
    Holdings,
    Traffic,
    events,
    figure,
    figures,
    holdings,
    settled,
    share,
    stored,
)
from tests.support.redis import Redis

LIMIT, TOO_MANY = 60, 429
# The moments are those of the answers' arrival: half a second is left for the way.
MINUTE = 59.5
# Greedy is the one client, modest the other: a process's share of the limit is little to the one.
GREEDY, MODEST = 0.04, 0.5
HIT_SECONDS = 0.25
MakeHub = Callable[..., Hub]
Record = Callable[[str, object], None]


class Fault(Struct, frozen=True):
    """What is done to Redis, and what undoes it."""

    do: Callable[[Redis, "redis.Redis[bytes]"], object]
    undo: Callable[[Redis, "redis.Redis[bytes]"], object]


FAULTS = {
    "killed": Fault(lambda server, _: server.kill(), lambda server, _: server.start()),
    "frozen": Fault(lambda server, _: server.freeze(), lambda server, _: server.thaw()),
    "emptied": Fault(lambda _, admin: admin.flushall(), lambda _, admin: admin.ping()),
    "full": Fault(
        lambda _, admin: admin.set("other", b"x" * 2**21) and admin.config_set("maxmemory", "1mb"),
        lambda _, admin: admin.config_set("maxmemory", "0"),
    ),
    "read-only": Fault(
        lambda _, admin: admin.replicaof("127.0.0.1", "1"),
        lambda _, admin: admin.replicaof("NO", "ONE"),
    ),
}


class Run(Struct, frozen=True):
    """How long everything is well before and after, how long the fault lasts, what is allowed."""

    well: float
    ill: float
    slower: float
    """By how much the 99th percentile may rise, in seconds."""


SHORT, WHOLE = Run(well=2, ill=3, slower=0.15), Run(well=5, ill=75, slower=0.05)


class Reader:
    """A client that reads as fast as it is told to, whatever the limit."""

    def __init__(self) -> None:
        """Nothing is asked yet."""
        self.admitted: list[float] = []
        self.refused: list[float] = []

    async def read_on(self, hub: Hub, business: Business, pause: float) -> None:
        """Read until cancelled."""
        headers = business.bearer
        async with httpx.AsyncClient(base_url=hub.url, headers=headers, timeout=10) as client:
            while True:
                reply = await client.get("/api/v1/me")
                assert reply.status_code in {OK, TOO_MANY}, reply.text
                (self.admitted if reply.status_code == OK else self.refused).append(
                    time.monotonic()
                )
                await asyncio.sleep(pause)


def most_in_a_minute(moments: Sequence[float], since: float = 0) -> int:
    """Return how many of these moments lie in the fullest minute that begins then or later."""
    times = sorted(moment for moment in moments if moment >= since)
    return max(
        (bisect.bisect_left(times, at + MINUTE) - place for place, at in enumerate(times)),
        default=0,
    )


class Report(Struct):
    """What came of it."""

    traffics: list[Traffic]
    reader: Reader
    before: list[Holdings]
    after: list[Holdings]
    began: float
    ended: float

    def asked(self, begin: float, end: float):
        """Return both processes' answers to what was asked in that time."""
        return [answer for each in self.traffics for answer in each.between(begin, end)]

    @property
    def hit(self) -> float:
        """Return the longest of those whom the fault or its end met."""
        return share(self.asked(self.began - 0.5, self.began + 0.5), 1)

    @property
    def p99(self) -> tuple[float, float]:
        """Return the 99th percentiles of the second before the fault, and of most of the fault."""
        return (
            share(self.asked(self.began - 1.5, self.began - 0.5), 0.99),
            share(self.asked(self.began + 0.5, self.ended), 0.99),
        )

    def tell(self, record: Record) -> None:
        """Leave the figures in the test report."""
        answers = self.asked(0, float("inf"))
        good = sum(answer.status == OK for answer in answers)
        before, during = self.p99
        told = {
            "accepted": f"{good} of {len(answers)}",
            "slowest at the fault": f"{self.hit * 1000:.0f} ms",
            "p99": f"{before * 1000:.0f} -> {during * 1000:.0f} ms",
            "most admitted in a minute": f"{most_in_a_minute(self.reader.admitted)} of {LIMIT}",
            "in a minute of the outage": most_in_a_minute(self.reader.admitted, self.began + 1),
            "descriptors": [f"{b.descriptors} -> {a.descriptors}" for b, a in self.pairs()],
            "tasks": [f"{b.tasks} -> {a.tasks}" for b, a in self.pairs()],
        }
        for name, text in told.items():
            record(name, text)
            print(f"{name}: {text}")  # noqa: T201 - the figure

    def pairs(self):
        """Return what each process held before and after."""
        return zip(self.before, self.after, strict=True)


@asynccontextmanager
async def reading(reader: Reader, hubs: Sequence[Hub], business: Business):
    """Read from both processes, far more from the first than from the second."""
    tasks = [
        asyncio.create_task(reader.read_on(hub, business, pause))
        for hub, pause in zip(hubs, (GREEDY, MODEST), strict=True)
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends


async def suffered(hubs: Sequence[Hub], server: Redis, url: str, run: Run, fault: Fault) -> Report:
    """Let clients send to two processes and others read past the limit while Redis fails."""
    business = await new_business(url, "acme")
    for hub in hubs:
        await asyncio.to_thread(hub.start)
    ledger, reader = Ledger(), Reader()
    one, other = (
        Traffic(hub, business, ledger=ledger, prefix=prefix)
        for hub, prefix in zip(hubs, "ab", strict=True)
    )
    async with one.flowing(16), other.flowing(16):
        await asyncio.sleep(run.well)
    before = [await holdings(hub) for hub in hubs]
    async with one.flowing(16), other.flowing(16), reading(reader, hubs, business):
        await asyncio.sleep(run.well)
        with redis.Redis.from_url(server.url) as admin:
            began = time.monotonic()
            await asyncio.to_thread(fault.do, server, admin)
            await asyncio.sleep(run.ill)
            told = [await figures(hub) for hub in hubs]
            await asyncio.to_thread(fault.undo, server, admin)
        ended = time.monotonic()
        await asyncio.sleep(run.well)
    up = {figure(text, 'hub_part_up{part="redis"}') for text in told}
    assert up == ({1.0} if fault is FAULTS["emptied"] else {0.0})
    after = [await settled(hub, held) for hub, held in zip(hubs, before, strict=True)]
    verdict = ledger.judge(await asyncio.to_thread(stored, url))
    assert verdict.clean, verdict
    return Report([one, other], reader, before, after, began, ended)


def check(report: Report, hubs: Sequence[Hub], run: Run) -> None:
    """Everything was accepted in time, the limit was never off, and nothing is left behind."""
    answers = report.asked(0, float("inf"))
    before, during = report.p99
    assert {answer.status for answer in answers} == {OK}
    assert [traffic.broken for traffic in report.traffics] == [0, 0]
    assert report.hit <= HIT_SECONDS + before + run.slower
    assert during <= before + run.slower
    assert most_in_a_minute(report.reader.admitted) <= 2 * LIMIT
    ill = [at for at in report.reader.admitted if report.began + 1 <= at < report.ended]
    assert most_in_a_minute(ill) <= LIMIT
    assert any(report.began + 1 <= at < report.ended for at in report.reader.refused)
    assert all(after.like(held) for held, after in report.pairs()), list(report.pairs())
    for hub in hubs:
        told = [event for event in events(hub) if event.startswith("limits_")]
        assert told == ["limits_alone", "limits_shared"], hub.process.words()


async def run_through(
    make_hub: MakeHub, server: Redis, url: str, run: Run, fault: Fault, record: Record
) -> None:
    """Do one fault to the Redis of two processes."""
    settings = {**UNLIMITED, "READ_RATE_PER_MIN": str(LIMIT)}
    hubs = [make_hub(DATABASE_URL=url, REDIS_URL=server.url, **settings) for _ in range(2)]

    report = await suffered(hubs, server, url, run, fault)

    report.tell(record)
    check(report, hubs, run)


@pytest.mark.parametrize("fault", ["killed", "frozen"])
async def test_redis_fails(
    make_hub: MakeHub,
    own_redis: Redis,
    postgres_database_url: str,
    fault: str,
    record_property: Record,
) -> None:
    """For three seconds: every message is accepted at once, and limits hold meanwhile."""
    url = postgres_database_url
    await run_through(make_hub, own_redis, url, SHORT, FAULTS[fault], record_property)


@pytest.mark.heavy
@pytest.mark.timeout(400)
@pytest.mark.parametrize("fault", FAULTS)
async def test_redis_fails_for_longer_than_a_window(
    make_hub: MakeHub,
    own_redis: Redis,
    postgres_database_url: str,
    fault: str,
    record_property: Record,
) -> None:
    """For 75 seconds: in a minute without Redis no more pass than the limit, on both together."""
    url = postgres_database_url
    await run_through(make_hub, own_redis, url, WHOLE, FAULTS[fault], record_property)


def test_the_fullest_minute_is_found() -> None:
    """Wherever it begins: 3 calls around a full minute's turn count together."""
    moments = [0.0, 59.0, 61.0, 62.0, 200.0]

    assert most_in_a_minute(moments) == 3
    assert most_in_a_minute(moments, since=61.5) == 1
    assert most_in_a_minute([]) == 0
