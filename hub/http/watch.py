"""One look over all connections, twice a second: who is late, and how many there are of whom.

A connection only writes down when it is due; nobody sets a timer for a request.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Protocol

import structlog

from hub import metrics
from hub.auth.proxies import Network, client_address, network_of
from hub.http.limits import Limits
from hub.http.tally import Tally

NEVER = math.inf
EVERY_SECONDS = 0.5
MOST_LEAVING = 64
_LOG_SECONDS = 60.0
_ADDRESSES_KNOWN = 4096
_SOMEBODY = "192.0.2.1"  # TEST-NET-1 of RFC 5737: nobody connects from there

log = structlog.get_logger(__name__)


class Watched(Protocol):
    """A connection, as the watch sees it."""

    due: float
    write_due: float

    def overdue(self, now: float) -> None:
        """Do what is to be done: the moment `due` or `write_due` is over."""

    def look_for_end(self, now: float) -> None:
        """Set `due` when nothing more is expected of it than to go."""


class Watch:
    """The connections of one process: their clock, their number, their deadlines."""

    def __init__(
        self, limits: Limits, trusted: Sequence[Network] = (), tally: Tally | None = None
    ) -> None:
        """`trusted` are proxies: theirs are the connections of many."""
        self.tally = tally or Tally(1)
        self.limits = limits
        self.now = 0.0
        self.going = False
        self.leaving = 0
        self._trusted = tuple(trusted)
        self._of_group: dict[str, int] = {}
        self._cut: Counter[str] = Counter()
        self._example = ""
        self._log_at = 0.0
        self._looked = 0.0
        self._group_of = lru_cache(_ADDRESSES_KNOWN)(self._find_group)

    def start(
        self, loop: asyncio.AbstractEventLoop, connections: Callable[[], set[Watched]]
    ) -> None:
        """Look over them from now on, for as long as the loop runs."""
        self._looked = loop.time()

        def look() -> None:
            loop.call_later(EVERY_SECONDS, look)
            self.look(connections(), loop.time())

        loop.call_later(EVERY_SECONDS, look)

    def look(self, connections: set[Watched], time: float) -> None:
        """Tell all that are late.

        While the loop was held up nobody could be heard: the clock of the deadlines stood still.
        """
        self.now += min(time - self._looked, 2 * EVERY_SECONDS)
        self._looked = time
        now = self.now
        metrics.connections(len(connections))
        for connection in list(connections):
            if connection.due <= now or connection.write_due <= now:
                connection.overdue(now)
            elif connection.due == NEVER:
                connection.look_for_end(now)
        if self._cut and now >= self._log_at:
            self._tell()

    def admit(self, address: str) -> str | None:
        """Count a new connection; return the group to `release` it from, None for nobody's.

        Raises `LookupError` when the address has as many as it may.
        """
        group = self._group_of(address)
        if group is None:
            return None
        count = self._of_group.get(group, 0)
        if count >= self.limits.per_address:
            raise LookupError(group)
        self._of_group[group] = count + 1
        return group

    def release(self, group: str) -> None:
        """Forget a connection that was counted."""
        left = self._of_group[group] - 1
        if left:
            self._of_group[group] = left
        else:
            del self._of_group[group]

    def cut(self, reason: str, address: str) -> None:
        """Note that a client was refused or left off."""
        metrics.cut(reason)
        self._cut[reason] += 1
        self._example = address

    def _find_group(self, address: str) -> str | None:
        # A proxy is trusted when its word about somebody else counts.
        believed = client_address(address, (_SOMEBODY,), self._trusted) == _SOMEBODY
        return None if believed else network_of(address)

    def _tell(self) -> None:
        """Write one line a minute, however many there are: those who flood us like to be read."""
        cure = "if that is your proxy, set TRUSTED_PROXIES" if self._cut["address"] else None
        log.warning("connections_cut", **self._cut, last=self._example, cure=cure)
        self._cut.clear()
        self._log_at = self.now + _LOG_SECONDS
