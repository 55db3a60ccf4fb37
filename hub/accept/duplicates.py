"""Step 2: once means once. A message that is here already is answered, not stored."""

from msgspec.structs import replace

from hub.accept.draft import Batch, Draft
from hub.contracts import Accepted
from hub.errors import HubError
from hub.store.database import Connection
from hub.store.write import messages

Key = messages.Key


def answer(connection: Connection, batch: Batch) -> None:
    """Answer repeats of stored messages, and tie repeats within the batch to the first of them."""
    named = [draft for draft in batch.open if draft.entry.message.provider_message_id]
    if not named:
        return
    stored = messages.find_repeated(connection, [_key(draft) for draft in named])
    leaders: dict[Key, Draft] = {}
    for draft in named:
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


def _key(draft: Draft) -> Key:
    message = draft.entry.message
    return (draft.entry.organization_id, message.source, message.provider_message_id or "")
