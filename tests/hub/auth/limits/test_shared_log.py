"""The logs in Redis: exact over processes, one script for many callers, nothing left behind."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from hub.auth.limits import Bucket, refusal
from hub.auth.limits.shared_log import ALIVE_SECONDS, Broken, Forgotten, RedisLimiter, connect
from tests.support.redis import Redis as Server
from tests.support.redis import installations

SECOND = 1_000_000
KEY = Bucket("key", 60)

CALLS_OF_ONE_PROCESS = """
import asyncio, sys
from hub.auth.limits import Bucket, shared_log
from hub.auth.limits.shared_log import RedisLimiter, connect

shared_log.DEADLINE_SECONDS = 10

async def main():
    async with connect(sys.argv[1]) as redis:
        limiter = RedisLimiter(redis)
        await limiter.join()
        print("ready", flush=True)
        sys.stdin.readline()
        calls = [limiter.take([Bucket("shared", 60), Bucket("wide", 1000)]) for _ in range(100)]
        verdicts = await asyncio.gather(*calls)
        print(sum(one.allowed for one, _ in verdicts), flush=True)
        await limiter.leave()

asyncio.run(main())
"""


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client of an empty Redis."""
    async with connect(redis_url) as client:
        yield client


@pytest.fixture
async def limiter(redis: Redis) -> AsyncIterator[RedisLimiter]:
    """A limiter that has joined."""
    limiter = RedisLimiter(redis)
    await limiter.join()
    yield limiter
    await limiter.leave()


def test_four_processes_together_get_exactly_the_limit(redis_url: str) -> None:
    """Four hundred calls at once, from four processes: sixty pass, whoever made them."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CALLS_OF_ONE_PROCESS, redis_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    try:
        assert [process.stdout.readline() for process in processes] == ["ready\n"] * 4
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        allowed = [int(process.communicate(timeout=60)[0]) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.communicate()

    assert sum(allowed) == 60


async def test_the_callers_of_one_turn_share_one_script(
    redis: Redis, limiter: RedisLimiter
) -> None:
    """Two hundred simultaneous calls over many buckets are one command to Redis."""
    await redis.config_resetstat()
    await asyncio.gather(*(limiter.take([KEY, Bucket(f"v:{n % 50}", 9)]) for n in range(200)))
    stats: dict[str, Any] = await redis.info("commandstats")

    assert stats["cmdstat_evalsha"]["calls"] == 1


async def test_what_is_kept_is_small_named_and_goes_by_itself(
    redis: Redis, limiter: RedisLimiter
) -> None:
    """Every key is under `hub:`; a log lives a second longer than its window, then it is gone."""
    await limiter.take([KEY, Bucket("long", 5, 300)])
    await limiter.peek([Bucket("only-seen", 5)])
    lives = {key.decode(): await redis.pttl(key) async for key in redis.scan_iter()}

    assert all(name.startswith("hub:limits:") for name in lives)
    assert 60_000 < lives["hub:limits:key"] <= 61_000
    assert 300_000 < lives["hub:limits:long"] <= 301_000
    assert 0 < lives["hub:limits:processes"] <= ALIVE_SECONDS * 1_000
    assert "hub:limits:only-seen" not in lives


async def test_a_redis_that_lost_its_scripts_is_taught_again(
    redis: Redis, limiter: RedisLimiter
) -> None:
    """`SCRIPT FLUSH` costs nobody a call or a count."""
    await limiter.take([KEY])
    await redis.script_flush()
    (verdict,) = await limiter.take([KEY])

    assert verdict.remaining == 58


async def test_a_redis_that_was_emptied_is_noticed_before_it_allows_anything(
    redis: Redis, limiter: RedisLimiter
) -> None:
    """The first call says so, the others fail at once until the processes have joined again."""
    await limiter.take([KEY])
    await redis.flushdb()

    with pytest.raises(Forgotten):
        await limiter.take([KEY])
    with pytest.raises(Broken):
        await limiter.take([KEY])
    assert await limiter.join() == 1
    assert (await limiter.take([KEY]))[0].remaining == 59


async def test_one_that_joins_after_another_has_noticed_still_learns_of_it(
    redis: Redis, limiter: RedisLimiter
) -> None:
    """A process that made no call meanwhile hears of the loss when it next joins, once."""
    other = RedisLimiter(redis)
    await other.join()
    await redis.flushdb()
    with pytest.raises(Forgotten):
        await other.take([KEY])
    await other.join()

    with pytest.raises(Forgotten):
        await limiter.join()
    assert await limiter.join() == 2
    await other.leave()


async def test_a_redis_that_cannot_run_the_limits_is_not_joined(
    redis: Redis, limiter: RedisLimiter
) -> None:
    """Being reachable is not enough: joining tries what a call will need."""
    limiter._take = redis.register_script("return redis.error_reply('no such thing')")

    with pytest.raises(ResponseError):
        await limiter.join()


async def test_whoever_has_not_joined_cannot_count(redis: Redis) -> None:
    """Without knowing whether Redis remembers, nothing is allowed."""
    stranger = RedisLimiter(redis)

    with pytest.raises(Forgotten):
        await stranger.take([KEY])
    await stranger.leave()


async def test_the_living_are_counted_and_the_silent_forgotten(
    redis_world: Callable[[], Any],
) -> None:
    """Whoever joins, leaves or falls silent changes the number for the others."""
    async with redis_world() as world:
        counts = [await world.limiter.join()]
        for _ in range(2):
            # Two that say once that they live, and never again.
            world.limiter._id += "x"
            counts.append(await world.limiter.join())
        await world.move((ALIVE_SECONDS - 1) * SECOND)
        counts.append(await world.limiter.join())
        await world.move(1 * SECOND)
        counts.append(await world.limiter.join())

    assert counts == [1, 2, 3, 3, 1]


async def test_whoever_leaves_counts_no_more(redis: Redis, limiter: RedisLimiter) -> None:
    """An orderly end gives the others their larger share at their next beat."""
    other = RedisLimiter(redis)
    together = await other.join()
    await other.leave()

    assert (together, await limiter.join()) == (2, 1)


@pytest.mark.parametrize("hours", [1, 24, 24 * 365])
async def test_a_clock_that_is_set_back_locks_out_for_one_window_at_most(
    redis_world: Callable[[], Any], hours: int
) -> None:
    """What was counted in the future counts as made now: still refused, and free in a minute."""
    async with redis_world() as world:
        bucket = [Bucket("key", 2)]
        await world.limiter.take(bucket)
        await world.move(10 * SECOND)
        await world.limiter.take(bucket)
        await world.move(-hours * 3_600 * SECOND)
        await world.limiter.join()
        refused = refusal(await world.limiter.take(bucket))
        await world.move(60 * SECOND)
        (honoured,) = await world.limiter.take(bucket)

    assert refused
    assert refused.retry_after == 60
    assert honoured.remaining == 1


async def test_a_slightly_uneven_clock_keeps_the_count(redis_world: Callable[[], Any]) -> None:
    """A step back of a few microseconds neither frees a place nor moves the older calls."""
    async with redis_world() as world:
        bucket = [Bucket("key", 2)]
        await world.limiter.take(bucket)
        await world.move(30 * SECOND)
        await world.limiter.take(bucket)
        await world.move(-5)
        refused = refusal(await world.limiter.take(bucket))
        await world.move(30 * SECOND + 5)
        verdicts = [(await world.limiter.take(bucket))[0].allowed for _ in range(2)]

    assert refused
    assert refused.retry_after == 31
    assert verdicts == [True, False]


async def test_a_name_that_cannot_be_written_harms_no_neighbour(limiter: RedisLimiter) -> None:
    """A visitor id with half a character in it goes in the same script as everybody's calls."""
    names = ["good", "bad\ud800", "also good"]
    verdicts = await asyncio.gather(*(limiter.take([Bucket(name, 2)]) for name in names))

    assert [verdict.remaining for (verdict,) in verdicts] == [1, 1, 1]


@pytest.mark.server
@pytest.mark.parametrize("origin", ["system", "wheel"])
async def test_the_scripts_run_on_every_redis_at_hand(origin: str) -> None:
    """The wheel's server is a 6.2, the oldest that is supported."""
    found = installations()
    server = Server(found.get(origin) or next(iter(found.values())))
    try:
        server.start()
        async with connect(server.url) as redis:
            limiter = RedisLimiter(redis)
            await limiter.join()
            verdicts = [(await limiter.take([Bucket("key", 2)]))[0].allowed for _ in range(3)]
            await limiter.leave()
    finally:
        server.remove()

    assert verdicts == [True, True, False]
