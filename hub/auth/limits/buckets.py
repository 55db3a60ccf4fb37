"""What is limited, and what a limiter says about it."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec import Struct

MICROSECONDS = 1_000_000


class Bucket(Struct, frozen=True):
    """At most `limit` calls of this name in any `window_seconds` that follow one another."""

    name: str
    limit: int
    window_seconds: int = 60


class Verdict(Struct, frozen=True):
    """One bucket's answer to one call: the figures of the `X-RateLimit-*` headers."""

    bucket: str
    """The bucket's name."""
    allowed: bool
    """Whether this bucket had room; the call counts only if all of its buckets had."""
    limit: int
    remaining: int
    reset_at: int
    """The Unix second, rounded up, at which the oldest counted call leaves the window."""
    retry_after: int
    """The seconds after which this bucket has room: at least 1 when refused, else 0."""
    window_seconds: int


class Limiter(Protocol):
    """Counts calls against limits."""

    async def take(self, buckets: Sequence[Bucket]) -> list[Verdict]:
        """Take one from all of the buckets or, if one of them is empty, from none.

        Returns one verdict per bucket, in the same order. Names are different from each other.
        """

    async def peek(self, buckets: Sequence[Bucket]) -> list[Verdict]:
        """Return how the buckets stand, in the same order, and count nothing."""


def refusal(verdicts: Iterable[Verdict]) -> Verdict | None:
    """Return the refusing verdict that lasts longest; None if the call may go on."""
    longest = None
    for verdict in verdicts:
        if verdict.allowed or (longest and longest.retry_after >= verdict.retry_after):
            continue
        longest = verdict
    return longest


def judge(bucket: Bucket, count: int, wait: int, wall: int, *, allowed: bool) -> Verdict:
    """Put the reading of a log into the figures of a verdict.

    `count` is what is counted now, `wait` the microseconds until the oldest counted call leaves
    (when refused: until there is room), `wall` the microseconds since the epoch.
    """
    seconds = -(-wait // MICROSECONDS)
    # By their places: told by name, they cost each request twice as much.
    return Verdict(
        bucket.name,
        allowed,
        bucket.limit,
        max(bucket.limit - count, 0),
        -(-(wall + wait) // MICROSECONDS),
        0 if allowed else max(seconds, 1),
        bucket.window_seconds,
    )
