"""Step 2: once means once. A message that is here already is answered, not stored."""

from msgspec.structs import replace

from hub.accept.draft import Batch, Draft
from hub.contracts import Accepted
from hub.errors import HubError
from hub.store.questions import Question
from hub.store.write import messages
from hub.store.write.messages import Key, Repeated


def asked(batch: Batch) -> Question[dict[Key, Repeated]]:
    """Ask which messages are stored already."""
    return messages.repeated({_key(draft) for draft in _named(batch)})


def answer(batch: Batch, stored: dict[Key, Repeated]) -> None:
    """Answer repeats of stored messages, and tie repeats within the batch to the first of them."""
    leaders: dict[Key, Draft] = {}
    for draft in _named(batch):
        key = _key(draft)
        if key in stored:
            kept = stored[key]
            matches = kept.body == draft.entry.message.body
            draft.outcome = replace(kept.accepted, body_matches=matches)
        else:
            draft.leader = leaders.get(key)
            leaders.setdefault(key, draft)


def repeat(draft: Draft, first: Accepted | HubError) -> Accepted | HubError:
    """Return what a repeat within the batch is told: the same ids as the first."""
    if isinstance(first, HubError) or draft.leader is None:
        return first
    same = draft.entry.message.body == draft.leader.entry.message.body
    return replace(first, duplicate=True, body_matches=same)


def _named(batch: Batch) -> list[Draft]:
    return [draft for draft in batch.open if draft.entry.message.provider_message_id]


def _key(draft: Draft) -> Key:
    message = draft.entry.message
    return (draft.entry.organization_id, message.source, message.provider_message_id or "")
