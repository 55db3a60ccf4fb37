"""The heart: a batch of messages is stored, as a list of named steps.

A look-up, mostly, and one statement that writes, each for the whole batch. A unique index decides
who was first; the loser's whole batch is run again (`hub.accept.batch`) and then finds what the
winner wrote. Rows that several transactions touch are locked in one order everywhere: conversations
by customer, then sessions by visitor; so in a transaction those are asked for when all customers
are known. Without one, the statement that writes locks them, and all that can be foreseen is asked
for at once.
"""

from collections.abc import Sequence
from datetime import datetime

from hub.accept import callers, conversations, customers, duplicates, record, sessions, visitors
from hub.accept.draft import Batch, Draft, Entry, Traits
from hub.contracts import Accepted
from hub.errors import HubError
from hub.store import rows
from hub.store.database import Connection
from hub.store.questions import ask


def accept(
    connection: Connection, entries: Sequence[Entry], now: datetime, traits: Traits
) -> list[Accepted | HubError]:
    """Store the entries; answer for each, in order, where it is kept or why it is not."""
    batch = Batch(
        [Draft(entry) for entry in entries], now, traits, unlocked=rows.is_unlocked(connection)
    )
    keys, stored, known, owned, expected, awaited, batch.heard = ask(
        connection,
        callers.asked(batch),
        duplicates.asked(batch),
        visitors.asked(batch),
        customers.asked(batch),
        conversations.foreseen(batch),
        sessions.foreseen(batch),
        record.asked(batch),
    )
    callers.refuse_dead(connection, batch, keys)
    duplicates.answer(batch, stored)
    visitors.admit(connection, batch, known)
    customers.resolve(connection, batch, owned)
    held, opened = ask(connection, conversations.asked(batch, owned), sessions.asked(batch))
    conversations.join(batch, [*expected, *held])
    sessions.touch(connection, batch, [*awaited, *opened])
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
