"""Step 1: whoever was revoked since the request began stores nothing."""

from hub.accept.draft import Batch
from hub.contracts import Caller
from hub.errors import Unauthorized
from hub.store.database import Connection
from hub.store.questions import Question
from hub.store.write import credentials


def asked(batch: Batch) -> Question[set[bytes]]:
    """Ask which keys live."""
    return credentials.live_keys(_callers(batch), batch.now)


def refuse_dead(connection: Connection, batch: Batch, keys: set[bytes]) -> None:
    """Refuse the messages of keys, secrets and connections that no longer live."""
    alive = keys | credentials.live_others(connection, _callers(batch))
    for draft in batch.drafts:
        if draft.entry.caller.credential not in alive:
            draft.outcome = Unauthorized()


def _callers(batch: Batch) -> set[Caller]:
    return {draft.entry.caller for draft in batch.drafts}
