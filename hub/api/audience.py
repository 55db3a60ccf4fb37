"""All open streams of a process: their beats and ends, and the looks that need no hint.

What is done for many is done once: one timer, one statement for the keys of all, one for where the
conversations of some hundred stand.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterator
from itertools import islice
from uuid import UUID

import structlog

from hub import metrics
from hub.api.stream import Stream, Wake
from hub.auth.admission import Admission
from hub.auth.guests import Guests
from hub.errors import Unavailable
from hub.events.live import Live
from hub.services.streams import Streams

BEAT_SECONDS = 15.0
LIFE_SECONDS = 15 * 60.0
"""At most; those that came together do not go together."""
KEY_SECONDS = 2.0
BLOCK_SECONDS = 2.0
_APART_SECONDS = 300.0
"""By so much the clocks of two hosts may differ at most."""
LOOK_SECONDS = 5.0
UNSURE_SECONDS = 2.0
"""In place of it when hints may not come."""
_TICK_SECONDS = 0.5
_TOGETHER = 250
_NONE: frozenset[UUID] = frozenset()

log = structlog.get_logger(__name__)


class Audience:
    """Those who watch."""

    def __init__(self, admission: Admission, guests: Guests, reads: Streams, live: Live) -> None:
        """Nobody yet; `run` has to run beside."""
        self._admission = admission
        self._guests = guests
        self._reads = reads
        self._live = live
        self._beats: dict[Stream, float] = {}
        """When each is due, in this order."""
        self._going: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._beats)

    def join(self, stream: Stream, going: asyncio.Event) -> None:
        """Look after this stream until it leaves; end it when the server is `going`."""
        now = asyncio.get_running_loop().time()
        ends_at = now + LIFE_SECONDS * random.uniform(0.9, 1.0)  # noqa: S311 - no secret
        stream.ends_at = min(ends_at, stream.ends_at or ends_at)
        self._beats[stream] = now + BEAT_SECONDS
        metrics.streams(len(self))
        if self._going is None:
            self._going = asyncio.create_task(self._await_end(going))
        elif going.is_set():
            stream.wake(Wake.END)

    def leave(self, stream: Stream) -> None:
        """Forget it."""
        self._beats.pop(stream, None)
        metrics.streams(len(self))

    async def run(self) -> None:
        """Look after them all, for as long as the process serves."""
        try:
            async with asyncio.TaskGroup() as group:
                for work in (self._beat, self._check_keys, self._check_blocks, self._look):
                    group.create_task(_always(work))
        finally:
            if self._going:
                self._going.cancel()

    async def _await_end(self, going: asyncio.Event) -> None:
        await going.wait()
        for stream in list(self._beats):
            stream.wake(Wake.END)

    async def _beat(self) -> None:
        await asyncio.sleep(_TICK_SECONDS)
        now = asyncio.get_running_loop().time()
        while self._beats and (due := next(iter(self._beats.items())))[1] <= now:
            stream = due[0]
            del self._beats[stream]
            self._beats[stream] = now + BEAT_SECONDS
            stream.wake(Wake.END if stream.ends_at <= now else Wake.BEAT)

    async def _check_keys(self) -> None:
        """End the streams that would not be let in any more, or whose token has ended."""
        await asyncio.sleep(KEY_SECONDS)
        shown = {stream.came_by for stream in self._beats}
        living = await self._admission.still(shown)
        now = asyncio.get_running_loop().time()
        for stream in list(self._beats):
            dead = stream.came_by in shown and stream.came_by not in living
            if dead or stream.ends_at <= now:
                stream.wake(Wake.END)

    async def _check_blocks(self) -> None:
        """End the streams of those who were blocked after they came.

        What is older than every stream kept them out at the door; what a stream has been compared
        with is not looked at again.
        """
        await asyncio.sleep(BLOCK_SECONDS)
        businesses = {stream.watcher.organization_id for stream in self._beats}
        if not businesses:
            return
        made = await self._guests.blocks(businesses, LIFE_SECONDS + _APART_SECONDS)
        due = [
            stream
            for stream in self._beats
            if made.get(stream.watcher.organization_id, _NONE) - stream.blocks
        ]
        for some in _in_pieces(due):
            guests = {stream: stream.guest for stream in some}
            kept_out = await self._guests.kept_out(list(guests.values()))
            for stream, guest in guests.items():
                stream.blocks = made[stream.watcher.organization_id]
                if guest in kept_out:
                    stream.wake(Wake.END)

    async def _look(self) -> None:
        """See where the conversations stand, all of them once in a while."""
        seconds = LOOK_SECONDS if self._live.sure else UNSURE_SECONDS
        every = list(_in_pieces(list(self._beats)))
        for some in every:
            await asyncio.sleep(seconds / len(every))
            places = await self._reads.places([stream.watcher for stream in some])
            for stream, place in zip(some, places, strict=True):
                if stream in self._beats:
                    stream.settle(place)
        if not every:
            await asyncio.sleep(UNSURE_SECONDS)


async def _always(work: Callable[[], Coroutine[None, None, None]]) -> None:
    """Do it again and again, whatever comes of it."""
    while True:
        try:
            await work()
        except Unavailable:
            # The store has told of it once, and tells when it is over.
            await asyncio.sleep(_TICK_SECONDS)
        except Exception:
            log.exception("audience_failed")
            await asyncio.sleep(_TICK_SECONDS)


def _in_pieces(streams: list[Stream]) -> Iterator[list[Stream]]:
    left = iter(streams)
    while piece := list(islice(left, _TOGETHER)):
        yield piece
