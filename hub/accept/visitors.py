"""Step 3: the first sight of a browser keeps its secret; from then on the secret must match."""

from hub.accept.draft import Batch, Draft
from hub.auth.visitors import wrong_secret
from hub.store.database import Connection
from hub.store.write import visitors as store


def admit(connection: Connection, batch: Batch) -> None:
    """Write visitors seen for the first time and their secrets; refuse a wrong secret."""
    drafts = [draft for draft in batch.open if draft.entry.caller.kind == "widget"]
    if not drafts:
        return
    wanted = {(d.entry.caller.organization_id, d.entry.caller.scope, _visitor(d)) for d in drafts}
    known = store.find(connection, wanted)
    fresh: dict[tuple[object, ...], store.Row] = {}
    proved: dict[tuple[object, ...], store.Row] = {}
    for draft in drafts:
        caller, digest = draft.entry.caller, draft.entry.arrival.secret_digest
        key = (caller.organization_id, caller.scope, _visitor(draft))
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
    store.prove(connection, [proved[key] for key in sorted(proved, key=str)])


def _visitor(draft: Draft) -> str:
    return draft.entry.message.person.visitor_id or ""


def _row(key: tuple[object, ...], secret: str | None, now: int) -> store.Row:
    organization_id, key_id, visitor_id = key
    return {
        "organization_id": organization_id,
        "key_id": key_id,
        "visitor_id": visitor_id,
        "secret_digest": secret,
        "secret_since": now if secret else None,
    }
