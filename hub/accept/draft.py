"""What the steps of one transaction know so far about each message of the batch."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct, field

from hub import ids
from hub.contracts import Accepted, Arrival, Caller, Identity, Message
from hub.errors import HubError
from hub.store.database import Contended
from hub.store.rows import Write
from hub.store.states import ConversationState, CustomerState, NewEvent, SessionState
from hub.store.tables import milliseconds


class Entry(Struct, frozen=True):
    """One message on its way in, with the call that brought it."""

    message: Message
    arrival: Arrival
    identities: Sequence[Identity] = ()
    """Strongest first."""

    @property
    def caller(self) -> Caller:
        """Return who brought it."""
        return self.arrival.caller

    @property
    def proven(self) -> bool:
        """Tell whether what it says about the person is more than a browser's word."""
        return self.caller.trusted or self.arrival.proved is not None

    @property
    def organization_id(self) -> UUID:
        """Return whose message it is."""
        return self.arrival.caller.organization_id


class Draft(Struct):
    """One message of the batch, filled in step by step."""

    entry: Entry
    message_id: UUID = field(default_factory=ids.new)
    customer: CustomerState | None = None
    conversation: ConversationState | None = None
    session: SessionState | None = None
    visitor_id: str = ""
    """What its session is found by."""
    seq: int = 0
    leader: "Draft | None" = None
    """The earlier message of this batch that it repeats."""
    outcome: Accepted | HubError | None = None


class Traits(Struct, frozen=True):
    """What the steps must know about channels, by name."""

    sending: frozenset[str] = frozenset()
    """Outbound messages wait for a `send` hook."""
    replies_only: frozenset[str] = frozenset()
    """Nobody can be written to there who never wrote there."""
    told: bool = False
    """A plugin waits to be told of every message."""
    without_sessions: frozenset[str] = frozenset()
    """People have no visitor sessions there."""


class Batch(Struct):
    """The messages of one transaction and what else it is going to write."""

    drafts: list[Draft]
    now: datetime
    traits: Traits
    at: int = 0
    """`now` in milliseconds since the epoch."""
    events: list[NewEvent] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    heard: set[UUID] = field(default_factory=set)
    """The businesses whose events somebody waits for."""
    unlocked: bool = False
    """There is no transaction: nothing that was read is locked, and only the last statement writes.
    """
    ended: list[SessionState] = field(default_factory=list)
    """Sessions that ended: their visitor was silent too long, or proves another thing by now."""

    def __post_init__(self) -> None:
        """Read the clock once for all rows."""
        self.at = milliseconds(self.now)

    def need_transaction(self) -> None:
        """Go no further without one: raise `Contended`, so that the batch is run again in one."""
        if self.unlocked:
            raise Contended

    def occurred(self, draft: Draft) -> int:
        """Return when a message was written: its provider says, or it is now."""
        moment = draft.entry.message.occurred_at
        return self.at if moment is None else milliseconds(moment)

    def unreachable(self, draft: Draft) -> bool:
        """Tell whether a reply is for somebody who never wrote on its channel."""
        conversation = draft.conversation
        return (
            conversation is not None
            and draft.entry.message.direction == "outbound"
            and conversation.channel in self.traits.replies_only
            and conversation.last_inbound_at is None
        )

    @property
    def open(self) -> list[Draft]:
        """Return the messages that are still to be stored, in order of arrival."""
        return [draft for draft in self.drafts if draft.outcome is None and draft.leader is None]
