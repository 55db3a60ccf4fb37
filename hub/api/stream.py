"""One open stream: a visitor's browser that waits for what is new in its conversation.

It holds no queue. A hint only says that there is something to look at, so a slow reader costs what
the kernel and the connection hold of it, and is cut off by the server's own deadline.
"""

import asyncio
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from enum import IntFlag
from uuid import UUID

from litestar.types import Send
from msgspec.structs import replace

from hub.api import frames
from hub.auth.admission import Pass
from hub.auth.guests import Guest
from hub.errors import Unavailable
from hub.events.live import Hint, Live, topic_of_visitor
from hub.services.streams import Streams
from hub.store.read.streams import PAGE, Line, Mark, Place, Spot, Watcher

REPLAYED = 100
"""Messages of the conversation that somebody sees who has seen nothing yet."""
_MOST_BYTES = 48 * 1024
"""Of one piece that is sent: less than what the connection takes before it makes us wait."""


class Wake(IntFlag):
    """What a stream is woken for."""

    LOOK = 1
    TYPING = 2
    READ = 4
    BEAT = 8
    END = 16


_WAKES = {"message": Wake.LOOK, "operator_typing": Wake.TYPING, "read": Wake.READ}


class Stream:
    """What is sent to one browser, from its first event to its last."""

    __slots__ = (
        *("_digest", "_known", "_leaves", "_live", "_mark", "_read", "_reads", "seen"),
        *("_sleeper", "_topic", "_wakes", "blocks", "came_by", "ends_at", "ip", "watcher"),
    )

    def __init__(
        self, watcher: Watcher, digest: str, seen: Spot | None, *, reads: Streams, live: Live
    ) -> None:
        """Show what the owner of this secret may see, after the message that it saw last."""
        self.watcher = watcher
        self.came_by: Pass = (b"", "", None)
        self.ends_at = 0.0
        self.ip = ""
        self.blocks: AbstractSet[UUID] = frozenset()
        """Those of its business that its visitor was compared with."""
        self._digest = digest
        self.seen = seen
        self._reads = reads
        self._live = live
        self._mark: Mark | None = None
        self._known = 0
        """Up to here there is nothing that was not looked at, once it has been looked at."""
        self._read = 0
        self._topic: UUID | None = None
        self._wakes = Wake.LOOK
        self._sleeper: asyncio.Future[None] | None = None
        self._leaves: list[Callable[[], None]] = []

    @property
    def guest(self) -> Guest:
        """Return who was let in."""
        who = self.watcher
        visit = (who.organization_id, who.key_id, who.visitor_id)
        return Guest(self.came_by[0], self.ip, visit)

    def wake(self, wake: Wake) -> None:
        """Let the stream do this as soon as it is free."""
        self._wakes |= wake
        if self._sleeper and not self._sleeper.done():
            self._sleeper.set_result(None)

    def settle(self, place: Place) -> None:
        """Take in where the visitor's messages are by now; look, if there may be new ones."""
        if place.secret_digest is None and not place.whole:
            return
        if place.secret_digest != self._digest and not place.whole:
            # Somebody else was first with this name.
            self.wake(Wake.END)
        elif place.conversation_id is not None:
            if self._mark is None:
                self._find(place)
            elif self._mark.conversation_id != place.conversation_id:
                # What comes now does not belong below what is shown: the browser begins anew.
                self.wake(Wake.END)
                return
            elif place.whole and not self._mark.whole:
                # The business has come to know the person: with what the visitor wrote before.
                self._mark, self._known = replace(self._mark, since=0, whole=True), 0
            if self._mark and place.last_seq > max(self._mark.seq, self._known):
                self._known = place.last_seq
                self.wake(Wake.LOOK)

    async def run(self, send: Send) -> None:
        """Show what there is and what comes, until something ends it."""
        who = self.watcher
        self._topic = topic_of_visitor(who.organization_id, who.key_id, who.visitor_id)
        self._leaves.append(self._live.listen(self._topic, self._hear))
        try:
            while not (woken := await self._woken()) & Wake.END:
                if woken & Wake.LOOK:
                    await self._look(send)
                if woken & Wake.READ:
                    await _say(send, frames.event(frames.StreamRead(self._read)))
                if woken & Wake.TYPING:
                    await _say(send, frames.event(frames.StreamTyping()))
                if woken & Wake.BEAT:
                    await _say(send, frames.BEAT)
        finally:
            for leave in self._leaves:
                leave()

    async def _woken(self) -> Wake:
        if not self._wakes:
            self._sleeper = asyncio.get_running_loop().create_future()
            await self._sleeper
            self._sleeper = None
        woken, self._wakes = self._wakes, Wake(0)
        return woken

    def _hear(self, hint: Hint) -> None:
        if hint.word == "read":
            # Somebody else may have a part in the conversation, and read what this one does not.
            whole = self._mark is not None and self._mark.whole
            if hint.visitor != self._topic and not whole:
                return
            self._read = max(self._read, hint.seq)
        if hint.word in _WAKES:
            self.wake(_WAKES[hint.word])

    def _find(self, place: Place) -> None:
        """Begin where the browser left off in the visitor's conversation."""
        assert place.conversation_id is not None
        seen = self.seen
        goes_on = seen is not None and seen.conversation_id == place.conversation_id
        seq = seen.seq if seen and goes_on else max(place.last_seq - REPLAYED, 0)
        since = place.since or 0
        self._mark = Mark(self.watcher, place.conversation_id, since, seq, place.whole)
        self._known = 0
        self._leaves.append(self._live.listen(place.conversation_id, self._hear))

    async def _look(self, send: Send) -> None:
        """Send what is new. When the store does not answer, somebody will wake us again."""
        try:
            if self._mark is None or (self.watcher.person and not self._mark.whole):
                self.settle(await self._reads.place(self.watcher))
                self._wakes &= ~Wake.LOOK
            known = self._known
            while self._mark:
                lines = await self._reads.page(self._mark)
                await self._show(lines, send)
                if len(lines) < PAGE:
                    break
        except Unavailable:
            self._known = 0
        else:
            self._pass(known)

    async def _show(self, lines: Sequence[Line], send: Send) -> None:
        piece: list[bytes] = []
        size = 0
        for line in lines:
            frame = frames.message(line)
            if piece and size + len(frame) > _MOST_BYTES:
                await _say(send, b"".join(piece))
                piece, size = [], 0
            piece.append(frame)
            size += len(frame)
        if self._mark and lines:
            await _say(send, b"".join(piece))
            self._reads.delivered(self._mark, lines)
            self._pass(lines[-1].seq)

    def _pass(self, seq: int) -> None:
        """Go on after this message."""
        mark = self._mark
        if mark and seq > mark.seq:
            self._mark = replace(mark, seq=seq)


async def _say(send: Send, piece: bytes) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": True})
