"""Steps 5 and 8: one conversation per customer and channel, in which messages are counted."""

from uuid import UUID

from hub import ids
from hub.accept.customers import claims
from hub.accept.draft import Batch, Draft
from hub.store.questions import Question
from hub.store.states import ConversationState, NewEvent
from hub.store.write import conversations as store
from hub.store.write.identities import Owned

DEFAULT_CHANNEL = "api"
OPEN = "open"


def foreseen(batch: Batch) -> Question[list[ConversationState]]:
    """Ask, without a transaction, for the conversations of whoever the messages identify."""
    return store.of_owners(claims(batch) if batch.unlocked else ())


def asked(batch: Batch, owned: list[Owned]) -> Question[list[ConversationState]]:
    """Ask for the conversations of the customers that are known, but for those foreseen."""
    seen = {state.id for _, state in owned} if batch.unlocked else ()
    return store.held(
        {
            (draft.customer.organization_id, draft.customer.id)
            for draft in batch.open
            if draft.customer and not draft.customer.fresh and draft.customer.id not in seen
        }
    )


def join(batch: Batch, held: list[ConversationState]) -> None:
    """Give each message its conversation, found or new, and its place in it."""
    known = _Conversations(held)
    for draft in batch.open:
        conversation = known.of(draft)
        draft.conversation = conversation
        if conversation.status != OPEN:
            # It may be opened or closed by somebody else right now.
            batch.need_transaction()
        conversation.last_seq += 1
        draft.seq = conversation.last_seq
        conversation.last_message_at = batch.at
        if draft.entry.message.direction == "inbound":
            conversation.last_inbound_at = batch.occurred(draft)
            _reopen(batch, conversation)


def write(batch: Batch) -> None:
    """Write the conversations that the batch touched."""
    states = {d.conversation.id: d.conversation for d in batch.open if d.conversation}
    batch.writes.append(store.write(states.values(), unlocked=batch.unlocked))
    batch.events += [
        NewEvent(state.organization_id, "conversation.created", state.id)
        for state in states.values()
        if state.fresh
    ]


def _reopen(batch: Batch, conversation: ConversationState) -> None:
    if conversation.status != OPEN:
        conversation.status = OPEN
        batch.events.append(
            NewEvent(conversation.organization_id, "conversation.reopened", conversation.id)
        )


class _Conversations:
    """The conversations of the batch's customers, and those it begins."""

    def __init__(self, held: list[ConversationState]) -> None:
        self._states: dict[tuple[UUID, str], ConversationState] = {
            (state.customer_id, state.channel): state for state in held
        }

    def of(self, draft: Draft) -> ConversationState:
        """Return the draft's conversation, begun when there is none."""
        customer = draft.customer
        assert customer is not None
        channel = self._channel(draft, customer.id)
        if (customer.id, channel) not in self._states:
            self._states[customer.id, channel] = ConversationState(
                id=ids.new(),
                organization_id=customer.organization_id,
                customer_id=customer.id,
                channel=channel,
                status=OPEN,
                last_seq=0,
                fresh=True,
            )
        return self._states[customer.id, channel]

    def _channel(self, draft: Draft, customer_id: UUID) -> str:
        message = draft.entry.message
        if message.direction == "inbound":
            return message.channel
        mine = [state for (owner, _), state in self._states.items() if owner == customer_id]
        for state in mine:
            if state.id == message.conversation_id:
                return state.channel
        if message.reply_channel:
            return message.reply_channel
        written = [state for state in mine if state.last_inbound_at]
        latest = max(written, key=lambda state: state.last_inbound_at or 0, default=None)
        return latest.channel if latest else DEFAULT_CHANNEL
