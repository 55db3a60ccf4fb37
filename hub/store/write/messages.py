"""Messages that are stored already."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import starmap
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from msgspec import Struct, defstruct

from hub.contracts import Accepted, Outbound
from hub.store import rows
from hub.store.questions import Question
from hub.store.short import Record
from hub.store.states import NewMessage, NewWidgetEvent
from hub.store.tables import message, visitor_session, widget_event

Key = tuple[UUID, str, str]

_Named = defstruct("_Named", ("organization_id", "source", "provider_message_id"))
_MESSAGE = rows.Form(message, NewMessage.__struct_fields__)
_LOGGED = rows.Form(widget_event, NewWidgetEvent.__struct_fields__)


class Repeated(Struct, frozen=True):
    """A stored message that was sent again."""

    accepted: Accepted
    body: str


def repeated(keys: Iterable[Key]) -> Question[dict[Key, Repeated]]:
    """Ask for the stored messages with these (organization, source, provider message id)."""
    return Question(_repeated, list(starmap(_Named, keys)), _by_key)


def _by_key(records: Sequence[Record]) -> dict[Key, Repeated]:
    found = {}
    for record in records:
        *key, message_id, customer_id, conversation_id, session_id, status, body, visitor_id = (
            record
        )
        place = Accepted(
            message_id=message_id,
            customer_id=customer_id,
            conversation_id=conversation_id,
            session_id=session_id,
            visitor_id=visitor_id,
            status=status,
            duplicate=True,
        )
        found[key[0], key[1], key[2]] = Repeated(place, body)
    return found


def lock_by_provider_id(
    connection: sa.Connection, organization_id: UUID, source: str, provider_message_id: str
) -> sa.Row[Any, Any] | None:
    """Return and lock the id and status of the message that a provider knows by this id."""
    m = message.c
    statement = (
        sa.select(m.id, m.status)
        .where(
            m.organization_id == organization_id,
            m.source == source,
            m.provider_message_id == provider_message_id,
        )
        .with_for_update()
    )
    return connection.execute(statement).first()


def lock_status(connection: sa.Connection, organization_id: UUID, message_id: UUID) -> str | None:
    """Return a message's status and lock its row; None when there is no such message."""
    m = message.c
    named = sa.and_(m.organization_id == organization_id, m.id == message_id)
    found: str | None = connection.execute(
        sa.select(m.status).where(named).with_for_update()
    ).scalar()
    return found


def customer_of(connection: sa.Connection, organization_id: UUID, message_id: UUID) -> UUID | None:
    """Return whose message it is; None when the organization has none with this id."""
    m = message.c
    named = sa.and_(m.organization_id == organization_id, m.id == message_id)
    found: UUID | None = connection.execute(sa.select(m.customer_id).where(named)).scalar()
    return found


def outbound(connection: sa.Connection, organization_id: UUID, message_id: UUID) -> Outbound | None:
    """Return a message that waits to be sent; None when it was sent already."""
    m = message.c
    statement = sa.select(
        m.organization_id,
        m.id.label("message_id"),
        m.conversation_id,
        m.customer_id,
        m.channel,
        m.body,
        m.type,
        m.template,
    ).where(m.organization_id == organization_id, m.id == message_id, m.status == "queued")
    row = connection.execute(statement).first()
    if row is None:
        return None
    # The names of a row are a kind of text that msgspec does not take for text.
    values = {str(name): value for name, value in row._asdict().items()}
    return msgspec.convert(values, Outbound)


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of a message."""

    status: str
    error: Mapping[str, Any] | None = None
    provider_message_id: str | None = None


def set_status(
    connection: sa.Connection,
    organization_id: UUID,
    message_id: UUID,
    outcome: Outcome,
    now: datetime,
) -> None:
    """Write what became of a message."""
    m = message.c
    values: dict[str, Any] = {"status": outcome.status, "status_at": now, "updated_at": now}
    values["error"] = sa.null() if outcome.error is None else outcome.error
    if outcome.provider_message_id is not None:
        values["provider_message_id"] = outcome.provider_message_id
    named = sa.and_(m.organization_id == organization_id, m.id == message_id)
    connection.execute(sa.update(message).where(named).values(**values))


def insert(new: Sequence[NewMessage]) -> rows.Write:
    """Return messages to be written; the index on (source, provider id) has the last word."""
    return rows.Write(_MESSAGE, new)


def log(new: Sequence[NewWidgetEvent]) -> rows.Write:
    """Return what is to be appended to the event logs of sessions."""
    return rows.Write(_LOGGED, new)


@cache
def _repeated(way: rows.Way) -> sa.Select[Any]:
    m, s = message.c, visitor_session.c
    wanted = rows.incoming(way, m.organization_id, m.source, m.provider_message_id)
    session = sa.and_(s.organization_id == m.organization_id, s.id == m.session_id)
    found = (
        sa.select(
            m.organization_id,
            m.source,
            m.provider_message_id,
            m.id,
            m.customer_id,
            m.conversation_id,
            m.session_id,
            m.status,
            m.body,
            s.visitor_id,
        )
        .select_from(message.outerjoin(visitor_session, session))
        .where(
            m.organization_id == wanted.c.organization_id,
            m.source == wanted.c.source,
            m.provider_message_id == wanted.c.provider_message_id,
        )
    )
    return rows.for_each(way, wanted, found)
