"""The limits of the hub when it has a Redis: exact over all processes, and never off without it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog
from msgspec.structs import replace
from redis.asyncio import Redis

from hub import metrics
from hub.auth.limits.buckets import Bucket, Verdict, refusal
from hub.auth.limits.memory import MemoryLimiter
from hub.auth.limits.shared_log import ALIVE_SECONDS, RedisLimiter

BEAT_SECONDS = 1.0
UNSTEADY_SECONDS = 60
STEADY_BEATS = 5
PART = "redis"

log = structlog.get_logger(__name__)


class SharedLimiter:
    """Counts in Redis; while Redis is out, each process allows its share of the limit.

    The share is the limit divided by the processes last seen alive, at least 1. Every process also
    remembers what it allowed itself, so that an outage opens no fresh window; and for one window
    after it, while Redis knows too little, a call needs room in the share as well.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        processes: int = 1,
        prefix: str = "hub:limits:",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Use a client of `connect`; until Redis says how many, there are so many `processes`."""
        self._shared = RedisLimiter(redis, prefix=prefix)
        self._own = MemoryLimiter(clock)
        self._clock = clock
        self._processes = processes
        self._alone = False
        self._back_at = float("-inf")
        self._beats = 0
        self._beats_needed = 1
        self._closed = False
        self._heart: asyncio.Task[None] | None = None

    @property
    def alone(self) -> bool:
        """Tell whether this process counts for itself because Redis is out."""
        return self._alone

    async def start(self) -> None:
        """Join the other processes and keep saying that this one is alive. Never fails."""
        await self._beat()
        self._heart = asyncio.create_task(self._beat_on())

    async def close(self) -> None:
        """Answer what waits, and leave the other processes."""
        self._closed = True
        if self._heart:
            self._heart.cancel()
            await asyncio.wait([self._heart])
        try:
            await self._shared.leave()
        except Exception as error:  # noqa: BLE001 - the others notice by themselves in 5 s
            self._lose(error)

    async def take(self, buckets: Sequence[Bucket]) -> list[Verdict]:
        """Take one from all of the buckets or from none; see `Limiter`. Never fails."""
        if self._alone or self._just_back(buckets):
            return await self._take_share(buckets)
        verdicts = await self._ask(self._shared.take(buckets))
        if verdicts is None:
            return await self._take_share(buckets)
        if not refusal(verdicts):
            self._own.count(buckets)
        return verdicts

    async def peek(self, buckets: Sequence[Bucket]) -> list[Verdict]:
        """Return how the buckets stand; see `Limiter`. Never fails."""
        verdicts = await self._ask(self._shared.peek(buckets))
        if verdicts is None:
            return _named(buckets, await self._own.peek(self._shares(buckets)))
        return verdicts

    async def _take_share(self, buckets: Sequence[Bucket]) -> list[Verdict]:
        mine = _named(buckets, await self._own.take(self._shares(buckets)))
        if self._alone or refusal(mine):
            return mine
        verdicts = await self._ask(self._shared.take(buckets))
        if verdicts is None:
            return mine
        if refusal(verdicts):
            self._own.give_back(buckets)
        return verdicts

    def _shares(self, buckets: Sequence[Bucket]) -> list[Bucket]:
        return [
            replace(bucket, limit=max(bucket.limit // self._processes, 1)) for bucket in buckets
        ]

    def _just_back(self, buckets: Sequence[Bucket]) -> bool:
        longest = max((bucket.window_seconds for bucket in buckets), default=0)
        return self._clock() < self._back_at + longest

    async def _ask(self, answer: Awaitable[list[Verdict]]) -> list[Verdict] | None:
        try:
            return await answer
        except Exception as error:  # noqa: BLE001 - whatever ails Redis, no request may fail of it
            self._lose(error)
            return None

    async def _beat_on(self) -> None:
        # Not `True`: inside a beat, `asyncio.wait_for` of Python 3.11 may swallow the cancellation.
        while not self._closed:
            await asyncio.sleep(BEAT_SECONDS)
            await self._beat()

    async def _beat(self) -> None:
        try:
            processes = await self._shared.join()
        except Exception as error:  # noqa: BLE001 - the next beat tries again
            self._lose(error)
        else:
            self._regain(processes)

    def _lose(self, error: Exception) -> None:
        self._beats = 0
        if not self._alone:
            self._alone = True
            # One that is all but full comes and goes by the second: it has to prove itself.
            unsteady = self._clock() < self._back_at + UNSTEADY_SECONDS
            self._beats_needed = STEADY_BEATS if unsteady else 1
            metrics.part(PART, up=False)
            metrics.breaker_opened(PART)
            log.warning(
                "limits_alone", processes=self._processes, reason=f"{type(error).__name__}: {error}"
            )

    def _regain(self, processes: int) -> None:
        self._beats += 1
        if self._alone and self._beats < self._beats_needed:
            return
        returning, self._alone = self._alone, False
        metrics.part(PART, up=True)
        if returning:
            self._back_at = self._clock()
        # An emptied Redis learns only in the next seconds how many there are.
        if self._clock() < self._back_at + ALIVE_SECONDS:
            processes = max(processes, self._processes)
        self._processes = processes
        if returning:
            log.info("limits_shared", processes=processes)


def _named(buckets: Sequence[Bucket], verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Name the limit that callers know, not this process's share of it."""
    return [
        replace(verdict, limit=bucket.limit)
        for bucket, verdict in zip(buckets, verdicts, strict=True)
    ]
