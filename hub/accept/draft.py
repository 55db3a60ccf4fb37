"""What the steps of one transaction know so far about each message of the batch."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct, field

from hub import ids
from hub.contracts import Accepted, Arrival, Caller, Identity, Message
from hub.errors import HubError
from hub.store.states import ConversationState, CustomerState, NewEvent, SessionState


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
    seq: int = 0
    leader: "Draft | None" = None
    """The earlier message of this batch that it repeats."""
    outcome: Accepted | HubError | None = None

    @property
    def open(self) -> bool:
        """Tell whether the message is still to be stored."""
        return self.outcome is None and self.leader is None


class Traits(Struct, frozen=True):
    """What the steps must know about channels, by name."""

    sending: frozenset[str] = frozenset()
    """Outbound messages wait for a `send` hook."""
    replies_only: frozenset[str] = frozenset()
    """Nobody can be written to there who never wrote there."""
    without_sessions: frozenset[str] = frozenset()
    """People have no visitor sessions there."""


class Batch(Struct):
    """The messages of one transaction and what else it is going to write."""

    drafts: list[Draft]
    now: datetime
    traits: Traits
    events: list[NewEvent] = field(default_factory=list)
    silent: list[SessionState] = field(default_factory=list)
    """Sessions that ended because their visitor was silent too long."""

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
        return [draft for draft in self.drafts if draft.open]
