"""The last steps: the messages, the widget's event log and the outbox, each in one statement."""

from datetime import datetime
from typing import Any

import msgspec

from hub import ids
from hub.accept.draft import Batch, Draft
from hub.contracts import Accepted, MessageStatus
from hub.store import outbox, rows
from hub.store.database import Connection
from hub.store.states import NewEvent
from hub.store.tables import message, milliseconds, widget_event

_UNREACHABLE = {
    "code": "never_wrote",
    "message": "The customer never wrote on this channel and cannot be reached there",
}


def messages(connection: Connection, batch: Batch) -> None:
    """Insert the messages; the unique index on (source, provider id) has the last word."""
    now = milliseconds(batch.now)
    rows.insert(connection, message, [_message(batch, draft, now) for draft in batch.open])
    batch.events += [
        NewEvent(
            draft.entry.organization_id,
            "message.created",
            draft.message_id,
            {
                "direction": draft.entry.message.direction,
                "channel": _channel(draft),
                "status": _status(batch, draft),
            },
        )
        for draft in batch.open
    ]


def widget_events(connection: Connection, batch: Batch) -> None:
    """Append one entry to the event log of each session that was written to."""
    now = milliseconds(batch.now)
    logged = [_widget_event(draft, now) for draft in batch.open if draft.session]
    rows.insert(connection, widget_event, logged)


def events(connection: Connection, batch: Batch) -> None:
    """Leave the batch's events in the outbox."""
    outbox.append(connection, batch.events, batch.now)


def accepted(batch: Batch, draft: Draft) -> Accepted:
    """Return where a stored message is kept."""
    assert draft.customer is not None
    assert draft.conversation is not None
    return Accepted(
        message_id=draft.message_id,
        customer_id=draft.customer.id,
        conversation_id=draft.conversation.id,
        session_id=draft.session.id if draft.session else None,
        visitor_id=draft.session.visitor_id if draft.session else None,
        status=_status(batch, draft),
    )


def _status(batch: Batch, draft: Draft) -> MessageStatus:
    if draft.entry.message.direction == "inbound":
        return "received"
    if batch.unreachable(draft):
        return "failed"
    return "queued" if _channel(draft) in batch.traits.sending else "sent"


def _channel(draft: Draft) -> str:
    assert draft.conversation is not None
    return draft.conversation.channel


def _message(batch: Batch, draft: Draft, now: int) -> dict[str, Any]:
    sent, entry = draft.entry.message, draft.entry
    place = accepted(batch, draft)
    return {
        "organization_id": entry.organization_id,
        "id": draft.message_id,
        "conversation_id": place.conversation_id,
        "customer_id": place.customer_id,
        "session_id": place.session_id,
        "key_id": entry.caller.key_id,
        "channel": _channel(draft),
        "source": sent.source,
        "provider_message_id": sent.provider_message_id,
        "direction": sent.direction,
        "type": sent.type,
        "body": sent.body,
        "status": place.status,
        "error": _UNREACHABLE if place.status == "failed" else None,
        "seq": draft.seq,
        "reply_to_id": sent.reply_to_id,
        "author": "customer" if sent.direction == "inbound" else "api",
        "attachments": msgspec.to_builtins(sent.attachments) if sent.attachments else None,
        "template": msgspec.to_builtins(sent.template) if sent.template else None,
        "occurred_at": _instant(sent.occurred_at, now),
        "created_at": now,
        "updated_at": now,
    }


def _widget_event(draft: Draft, now: int) -> dict[str, Any]:
    assert draft.session is not None
    visit = draft.entry.message.visit
    return {
        "organization_id": draft.entry.organization_id,
        "id": ids.new(),
        "session_id": draft.session.id,
        "key_id": draft.entry.caller.key_id,
        "kind": "message" if draft.entry.message.direction == "inbound" else "reply",
        "path": visit.path if visit else None,
        "created_at": now,
    }


def _instant(moment: datetime | None, otherwise: int) -> int:
    return otherwise if moment is None else milliseconds(moment)
