"""A Redis that fails in every way it can, and what passes meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from redis.asyncio import Redis

from hub.auth.limits import Bucket, refusal
from hub.auth.limits.shared import SharedLimiter
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
