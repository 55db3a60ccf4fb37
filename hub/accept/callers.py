"""Step 1: whoever was revoked since the request began stores nothing."""

from hub.accept.draft import Batch
from hub.errors import Unauthorized
from hub.store.database import Connection
from hub.store.write import credentials


def refuse_dead(connection: Connection, batch: Batch) -> None:
    """Refuse the messages of keys, secrets and connections that no longer live."""
    callers = {draft.entry.caller for draft in batch.drafts}
    alive = credentials.alive(connection, callers, batch.now)
    for draft in batch.drafts:
        if draft.entry.caller.credential not in alive:
            draft.outcome = Unauthorized()
