"""Limiters whose time the test decides."""

from collections.abc import AsyncIterator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from typing import Any

import pytest

from hub.auth.limits import Limiter, MemoryLimiter, shared_log
from hub.auth.limits.shared import SharedLimiter
from hub.auth.limits.shared_log import RedisLimiter, connect
from tests.hub.auth.limits.outage import Clock, Join
from tests.support.redis import Redis as Server

MICROSECONDS = 1_000_000
REDIS_CLOCK = "redis.call('TIME')"
TEST_CLOCK = "redis.call('LRANGE', 'clock', 0, 1)"


class MemoryWorld:
    """A limiter in memory and its clock, in microseconds since the epoch."""

    def __init__(self) -> None:
        self.now = 1_800_000_000 * MICROSECONDS
        self.limiter: Limiter = MemoryLimiter(
            clock=lambda: (self.now - 1_799_000_000 * MICROSECONDS) / MICROSECONDS,
            wall=lambda: self.now / MICROSECONDS,
        )

    async def move(self, microseconds: int) -> None:
        """Let time pass, backwards if need be."""
        self.now += microseconds


class RedisWorld(MemoryWorld):
    """A limiter in Redis that reads its time from a list of ours."""

    def __init__(self, redis: Any) -> None:
        super().__init__()
        self.redis = redis
        self.limiter: RedisLimiter = RedisLimiter(redis)
        for name, script in {"_take": shared_log._TAKE, "_join": shared_log._JOIN}.items():
            assert script.count(REDIS_CLOCK) == 1
            faked = script.replace(REDIS_CLOCK, TEST_CLOCK)
            setattr(self.limiter, name, redis.register_script(faked))

    async def move(self, microseconds: int) -> None:
        await super().move(microseconds)
        await self.redis.delete("clock")
        await self.redis.rpush("clock", *divmod(self.now, MICROSECONDS))


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy with other tests is not a Redis that hangs."""
    monkeypatch.setattr(shared_log, "DEADLINE_SECONDS", 10)


@asynccontextmanager
async def _redis_world(url: str) -> AsyncIterator[RedisWorld]:
    async with connect(url) as redis:
        await redis.flushdb()
        world = RedisWorld(redis)
        await world.move(0)
        await world.limiter.join()
        yield world
        await world.limiter.leave()


@pytest.fixture
def redis_world(redis_url: str) -> Callable[[], AbstractAsyncContextManager[RedisWorld]]:
    """Open a world on an empty Redis."""
    return lambda: _redis_world(redis_url)


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.server)])
def open_world(
    request: pytest.FixtureRequest,
) -> Callable[[], AbstractAsyncContextManager[Any]]:
    """Open a world with nothing counted; the test runs on both limiters."""
    if request.param == "memory":
        return lambda: nullcontext(MemoryWorld())
    url = request.getfixturevalue("redis_url")
    return lambda: _redis_world(url)


@pytest.fixture
def clock() -> Clock:
    """The clock of every limiter of the test."""
    return Clock()


@pytest.fixture
async def join(
    own_redis: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch, _patience: None
) -> AsyncIterator[Join]:
    """Start a limiter as one more process would; its heart beats when the test says so."""
    # Long enough for a busy machine, short enough to wait for a Redis that is frozen.
    monkeypatch.setattr(shared_log, "DEADLINE_SECONDS", 1)
    async with AsyncExitStack() as stack:

        async def start(url: str = own_redis.url, **options: int) -> SharedLimiter:
            redis = await stack.enter_async_context(connect(url))
            limiter = SharedLimiter(redis, clock=clock, **options)
            await limiter._beat()
            stack.push_async_callback(limiter.close)
            return limiter

        yield start
