"""The heart: one transaction that stores a batch of messages, as a list of named steps.

Each step works on the whole batch with one or two set-based statements. Rows that several
transactions touch are locked in one order everywhere: conversations, then sessions, each by id.
A unique index decides who was first; the loser's whole batch is run again (`hub.accept.batch`)
and then finds what the winner wrote.
"""

from collections.abc import Sequence
from datetime import datetime

from hub.accept import callers, conversations, customers, duplicates, record, sessions, visitors
from hub.accept.draft import Batch, Draft, Entry, Traits
from hub.contracts import Accepted
from hub.errors import HubError
from hub.store.database import Connection


def accept(
    connection: Connection, entries: Sequence[Entry], now: datetime, traits: Traits
) -> list[Accepted | HubError]:
    """Store the entries; answer for each, in order, where it is kept or why it is not."""
    batch = Batch([Draft(entry) for entry in entries], now, traits)
    callers.refuse_dead(connection, batch)
    duplicates.answer(connection, batch)
    visitors.admit(connection, batch)
    customers.resolve(connection, batch)
    conversations.join(connection, batch)
    sessions.touch(connection, batch)
    customers.write(batch)
    conversations.write(batch)
    sessions.write(connection, batch)
    record.messages(batch)
    record.widget_events(batch)
    record.events(batch)
    record.write(connection, batch)
    return [_outcome(batch, draft) for draft in batch.drafts]


def _outcome(batch: Batch, draft: Draft) -> Accepted | HubError:
    if draft.leader is not None:
        return duplicates.repeat(draft, _outcome(batch, draft.leader))
    if draft.outcome is None:
        return record.accepted(batch, draft)
    return draft.outcome
