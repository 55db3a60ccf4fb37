"""When a delivery that failed is tried again, and when nobody tries any more."""

import random
from datetime import timedelta

RETRY_SECONDS = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600)
"""After the first attempt, the second, and so on; the last one ends it, after 27 h 35 min."""
MOST_TRIES = len(RETRY_SECONDS) + 1
JITTER = 0.1
"""So that what failed together does not come back together."""
SILENT_FOR = timedelta(days=5)
"""A subscription of which nothing has arrived for so long is switched off."""


def pause(tries: int, asked: float | None = None) -> timedelta | None:
    """Return how long to wait after so many tries; None when they were enough.

    A receiver that asked for so many seconds gets them, between the schedule's own and twice that.
    """
    if tries >= MOST_TRIES:
        return None
    base = RETRY_SECONDS[tries - 1]
    seconds = base * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret
    if asked is not None:
        seconds = max(seconds, min(asked, 2 * base))
    return timedelta(seconds=seconds)
