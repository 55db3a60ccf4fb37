"""The way to one subscription: what is under way there, and what waits for its turn.

Each has its own, so that a slow receiver delays nobody else. One that does not answer is asked by
one attempt at a time until it does; one that answers quickly is given some in advance.
"""

import time
from collections import deque

from hub.deliveries.courier import Courier, Outcome
from hub.deliveries.parcels import Parcel

QUICK_SECONDS = 0.5
IN_ADVANCE = 4
"""So many times what may be under way is held for a receiver that answers within `QUICK_SECONDS`.
"""
HELD_SECONDS = 20.0
"""What was not begun by then is left to its lease: an attempt has to fit into what remains."""


class Lane:
    """One subscription's deliveries in this worker."""

    def __init__(self, courier: Courier, at_once: int) -> None:
        """Let so many be under way, over the courier's connections."""
        self.courier = courier
        self._at_once = at_once
        self._open = at_once
        self._held: deque[tuple[float, Parcel]] = deque()
        self._running = 0
        self._is_quick = False
        self.has_more = False
        """The store may hold more that is due."""
        self.idle_since = time.monotonic()

    @property
    def room(self) -> int:
        """Return how many more may be claimed for it; none as long as it has enough."""
        most = self._open * (IN_ADVANCE if self._is_quick else 1)
        room = most - self._running - len(self._held)
        # Few at a time would cost the store a transaction for each.
        return room if 2 * room >= most else 0

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing is under way or held."""
        return not self._running and not self._held

    def hold(self, parcel: Parcel) -> None:
        """Keep a delivery that is ours until there is room to begin."""
        self._held.append((time.monotonic() + HELD_SECONDS, parcel))

    def begin(self) -> Parcel | None:
        """Return the next delivery to attempt; None when there is none, or no room."""
        now = time.monotonic()
        while self._held and self._running < self._open:
            end, parcel = self._held.popleft()
            if end > now:
                self._running += 1
                return parcel
        return None

    def end(self, outcome: Outcome) -> None:
        """Note that an attempt is over, and how the receiver took it."""
        self._running -= 1
        self.idle_since = time.monotonic()
        self._open = 1 if outcome.timed_out else self._at_once
        self._is_quick = outcome.arrived and outcome.milliseconds <= QUICK_SECONDS * 1000
