"""What is done to subscriptions within a transaction."""

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from hub import ids
from hub.contracts import Caller, Direction
from hub.deliveries import outcomes
from hub.errors import Conflict, NotFound, Unauthorized
from hub.services.forms import now
from hub.store import subscriptions as store
from hub.store.database import Connection
from hub.store.subscriptions import Subscription
from hub.store.write import credentials

MOST = 100
"""Of one key."""
OVERLAP = timedelta(hours=24)


class Wanted(Struct, frozen=True, kw_only=True):
    """What somebody wants to be told, and how."""

    url: str
    events: Sequence[str]
    direction: Direction | None = None
    channel: str | None = None
    adapter: str = "api"
    description: str = ""


def new(caller: Caller, wanted: Wanted, sealed: str) -> Subscription:
    """Return a subscription of the caller's key."""
    assert caller.key_id is not None
    at = now()
    return Subscription(
        id=ids.new(),
        organization_id=caller.organization_id,
        key_id=caller.key_id,
        url=wanted.url,
        events=list(wanted.events),
        direction=wanted.direction,
        channel=wanted.channel,
        adapter=wanted.adapter,
        description=wanted.description,
        likeness=likeness(wanted.url, wanted.events),
        secret=sealed,
        created_at=at,
        updated_at=at,
    )


def likeness(url: str, events: Sequence[str]) -> str:
    """Return what two subscriptions of a key have in common that are the same."""
    return sha256("\n".join([url, *sorted(set(events))]).encode()).hexdigest()


def make(connection: Connection, caller: Caller, new: Subscription) -> tuple[Subscription, bool]:
    """Keep it, or renew the one that is the same; say whether it is new."""
    at = new.created_at
    if caller.credential not in credentials.alive(connection, [caller], at):
        raise Unauthorized
    whose, key_id = new.organization_id, new.key_id
    known = store.alike(connection, whose, key_id, new.likeness, at)
    if known is not None:
        told = {name: getattr(new, name) for name in ("direction", "channel", "adapter")}
        store.change(connection, known, **told, description=new.description)
        switch(connection, known, "active")
        return renewed(connection, there(connection, whose, known.id), new.secret), False
    if store.count(connection, whose, key_id) >= MOST:
        raise Conflict(f"A key has at most {MOST} hooks: remove some, or use another key")
    store.add(connection, new)
    return new, True


def renewed(connection: Connection, known: Subscription, sealed: str) -> Subscription:
    """Give it a new secret; the one before also signs for 24 h."""
    at = now()
    values = {
        "secret": sealed,
        "previous_secret": known.secret,
        "previous_expires_at": at + OVERLAP,
        "updated_at": at,
    }
    store.change(connection, known, **values)
    return replace(known, **values)


def switch(connection: Connection, known: Subscription, state: str | None) -> None:
    """Switch it on or off; None leaves it."""
    if state == "active" and known.state != state:
        store.change(connection, known, state=state, disabled_reason=None, failing_since=None)
    elif state == "disabled" and known.state != state:
        outcomes.disable(connection, known, "by_hand", now())


def there(connection: Connection, organization_id: UUID, subscription_id: UUID) -> Subscription:
    """Return the organization's, locked; `NotFound` when there is none."""
    found = store.one(connection, organization_id, subscription_id, now())
    if found is None:
        raise NotFound
    return found


def active(connection: Connection, organization_id: UUID, subscription_id: UUID) -> Subscription:
    """Return the same; `Conflict` when it is told nothing."""
    found = there(connection, organization_id, subscription_id)
    if found.status != "active":
        raise Conflict(f"The hook is {found.status}: switch it on first")
    return found
