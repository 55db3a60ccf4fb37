"""What became of an outbound message: its status only rises, whatever order the news come in."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from hub.contracts import Outbound, Sent, StatusChange
from hub.store import outbox
from hub.store.database import Connection
from hub.store.read.streams import Mark
from hub.store.states import NewEvent
from hub.store.write import messages
from hub.store.write import statuses as store
from hub.store.write.statuses import Shown

# `failed` and `read` end a message; `unknown` waits for whatever comes.
RANK = {"unknown": 0, "queued": 0, "sent": 1, "delivered": 2, "read": 3, "failed": 4}


def change(
    connection: Connection, organization_id: UUID, change_: StatusChange, now: datetime
) -> bool:
    """Apply a provider's news; return whether they changed anything.

    News of a message we do not know, or that come late, change nothing.
    """
    known = messages.lock_by_provider_id(
        connection, organization_id, change_.source, change_.provider_message_id
    )
    if known is None or not rises(known.status, change_.status):
        return False
    error = None
    if change_.status == "failed":
        error = {"code": change_.error_code, "message": change_.error_text}
    outcome = messages.Outcome(status=change_.status, error=error)
    messages.set_status(connection, organization_id, known.id, outcome, now)
    details = {"status": change_.status}
    event = NewEvent(organization_id, "message.status_updated", known.id, details)
    outbox.append(connection, [event], now)
    return True


def sent(connection: Connection, outbound: Outbound, answer: Sent, now: datetime) -> None:
    """Write what a channel said when it took an outbound message.

    It may have been shown meanwhile, which is more than to be sent.
    """
    organization_id, message_id = outbound.organization_id, outbound.message_id
    known = messages.lock_status(connection, organization_id, message_id)
    if known is None:
        return
    error = None
    if answer.error_code:
        error = {"code": answer.error_code, "message": answer.error_text}
    status = known if rises(answer.status, known) else answer.status
    outcome = messages.Outcome(
        status=status, error=error, provider_message_id=answer.provider_message_id
    )
    messages.set_status(connection, organization_id, message_id, outcome, now)
    if status != known:
        told = NewEvent(organization_id, "message.status_updated", message_id, {"status": status})
        outbox.append(connection, [told], now)


def delivered(connection: Connection, named: Iterable[Shown], now: datetime) -> Sequence[Shown]:
    """Note that visitors were sent these messages; return those that were not known to be."""
    return _raise(connection, store.lock(connection, named, _below("delivered")), "delivered", now)


def read(connection: Connection, mark: Mark, now: datetime) -> Sequence[Shown]:
    """Note that a visitor has read up to here; return the messages that this changed."""
    shown = store.lock_up_to(connection, mark, _below("read"))
    return _raise(connection, shown, "read", now)


def _below(status: str) -> tuple[str, ...]:
    return tuple(lower for lower in RANK if rises(lower, status))


def _raise(
    connection: Connection, shown: Sequence[Shown], status: str, now: datetime
) -> Sequence[Shown]:
    store.write(connection, shown, status, now)
    news = [
        NewEvent(one.organization_id, "message.status_updated", one.id, {"status": status})
        for one in shown
    ]
    outbox.append(connection, news, now)
    return shown


def rises(old: str, new: str) -> bool:
    """Tell whether a status may follow another."""
    return RANK.get(new, -1) > RANK.get(old, -1)
