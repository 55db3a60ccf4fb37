"""The hub's limits while Redis comes and goes: never off, never failing, never a fresh window."""

import asyncio

import pytest

from hub.auth.limits.shared_log import connect
from tests.hub.auth.limits.outage import (
    FAULTS,
    KEY,
    Clock,
    Fault,
    Join,
    allowed,
    mend,
)
from tests.support.redis import Redis as Server


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
