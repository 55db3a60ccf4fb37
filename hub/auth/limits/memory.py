"""The limits of one process: its logs in memory."""

import time
from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import islice

from msgspec.structs import replace

from hub.auth.limits.buckets import MICROSECONDS, Bucket, Verdict, judge

_PRUNED_AFTER = 16
"""Calls."""


class ShareLimiter:
    """One of several processes that cannot count together: each allows its part of the limit."""

    def __init__(self, processes: int) -> None:
        """Take a part of 1 / `processes`, at least 1 call."""
        self._own = MemoryLimiter()
        self._processes = processes

    async def take(self, buckets: Sequence[Bucket]) -> list[Verdict]:
        """Take one from all of the buckets or from none; see `Limiter`."""
        return await self._own.take(self._parts(buckets))

    async def peek(self, buckets: Sequence[Bucket]) -> list[Verdict]:
        """Return how the buckets stand; see `Limiter`."""
        return await self._own.peek(self._parts(buckets))

    def _parts(self, buckets: Sequence[Bucket]) -> list[Bucket]:
        return [replace(b, limit=max(b.limit // self._processes, 1)) for b in buckets]


class MemoryLimiter:
    """A limiter of one process: exact, without I/O, and no larger than the calls of a window.

    `clock` measures the windows and never goes back; `wall` is only told, in `reset_at`. Both give
    seconds.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Start with empty logs."""
        self._clock = clock
        self._wall = wall
        # In the order of their last call, so that idle ones are found at the front.
        self._logs: OrderedDict[str, _Log] = OrderedDict()
        self._added = 0

    def __len__(self) -> int:
        """Return the number of buckets that are remembered."""
        return len(self._logs)

    async def take(self, buckets: Sequence[Bucket]) -> list[Verdict]:
        """Take one from all of the buckets or from none; see `Limiter`."""
        now = self._now()
        readings = self._read(buckets, now)
        for bucket, _, count in readings:
            if count >= bucket.limit:
                return self._judge(readings, now)
        self._add(readings, now)
        return self._judge(readings, now, taken=1)

    async def peek(self, buckets: Sequence[Bucket]) -> list[Verdict]:
        """Return how the buckets stand; see `Limiter`."""
        now = self._now()
        return self._judge(self._read(buckets, now), now)

    def count(self, buckets: Sequence[Bucket]) -> None:
        """Count a call that was allowed elsewhere, whether there is room or not."""
        now = self._now()
        self._add(self._read(buckets, now), now)

    def give_back(self, buckets: Sequence[Bucket]) -> None:
        """Undo the last call that was counted in each of the buckets."""
        for bucket in buckets:
            if log := self._logs.get(bucket.name):
                log.pop()

    def _now(self) -> int:
        return round(self._clock() * MICROSECONDS)

    def _read(self, buckets: Sequence[Bucket], now: int) -> "list[_Reading]":
        """Return each bucket with its log, a new one where there is none, and what it counts."""
        readings = []
        for bucket in buckets:
            log = self._logs.get(bucket.name)
            if log is None:
                readings.append((bucket, _Log(bucket.window_seconds * MICROSECONDS), 0))
            else:
                readings.append((bucket, log, log.settle(now)))
        return readings

    def _add(self, readings: "Sequence[_Reading]", now: int) -> None:
        for bucket, log, _ in readings:
            self._logs[bucket.name] = log
            self._logs.move_to_end(bucket.name)
            log.append(now)
        self._added += len(readings)
        if self._added >= _PRUNED_AFTER:
            self._prune(now, self._added * 4)
            self._added = 0

    def _prune(self, now: int, most: int) -> None:
        """Forget idle buckets: more than were added, and never so many that it shows."""
        for name, log in list(islice(self._logs.items(), most)):
            if log.settle(now):
                return
            del self._logs[name]

    def _judge(self, readings: "Sequence[_Reading]", now: int, *, taken: int = 0) -> list[Verdict]:
        """Say how the buckets stand after `taken` calls that were counted since the reading."""
        wall = round(self._wall() * MICROSECONDS)
        verdicts = []
        for bucket, log, before in readings:
            count, limit = before + taken, bucket.limit
            wait = log.leaves(max(count - limit, 0)) - now if count else 0
            verdicts.append(judge(bucket, count, wait, wall, allowed=before < limit))
        return verdicts


class _Log:
    """The instants of the counted calls in microseconds, oldest first: 8 bytes each."""

    __slots__ = ("_left", "_stamps", "_window")

    def __init__(self, window: int) -> None:
        self._stamps = array("q")
        self._left = 0  # so many at the front have left the window and wait for removal
        self._window = window

    def append(self, now: int) -> None:
        self._stamps.append(now)

    def pop(self) -> None:
        if len(self._stamps) > self._left:
            self._stamps.pop()

    def settle(self, now: int) -> int:
        """Let the calls that have left the window go; return how many are counted."""
        stamps, left, gone = self._stamps, self._left, now - self._window
        while left < len(stamps) and stamps[left] <= gone:
            left += 1
        if left * 2 > len(stamps):
            del stamps[:left]
            left = 0
        self._left = left
        return len(stamps) - left

    def leaves(self, index: int) -> int:
        """Return when the counted call of this index, from the oldest on, leaves the window."""
        return self._stamps[self._left + index] + self._window


_Reading = tuple[Bucket, _Log, int]
"""A bucket, its log, and how many calls are counted in it."""
