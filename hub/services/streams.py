"""What visitors' streams read and note: many at once, in one statement each."""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import TypeVar
from uuid import UUID

import structlog

from hub.accept import statuses
from hub.batching import Batcher, Full, Late, Waits
from hub.contracts import Welcome
from hub.errors import Unavailable
from hub.events.live import Hint, Live
from hub.store.admin import organizations
from hub.store.database import Contended, Database, Work
from hub.store.front import LOOKUP_SECONDS, Front
from hub.store.read import streams as read
from hub.store.read.streams import Line, Mark, Place, Spot, Watcher
from hub.store.write.statuses import Shown

T = TypeVar("T")
R = TypeVar("R")

WELCOME_SECONDS = 2.0
"""A business's settings are read anew after so long."""
TRIES = 3
_BELOW_DELIVERED = frozenset({"queued", "sent", "unknown"})

log = structlog.get_logger(__name__)


class Streams:
    """Reads for the open streams of a process."""

    def __init__(self, database: Database, live: Live) -> None:
        """Read from this database, and tell there what a stream has changed."""
        self._database = database
        self._front = Front(database, LOOKUP_SECONDS)
        self._live = live
        waits = Waits(patience=LOOKUP_SECONDS)
        self._places: Batcher[Watcher, Place] = Batcher(
            self.places, most=256, flights=2, waits=waits
        )
        # Fewer, because a page may hold long texts.
        self._pages: Batcher[Mark, list[Line]] = Batcher(
            self._read_pages, most=64, flights=2, waits=waits
        )
        self._spots: Batcher[tuple[UUID, UUID], Spot | None] = Batcher(
            self._read_spots, most=256, waits=waits
        )
        self._welcomes: dict[UUID, tuple[float, Welcome]] = {}
        self._shown: Batcher[Sequence[Shown], None] = Batcher(self._note, most=128)
        self._noting: set[asyncio.Task[None]] = set()

    async def place(self, watcher: Watcher) -> Place:
        """Return where a visitor's messages are. `Unavailable`: the store does not answer."""
        return await _asked(self._places, watcher)

    async def places(self, watchers: Sequence[Watcher]) -> list[Place]:
        """Return it of many visitors."""
        return await self._front.read(lambda c: read.places(c, watchers))

    async def spot(self, organization_id: UUID, message_id: UUID) -> Spot | None:
        """Return where a message of the organization stands; None when it has none with this id."""
        return await _asked(self._spots, (organization_id, message_id))

    async def page(self, mark: Mark) -> list[Line]:
        """Return the next messages that a visitor may see; fewer than `PAGE` are all there are."""
        return await _asked(self._pages, mark)

    async def welcome(self, organization_id: UUID) -> Welcome:
        """Return what a business has set for whoever comes, as it was a moment ago."""
        now = time.monotonic()
        until, known = self._welcomes.get(organization_id, (0.0, Welcome()))
        if now < until:
            return known
        business = await self._front.read(lambda c: organizations.by_id(c, organization_id))
        if business:
            told = business.settings
            known = Welcome(languages=told.languages, greeting=told.greeting, away=told.away)
        # In the order of their ends, so that the first ones are those that are over.
        self._welcomes.pop(organization_id, None)
        self._welcomes[organization_id] = (now + WELCOME_SECONDS, known)
        while self._welcomes and next(iter(self._welcomes.values()))[0] < now:
            del self._welcomes[next(iter(self._welcomes))]
        return known

    def delivered(self, mark: Mark, lines: Iterable[Line]) -> None:
        """Note, soon, that a visitor was sent these messages; nobody waits for it."""
        shown = [
            Shown(mark.watcher.organization_id, mark.conversation_id, line.id)
            for line in lines
            if line.direction == "outbound" and line.status in _BELOW_DELIVERED
        ]
        if shown:
            task = asyncio.create_task(self._deliver(shown))
            self._noting.add(task)
            task.add_done_callback(self._noting.discard)

    async def close(self) -> None:
        """Note what is still to be noted."""
        await self._shown.close()

    async def _deliver(self, shown: Sequence[Shown]) -> None:
        try:
            await self._shown.submit(shown)
        except (Full, Contended, Unavailable):
            # What the visitor reads is noted all the same, and says more.
            log.warning("delivered_not_noted", messages=len(shown))

    async def _note(self, items: list[Sequence[Shown]]) -> list[None]:
        every = set(chain.from_iterable(items))
        changed = await insisting(
            self._database, lambda c: statuses.delivered(c, every, datetime.now(UTC))
        )
        self._live.tell(hints_of(changed))
        return [None] * len(items)

    async def _read_spots(self, messages: list[tuple[UUID, UUID]]) -> list[Spot | None]:
        return await self._front.read(lambda c: read.spots(c, messages))

    async def _read_pages(self, marks: list[Mark]) -> list[list[Line]]:
        return await self._front.read(lambda c: read.pages(c, marks))


def hints_of(changed: Iterable[Shown]) -> list[Hint]:
    """Return a hint for each conversation in which statuses have changed."""
    where = dict.fromkeys((one.organization_id, one.conversation_id) for one in changed)
    return [Hint("status", *place) for place in where]


async def insisting(database: Front | Database, work: Work[T]) -> T:
    """Write, and again when another transaction was first."""
    for _ in range(TRIES - 1):
        with contextlib.suppress(Contended):
            return await database.write(work)
    return await database.write(work)


async def _asked(batcher: Batcher[T, R], item: T) -> R:
    try:
        return await batcher.submit(item)
    except (Full, Late) as error:
        raise Unavailable from error
