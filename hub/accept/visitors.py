"""Step 3: the first sight of a browser keeps its secret; from then on the secret must match."""

from hub.accept.draft import Batch, Draft
from hub.auth.visitors import wrong_secret
from hub.store.database import Connection
from hub.store.questions import Question
from hub.store.write import visitors as store
from hub.store.write.visitors import Key, Row


def asked(batch: Batch) -> Question[dict[Key, str | None]]:
    """Ask which of the widget's visitors are known, and by what secret."""
    return store.known({_key(draft) for draft in _visited(batch)})


def admit(connection: Connection, batch: Batch, known: dict[Key, str | None]) -> None:
    """Write visitors seen for the first time and their secrets; refuse a wrong secret."""
    fresh: dict[Key, Row] = {}
    proved: dict[Key, Row] = {}
    for draft in _visited(batch):
        key, digest = _key(draft), draft.entry.arrival.secret_digest
        secret = digest.hex() if digest else None
        if key not in known:
            known[key] = secret
            fresh[key] = _row(key, secret, batch.at)
        elif secret and known[key] is None:
            known[key] = secret
            target = fresh if key in fresh else proved
            target[key] = _row(key, secret, batch.at)
        elif secret and known[key] != secret:
            draft.outcome = wrong_secret()
    batch.writes.append(store.insert([fresh[key] for key in sorted(fresh, key=str)]))
    if proved:
        batch.need_transaction()
        store.prove(connection, [proved[key] for key in sorted(proved, key=str)])


def _visited(batch: Batch) -> list[Draft]:
    return [draft for draft in batch.open if draft.entry.caller.kind == "widget"]


def _key(draft: Draft) -> Key:
    caller = draft.entry.caller
    return (caller.organization_id, caller.scope, draft.entry.message.person.visitor_id or "")


def _row(key: Key, secret: str | None, now: int) -> Row:
    organization_id, key_id, visitor_id = key
    return {
        "organization_id": organization_id,
        "key_id": key_id,
        "visitor_id": visitor_id,
        "secret_digest": secret,
        "secret_since": now if secret else None,
    }
