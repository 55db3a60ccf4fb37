"""What became of an outbound message: its status only rises, whatever order the news come in."""

from datetime import datetime
from uuid import UUID

from hub.contracts import Outbound, Sent, StatusChange
from hub.store import outbox
from hub.store.database import Connection
from hub.store.states import NewEvent
from hub.store.write import messages

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
    """Write what a channel said when it took an outbound message."""
    error = None
    if answer.error_code:
        error = {"code": answer.error_code, "message": answer.error_text}
    outcome = messages.Outcome(
        status=answer.status, error=error, provider_message_id=answer.provider_message_id
    )
    messages.set_status(connection, outbound.organization_id, outbound.message_id, outcome, now)
    details = {"status": answer.status}
    told = NewEvent(
        outbound.organization_id, "message.status_updated", outbound.message_id, details
    )
    outbox.append(connection, [told], now)


def rises(old: str, new: str) -> bool:
    """Tell whether a status may follow another."""
    return RANK.get(new, -1) > RANK.get(old, -1)
