"""The hub's limits while Redis comes and goes: never off, never failing, never a fresh window."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from hub.auth.limits import Bucket, refusal, shared, shared_log
from hub.auth.limits.shared import SharedLimiter
from hub.auth.limits.shared_log import connect
from tests.support.redis import Redis as Server

KEY = Bucket("key", 60)
NOWHERE = "redis://127.0.0.1:1/0"

Fault = Callable[[Server, Redis], Awaitable[Any]]
Join = Callable[..., Awaitable[SharedLimiter]]


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    """The clock of every limiter of the test."""
    return Clock()


@pytest.fixture(autouse=True)
def _deadline(_patience: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long enough for a busy machine, short enough to wait for a Redis that is frozen."""
    monkeypatch.setattr(shared_log, "DEADLINE_SECONDS", 1)


@pytest.fixture
async def join(own_redis: Server, clock: Clock) -> AsyncIterator[Join]:
    """Start a limiter as one more process would; its heart beats when the test says so."""
    async with AsyncExitStack() as stack:

        async def start(url: str = own_redis.url, **options: int) -> SharedLimiter:
            redis = await stack.enter_async_context(connect(url))
            limiter = SharedLimiter(redis, clock=clock, **options)
            await limiter._beat()
            stack.push_async_callback(limiter.close)
            return limiter

        yield start


async def kill(server: Server, _: Redis) -> None:
    server.kill()


async def freeze(server: Server, _: Redis) -> None:
    server.freeze()


async def empty(_: Server, redis: Redis) -> None:
    await redis.flushall()


async def make_read_only(_: Server, redis: Redis) -> None:
    await redis.replicaof("127.0.0.1", "1")


async def fill(_: Server, redis: Redis) -> None:
    await redis.config_set("maxmemory", "1")


async def restart(server: Server, _: Redis) -> None:
    server.kill()
    server.start()


async def mend(server: Server, redis: Redis, fault: Fault) -> None:
    """Undo a fault."""
    if fault is kill:
        server.start()
    elif fault is freeze:
        server.thaw()
    elif fault is make_read_only:
        await redis.replicaof("NO", "ONE")
    elif fault is fill:
        await redis.config_set("maxmemory", "0")


FAULTS = [kill, freeze, empty, make_read_only, fill, restart]


async def allowed(limiter: SharedLimiter, calls: int, bucket: Bucket = KEY) -> int:
    """Make so many calls at once; return how many passed."""
    verdicts = await asyncio.gather(*(limiter.take([bucket]) for _ in range(calls)))
    return sum(refusal(each) is None for each in verdicts)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it; the caller bounds the time."""
    while not holds():  # noqa: ASYNC110 - the limiter is watched from outside, like a process
        await asyncio.sleep(0.01)


async def test_two_processes_share_one_limit(join: Join) -> None:
    """What one has used the other cannot have."""
    one, other = await join(), await join()

    assert [await allowed(one, 40), await allowed(other, 40), await allowed(one, 1)] == [40, 20, 0]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_of_redis_opens_no_fresh_window(
    join: Join, own_redis: Server, fault: Fault
) -> None:
    """Two processes that used the limit up evenly allow nothing more, whatever Redis does."""
    one, other = await join(), await join()
    await one._beat()
    before = [await allowed(each, 30) for each in (one, other)]
    async with connect(own_redis.url) as admin:
        await fault(own_redis, admin)
        during = await asyncio.gather(*(allowed(each, 100) for each in (one, other)))
        await mend(own_redis, admin, fault)
        for each in (one, other):
            await each._beat()
        after = [await allowed(each, 100) for each in (one, other)]

    assert (before, during, after) == ([30, 30], [0, 0], [0, 0])


@pytest.mark.parametrize("fault", FAULTS)
async def test_each_process_goes_on_with_its_share(
    join: Join, own_redis: Server, fault: Fault
) -> None:
    """Three processes without Redis allow a third each, and still only that when it is back."""
    limiters = [await join() for _ in range(3)]
    for limiter in limiters:
        await limiter._beat()
    async with connect(own_redis.url) as admin:
        await fault(own_redis, admin)
        during = await asyncio.gather(*(allowed(limiter, 100) for limiter in limiters))
        (verdict,) = await limiters[0].peek([KEY])
        alone = [limiter.alone for limiter in limiters]
        await mend(own_redis, admin, fault)
        for limiter in limiters:
            await limiter._beat()
        back = [not limiter.alone for limiter in limiters]
        after = [await allowed(limiter, 100) for limiter in limiters]

    assert (during, after) == ([20, 20, 20], [0, 0, 0])
    assert (alone, back) == ([True] * 3, [True] * 3)
    assert (verdict.limit, verdict.remaining) == (60, 0)


async def test_a_window_after_its_return_redis_decides_again(
    join: Join, own_redis: Server, clock: Clock
) -> None:
    """For a minute a call needs room in the share as well; then one process may have it all."""
    one, other = await join(), await join()
    await one._beat()
    own_redis.kill()
    await allowed(one, 1)
    await allowed(other, 1)
    own_redis.start()
    for limiter in (one, other):
        await limiter._beat()
    in_share = await allowed(one, 100)
    clock.seconds += 59
    still = await allowed(one, 100)
    clock.seconds += 1
    whole = [await allowed(one, 20), await allowed(other, 20)]

    assert (in_share, still) == (29, 0)
    # The clock of Redis has not moved: the 29 calls that it has seen are still in its window.
    assert whole == [20, 11]


async def test_just_back_a_call_refused_by_redis_is_not_held_against_the_share(
    join: Join, own_redis: Server, clock: Clock
) -> None:
    """A refused call does not count: neither in Redis nor in what the process remembers."""
    one, other = await join(), await join()
    await one._beat()
    assert await allowed(other, 60) == 60
    own_redis.freeze()
    alone = await allowed(one, 10)
    own_redis.thaw()
    await one._beat()
    refused = await allowed(one, 100)
    own_redis.freeze()
    alone_again = await allowed(one, 100)
    own_redis.thaw()

    assert (alone, refused, alone_again) == (10, 0, 20)


async def test_a_frozen_redis_costs_the_first_calls_alone(join: Join, own_redis: Server) -> None:
    """Forty calls one after the other do not each wait for a Redis that never answers."""
    limiter = await join()
    own_redis.freeze()
    try:
        async with asyncio.timeout(5):
            for _ in range(40):
                await limiter.take([KEY])
                await limiter.peek([KEY])
    finally:
        own_redis.thaw()

    assert limiter.alone


async def test_without_redis_from_the_start_the_limit_holds(join: Join) -> None:
    """Nobody knows how many processes there are: the number given at the start decides."""
    alone = await join(NOWHERE)
    one_of_four = await join(NOWHERE, processes=4)

    assert [await allowed(alone, 100), await allowed(one_of_four, 100)] == [60, 15]


async def test_the_smallest_share_is_one(join: Join, own_redis: Server) -> None:
    """A limit below the number of processes still lets a call through on each."""
    limiter = await join(NOWHERE, processes=10)

    assert await allowed(limiter, 100, Bucket("sign-in", 5, 300)) == 1


async def test_a_process_that_ends_leaves_its_share_to_the_others(
    join: Join, own_redis: Server
) -> None:
    """Shares follow the processes last seen alive."""
    one, other = await join(), await join()
    await one._beat()
    await other.close()
    await one._beat()
    own_redis.kill()

    assert await allowed(one, 100) == 60


async def test_every_change_of_state_is_one_line_in_the_log(join: Join, own_redis: Server) -> None:
    """However many calls meet the fault, it is said once, and so is its end."""
    limiter = await join()
    with capture_logs() as lines:
        await allowed(limiter, 10)
        own_redis.kill()
        for _ in range(3):
            await allowed(limiter, 20)
            await limiter._beat()
        own_redis.start()
        for _ in range(3):
            await allowed(limiter, 20)
            await limiter._beat()

    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("limits_alone", "warning"),
        ("limits_shared", "info"),
    ]


async def test_it_goes_back_to_redis_by_itself(
    own_redis: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The heartbeat notices both the end and the return of Redis without any call."""
    monkeypatch.setattr(shared, "BEAT_SECONDS", 0.01)
    before = asyncio.all_tasks()
    async with connect(own_redis.url) as redis:
        limiter = SharedLimiter(redis)
        await limiter.start()
        async with asyncio.timeout(20):
            own_redis.kill()
            await until(lambda: limiter.alone)
            own_redis.start()
            await until(lambda: not limiter.alone)
        verdicts = await limiter.take([KEY])
        await limiter.close()

    assert verdicts[0].remaining == 59
    assert asyncio.all_tasks() == before


async def test_an_outage_that_only_the_heart_noticed_ends_with_the_next_beat(
    join: Join, own_redis: Server
) -> None:
    """Without any call meanwhile the process knows that Redis is new, and joins it at once."""
    limiter = await join()
    own_redis.kill()
    await limiter._beat()
    noticed = limiter.alone
    own_redis.start()
    await limiter._beat()

    assert (noticed, limiter.alone) == (True, False)


async def test_closing_ends_the_heart_even_if_it_misses_its_cancellation(
    own_redis: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A beat that swallows the cancellation, as Python 3.11 lets happen, is the last one."""
    monkeypatch.setattr(shared, "BEAT_SECONDS", 0)
    async with connect(own_redis.url) as redis:
        limiter = SharedLimiter(redis)
        beating = asyncio.Event()

        async def deaf() -> int:
            beating.set()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
            return 1

        await limiter.start()
        monkeypatch.setattr(limiter._shared, "join", deaf)
        await beating.wait()
        async with asyncio.timeout(10):
            await limiter.close()

    assert limiter._heart
    assert limiter._heart.done()


async def test_starting_and_closing_without_redis_fails_nobody(own_redis: Server) -> None:
    """A hub starts, limits and ends although Redis is nowhere."""
    async with connect(NOWHERE) as redis:
        limiter = SharedLimiter(redis)
        await limiter.start()
        passed = await allowed(limiter, 61)
        await limiter.close()

    assert passed == 60
