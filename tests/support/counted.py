"""What the limiter itself counted: the instants in Redis, and whether they are the calls we made.

A client knows of a call only that it was counted between sending and receiving. Redis keeps the
very instant, by the same clock of the machine. Whoever allows a call without noting it, or notes
it late, is found: then the instants do not fit the calls.
"""

import heapq
from collections.abc import Iterable, Sequence

import redis
from msgspec import Struct

MICROSECONDS = 1_000_000
WINDOW_SECONDS = 60


class Span(Struct, frozen=True):
    """One admitted call, as its client saw it; wall clock, in seconds."""

    sent: float
    received: float


class Counted:
    """Collects the instants of one bucket before the limiter forgets them: look once in a while."""

    def __init__(self, url: str, bucket: str) -> None:
        """Follow the bucket of this name; `*` stands for what is not known."""
        self._url = url
        self._bucket = bucket
        self.instants: list[int] = []
        """In microseconds, the oldest first."""

    def look(self) -> None:
        """Take in what was counted since the last look; at least once in a window."""
        with redis.Redis.from_url(self._url) as client:
            for key in client.scan_iter(f"hub:limits:{self._bucket}"):
                there = [int(instant) for instant in client.lrange(key, 0, -1)]
                newest = self.instants[-1] if self.instants else 0
                self.instants += [instant for instant in there if instant > newest]


def fullest(instants: Sequence[int], seconds: int = WINDOW_SECONDS) -> int:
    """Return the most instants that any sliding window holds: it loses one as it gains the next."""
    most = first = 0
    for last, instant in enumerate(instants):
        while instant - instants[first] >= seconds * MICROSECONDS:
            first += 1
        most = max(most, last - first + 1)
    return most


def surely(spans: Iterable[Span], seconds: int = WINDOW_SECONDS) -> int:
    """Return the most calls that lie in one window whatever their instants are: none is guessed."""
    ordered = sorted(spans, key=lambda span: span.sent)
    most = 0
    for first, span in enumerate(ordered):
        within = [s for s in ordered[first:] if s.received < span.sent + seconds]
        most = max(most, len(within))
    return most


def fit(instants: Sequence[int], spans: Iterable[Span]) -> bool:
    """Tell whether each call can have an instant of its own within its span, and none is left."""
    waiting = sorted(spans, key=lambda span: span.sent)
    if len(waiting) != len(instants):
        return False
    open_ends: list[float] = []
    begun = 0
    for instant in instants:
        at = instant / MICROSECONDS
        while begun < len(waiting) and waiting[begun].sent <= at:
            heapq.heappush(open_ends, waiting[begun].received)
            begun += 1
        # The one that ends first is served first: if that cannot be met, nothing can.
        if not open_ends or heapq.heappop(open_ends) < at:
            return False
    return True
