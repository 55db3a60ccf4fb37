"""How many messages the hub stored since this process began, by channel and direction."""

import logging
from collections import Counter

from hub.sdk import Event

log = logging.getLogger(__name__)


class Tally:
    """Counts messages. It hears of each one after the commit, off the path of any request."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.counts: Counter[tuple[str, str]] = Counter()

    def count(self, event: Event) -> None:
        """Count the message that an event tells of."""
        kind = (event.details["channel"], event.details["direction"])
        self.counts[kind] += 1
        log.info("sms tally: %s %s is now %d", *kind, self.counts[kind])


TALLY = Tally()
