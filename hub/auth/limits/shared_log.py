"""The limits of many processes: their logs in one Redis (6.2 or newer), under one clock, its own.

The calls of a loop turn go in one script, so that a limit costs a fraction of a round trip.
"""

import asyncio
import secrets
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from hub.auth.limits.buckets import MICROSECONDS, Bucket, Verdict, judge
from hub.batching import Batcher

DEADLINE_SECONDS = 0.25
ALIVE_SECONDS = 5

_TAKE = Path(__file__).with_name("take.lua").read_text(encoding="utf-8")
_JOIN = Path(__file__).with_name("join.lua").read_text(encoding="utf-8")
_TOKEN_BITS = 48


class Forgotten(Exception):
    """Redis was emptied or restarted: its logs say too little."""


class Broken(Exception):
    """Redis failed lately and has not been joined again."""


class _Call(Struct, frozen=True):
    buckets: Sequence[Bucket]
    taking: bool


def connect(url: str) -> Redis:
    """Return a client that gives up at once: a limit must not hold up a request."""
    return Redis.from_url(
        url,
        socket_timeout=DEADLINE_SECONDS,
        socket_connect_timeout=DEADLINE_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


class RedisLimiter:
    """A limiter over all processes that use the same Redis and prefix.

    `join` comes first and then once a second. When a call fails, so do all others, at once, until
    `join` has worked again: only the first pay for a Redis that hangs. Calls raise what redis-py
    raises, `TimeoutError`, `Forgotten`, `Broken` or, when too many wait, `hub.batching.Full`.
    """

    def __init__(self, redis: Redis, *, prefix: str = "hub:limits:") -> None:
        """Use this client; it stays the caller's to close."""
        self._redis = redis
        self._prefix = prefix
        self._id = secrets.token_hex(8)
        self._token: int | None = None
        self._failure: Exception | None = None
        self._take = redis.register_script(_TAKE)
        self._join = redis.register_script(_JOIN)
        self._calls: Batcher[_Call, list[Verdict]] = Batcher(self._flush, most=256)

    async def join(self) -> int:
        """Say that this process is alive, mend what was broken, and return how many are alive.

        Raises `Forgotten` once if Redis was emptied and no call has noticed.
        """
        try:
            processes = await self._beat()
        except Exception as error:
            self._failure = error
            raise
        self._failure = None
        return processes

    async def leave(self) -> None:
        """Answer what waits, and count among the living no more."""
        await self._calls.close()
        async with asyncio.timeout(DEADLINE_SECONDS):
            await self._redis.zrem(f"{self._prefix}processes", self._id)

    async def take(self, buckets: Sequence[Bucket]) -> list[Verdict]:
        """Take one from all of the buckets or from none; see `Limiter`."""
        return await self._calls.submit(_Call(buckets, taking=True))

    async def peek(self, buckets: Sequence[Bucket]) -> list[Verdict]:
        """Return how the buckets stand; see `Limiter`."""
        return await self._calls.submit(_Call(buckets, taking=False))

    async def _beat(self) -> int:
        fresh = secrets.randbits(_TOKEN_BITS)
        async with asyncio.timeout(DEADLINE_SECONDS):
            if self._failure:
                # Of the old connections some may be dead without anybody having looked.
                await self._redis.connection_pool.disconnect(inuse_connections=False)
            token, processes = await self._join(
                [f"{self._prefix}processes", f"{self._prefix}token"],
                [self._id, fresh, ALIVE_SECONDS],
            )
        known, self._token = self._token, token
        if known not in {None, token} and not self._failure:
            raise Forgotten
        await self._run([])
        return int(processes)

    async def _flush(self, calls: list[_Call]) -> list[list[Verdict]]:
        if self._failure:
            raise Broken from self._failure
        try:
            return await self._run(calls)
        except Exception as error:
            self._failure = error
            raise

    async def _run(self, calls: Sequence[_Call]) -> list[list[Verdict]]:
        places: dict[str, int] = {}
        windows: list[int] = []
        requests = []
        for call in calls:
            request = [int(call.taking)]
            for bucket in call.buckets:
                if bucket.name not in places:
                    windows.append(bucket.window_seconds * MICROSECONDS)
                    places[bucket.name] = len(windows)
                request += (places[bucket.name], bucket.limit)
            requests.append(request)
        # A name may hold what a visitor sent, and one that cannot be written would fail them all.
        keys = [f"{self._prefix}{name}".encode("utf-8", "surrogatepass") for name in places]
        async with asyncio.timeout(DEADLINE_SECONDS):
            answer = await self._take(
                [f"{self._prefix}token", *keys],
                [self._token or 0, msgspec.msgpack.encode([windows, requests])],
            )
        if not answer:
            raise Forgotten
        return _read(calls, answer)


def _read(calls: Sequence[_Call], answer: Sequence[int]) -> list[list[Verdict]]:
    """Turn the script's numbers into the verdicts of each call."""
    numbers = iter(answer)
    now = next(numbers)
    verdicts: list[list[Verdict]] = []
    for call in calls:
        counted = next(numbers) == 1
        verdicts.append([])
        for bucket in call.buckets:
            count, first = next(numbers), next(numbers)
            wait = first + bucket.window_seconds * MICROSECONDS - now if first else 0
            allowed = counted or count < bucket.limit
            verdicts[-1].append(judge(bucket, count, wait, now, allowed=allowed))
    return verdicts
