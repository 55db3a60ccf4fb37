"""The last steps: the messages, the widget's event log, the outbox; and all of it is written."""

from uuid import UUID

from hub.accept.draft import Batch, Draft
from hub.contracts import Accepted, MessageStatus
from hub.store import outbox, rows, subscriptions
from hub.store.database import Connection
from hub.store.questions import Question
from hub.store.states import WAITING, NewEvent, NewMessage, NewWidgetEvent, SessionState
from hub.store.write import messages as store

_HELD = ("conversation", "visitor_session", "customer")
_UNREACHABLE = {
    "code": "never_wrote",
    "message": "The customer never wrote on this channel and cannot be reached there",
}


def asked(batch: Batch) -> Question[set[UUID]]:
    """Ask whose events somebody waits for."""
    return subscriptions.heard(draft.entry.organization_id for draft in batch.drafts)


def messages(batch: Batch) -> None:
    """Insert the messages; the unique index on (source, provider id) has the last word."""
    new = [_message(batch, draft) for draft in batch.open]
    batch.writes.append(store.insert(new))
    batch.events += [_created(batch, message) for message in new]


def widget_events(batch: Batch) -> None:
    """Append one entry to the event log of each session that was written to."""
    batch.writes.append(store.log([_logged(d, d.session) for d in batch.open if d.session]))


def events(batch: Batch) -> None:
    """Leave the batch's events in the outbox."""
    batch.writes.append(outbox.written(outbox.awaited(batch.events, batch.heard)))


def write(connection: Connection, batch: Batch) -> None:
    """Write what the steps have left to be written."""
    rows.write(connection, sorted(batch.writes, key=_place), batch.now)
    batch.writes.clear()


def _place(write: rows.Write) -> int:
    """Return when a table's turn is: rows that others may hold come first, everywhere alike."""
    name = write.form.table.name
    return _HELD.index(name) if name in _HELD else len(_HELD)


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


def _message(batch: Batch, draft: Draft) -> NewMessage:
    sent, entry, conversation = draft.entry.message, draft.entry, draft.conversation
    assert draft.customer is not None
    assert conversation is not None
    status = _status(batch, draft)
    return NewMessage(
        organization_id=entry.organization_id,
        id=draft.message_id,
        conversation_id=conversation.id,
        customer_id=draft.customer.id,
        session_id=draft.session.id if draft.session else None,
        key_id=entry.caller.key_id,
        channel=conversation.channel,
        source=sent.source,
        provider_message_id=sent.provider_message_id,
        direction=sent.direction,
        type=sent.type,
        body=sent.body,
        status=status,
        error=_UNREACHABLE if status == "failed" else None,
        seq=draft.seq,
        reply_to_id=sent.reply_to_id,
        author="customer" if sent.direction == "inbound" else "api",
        attachments=sent.attachments or None,
        template=sent.template,
        occurred_at=batch.occurred(draft),
    )


def _created(batch: Batch, message: NewMessage) -> NewEvent:
    """Return the news of a message, told in detail when somebody waits for it.

    It has the message's own number: there is one of its kind.
    """
    created, whose, number = "message.created", message.organization_id, message.id
    if not batch.traits.told and message.status != "queued" and whose not in batch.heard:
        return NewEvent(whose, created, number, id=number)
    told = {"direction": message.direction, "channel": message.channel, "status": message.status}
    return NewEvent(whose, created, number, told, WAITING, id=number)


def _logged(draft: Draft, session: SessionState) -> NewWidgetEvent:
    message, caller = draft.entry.message, draft.entry.caller
    kind = "message" if message.direction == "inbound" else "reply"
    path = message.visit.path if message.visit else None
    return NewWidgetEvent(
        draft.message_id, caller.organization_id, session.id, kind, caller.key_id, path
    )
