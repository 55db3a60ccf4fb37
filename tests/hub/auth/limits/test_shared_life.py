"""How a process joins the others, tells of itself, and leaves."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from hub.auth.limits import Bucket, shared
from hub.auth.limits.shared import SharedLimiter
from hub.auth.limits.shared_log import connect
from tests.hub.auth.limits.outage import KEY, NOWHERE, Clock, Join, allowed
from tests.support.redis import Redis as Server


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it; the caller bounds the time."""
    while not holds():  # noqa: ASYNC110 - the limiter is watched from outside, like a process
        await asyncio.sleep(0.01)


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


async def test_redis_that_comes_and_goes_has_to_prove_itself(
    join: Join, own_redis: Server, clock: Clock
) -> None:
    """Lost twice in a minute it is used again after five good beats, not after each."""
    limiter = await join()
    states = []
    for _ in range(2):
        own_redis.kill()
        await limiter._beat()
        own_redis.start()
        await limiter._beat()
        states.append(limiter.alone)
    for _ in range(4):
        states.append(limiter.alone)
        await limiter._beat()
    states.append(limiter.alone)

    assert states == [False, True, True, True, True, True, False]


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
