"""Messages, read."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from hub.store.read import customers
from hub.store.read.paging import Chunk, Paging, Rows, newest, since
from hub.store.read.records import MessageRecord
from hub.store.tables import message

_COLUMNS = [message.c[name] for name in MessageRecord.__struct_fields__ if name != "customer"]


class MessageFilter(Struct, frozen=True, kw_only=True):
    """Which messages are wanted; every condition has to hold."""

    direction: str | None = None
    channel: str | None = None
    customer_id: UUID | None = None
    conversation_id: UUID | None = None
    since: datetime | None = None


def listed(
    connection: sa.Connection, organization_id: UUID, wanted: MessageFilter, paging: Paging
) -> Chunk[MessageRecord]:
    """Return a page of the organization's messages, newest first."""
    statement = _messages(organization_id)
    for name in ("direction", "channel", "customer_id", "conversation_id"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(message.c[name] == value)
    if wanted.since is not None:
        statement = statement.where(since(message, wanted.since))
    rows, last_id = newest(connection, statement, message.c.id, paging)
    return Chunk(_records(connection, organization_id, rows), last_id)


def one(connection: sa.Connection, organization_id: UUID, message_id: UUID) -> MessageRecord | None:
    """Return a message; None when the organization has none with this id."""
    return some(connection, organization_id, [message_id]).get(message_id)


def some(
    connection: sa.Connection, organization_id: UUID, message_ids: Iterable[UUID]
) -> dict[UUID, MessageRecord]:
    """Return the messages with these ids, in one statement, and their customers in another."""
    wanted = set(message_ids)
    if not wanted:
        return {}
    found = (
        connection.execute(_messages(organization_id).where(message.c.id.in_(wanted)))
        .mappings()
        .all()
    )
    return {record.id: record for record in _records(connection, organization_id, found)}


def _messages(organization_id: UUID) -> sa.Select[Any]:
    return sa.select(*_COLUMNS).where(message.c.organization_id == organization_id)


def _records(connection: sa.Connection, organization_id: UUID, rows: Rows) -> list[MessageRecord]:
    known = customers.some(connection, organization_id, (row["customer_id"] for row in rows))
    # A customer may be erased between the two statements: what it wrote is gone then, too.
    return [
        MessageRecord(**row, customer=known[row["customer_id"]])
        for row in rows
        if row["customer_id"] in known
    ]
