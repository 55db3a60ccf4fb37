"""Hints that something was committed: whoever listens looks at the database, which is the truth.

A hint may be lost and may come twice, so nobody may depend on one: listeners look by themselves
now and then, and the oftener the less the hints can be relied on. Nothing is kept for a listener
that is slow.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Literal, Protocol
from uuid import UUID

import structlog
from msgspec import Struct

log = structlog.get_logger(__name__)

Word = Literal["message", "status", "read", "visitor_typing", "operator_typing"]


class Hint(Struct, frozen=True, array_like=True, omit_defaults=True):
    """That something happened in a conversation."""

    word: Word
    organization_id: UUID
    conversation_id: UUID | None = None
    visitor: UUID | None = None
    """The topic of the visitor that it is about, who may not know of a conversation yet."""
    seq: int = 0
    """Of `read`: the last message that was."""

    @property
    def topics(self) -> tuple[UUID | None, ...]:
        """Return what one can listen to in order to hear it."""
        return self.organization_id, self.conversation_id, self.visitor


Tell = Callable[[Hint], None]


class Relay(Protocol):
    """What carries hints to the other processes."""

    @property
    def up(self) -> bool:
        """Tell whether they arrive, as far as one can know."""

    def send(self, hints: Sequence[Hint]) -> None:
        """Carry these on, soon. Never fails, and waits for nobody."""


class Live:
    """Tells the listeners of this process what happened here, and in others through a relay."""

    def __init__(self, *, alone: bool) -> None:
        """`alone`: no other process stores anything that a listener here waits for."""
        self._alone = alone
        self._listeners: dict[UUID, list[Tell]] = {}
        self.relay: Relay | None = None

    @property
    def sure(self) -> bool:
        """Tell whether hints of everything come; else one has to look oftener."""
        return self._alone if self.relay is None else self.relay.up

    @property
    def heard(self) -> bool:
        """Tell whether anybody could hear a hint: else there is no need to make one."""
        return self.relay is not None or bool(self._listeners)

    def listen(self, topic: UUID, tell: Tell) -> Callable[[], None]:
        """Call `tell` with the hints of an organization, a conversation or a visitor.

        It must neither wait nor raise. Returns what ends it.
        """
        self._listeners.setdefault(topic, []).append(tell)

        def leave() -> None:
            left = self._listeners.get(topic, [])
            if tell in left:
                left.remove(tell)
            if not left:
                self._listeners.pop(topic, None)

        return leave

    def tell(self, hints: Sequence[Hint]) -> None:
        """Tell of what was committed: here at once, elsewhere soon. Never fails."""
        self.hear(hints)
        if self.relay and hints:
            self.relay.send(hints)

    def hear(self, hints: Sequence[Hint]) -> None:
        """Take hints in: tell those who listen in this process."""
        for hint in hints:
            for topic in hint.topics:
                # The list may change meanwhile: whoever hears may leave.
                for tell in tuple(self._listeners.get(topic, ())) if topic else ():
                    try:
                        tell(hint)
                    except Exception:
                        log.exception("listener_failed")


def topic_of_visitor(organization_id: UUID, scope: UUID, visitor_id: str) -> UUID:
    """Return what to listen to for a visitor by name, under the key that it came with."""
    seed = organization_id.bytes + scope.bytes + visitor_id.encode("utf-8", "surrogatepass")
    return UUID(bytes=sha256(seed).digest()[:16])
