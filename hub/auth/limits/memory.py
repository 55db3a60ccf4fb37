"""The limits of one process: its logs in memory."""

import time
from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence

from hub.auth.limits.buckets import MICROSECONDS, Bucket, Verdict, judge

_PRUNED_PER_CALL = 2


class MemoryLimiter:
    """A limiter of one process: exact, without I/O, and as large as the calls of a window.

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

    def __len__(self) -> int:
        """Return the number of buckets that are remembered."""
        return len(self._logs)

    async def take(self, buckets: Sequence[Bucket]) -> list[Verdict]:
        """Take one from all or from none; see `Limiter`."""
        now = self._now()
        verdicts = self._read(buckets, now, taking=1)
        if all(verdict.allowed for verdict in verdicts):
            self._add(buckets, now)
            return verdicts
        return self._read(buckets, now, taking=0)

    async def peek(self, buckets: Sequence[Bucket]) -> list[Verdict]:
        """Return what `take` would say; see `Limiter`."""
        return self._read(buckets, self._now(), taking=0)

    def count(self, buckets: Sequence[Bucket]) -> None:
        """Count a call that somebody else has allowed, whether there is room or not."""
        self._add(buckets, self._now())

    def give_back(self, buckets: Sequence[Bucket]) -> None:
        """Undo the last call that was counted in each of the buckets."""
        for bucket in buckets:
            log = self._logs.get(bucket.name)
            if log:
                log.stamps.pop()

    def _now(self) -> int:
        return round(self._clock() * MICROSECONDS)

    def _read(self, buckets: Sequence[Bucket], now: int, *, taking: int) -> list[Verdict]:
        """Judge each bucket, with `taking` calls added to those that are counted."""
        wall = round(self._wall() * MICROSECONDS)
        verdicts = []
        for bucket in buckets:
            window = bucket.window_seconds * MICROSECONDS
            log = self._logs.get(bucket.name)
            count = log.settle(now - window) if log else 0
            allowed = count < bucket.limit
            oldest = log.oldest(count - bucket.limit) if log and count else now
            wait = oldest + window - now if count or taking else 0
            verdicts.append(
                judge(bucket, allowed=allowed, count=count + taking, wait=wait, wall=wall)
            )
        return verdicts

    def _add(self, buckets: Sequence[Bucket], now: int) -> None:
        for bucket in buckets:
            log = self._logs.get(bucket.name)
            if log is None:
                log = self._logs[bucket.name] = _Log(bucket.window_seconds * MICROSECONDS)
            else:
                self._logs.move_to_end(bucket.name)
            log.stamps.append(now)
        self._prune(now)

    def _prune(self, now: int) -> None:
        """Forget idle buckets, a few per call: as many as a call can add, and no pause."""
        # hmm
