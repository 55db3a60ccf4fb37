"""Conversations, read."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from hub.store.read import customers
from hub.store.read.paging import Chunk, Paging, Rows, newest
from hub.store.read.records import ConversationRecord
from hub.store.tables import conversation

_COLUMNS = [
    conversation.c[name] for name in ConversationRecord.__struct_fields__ if name != "customer"
]


class ConversationFilter(Struct, frozen=True, kw_only=True):
    """Which conversations are wanted; every condition has to hold."""

    status: str | None = None
    customer_id: UUID | None = None


def listed(
    connection: sa.Connection, organization_id: UUID, wanted: ConversationFilter, paging: Paging
) -> Chunk[ConversationRecord]:
    """Return a page of the organization's conversations, newest first."""
    statement = _conversations(organization_id)
    if wanted.status is not None:
        statement = statement.where(conversation.c.status == wanted.status)
    if wanted.customer_id is not None:
        statement = statement.where(conversation.c.customer_id == wanted.customer_id)
    rows, last_id = newest(connection, statement, conversation.c.id, paging)
    return Chunk(_records(connection, organization_id, rows), last_id)


def one(
    connection: sa.Connection, organization_id: UUID, conversation_id: UUID
) -> ConversationRecord | None:
    """Return a conversation; None when the organization has none with this id."""
    return some(connection, organization_id, [conversation_id]).get(conversation_id)


def some(
    connection: sa.Connection, organization_id: UUID, conversation_ids: Iterable[UUID]
) -> dict[UUID, ConversationRecord]:
    """Return the conversations with these ids, in one statement, and their customers in another."""
    wanted = set(conversation_ids)
    if not wanted:
        return {}
    statement = _conversations(organization_id).where(conversation.c.id.in_(wanted))
    found = connection.execute(statement).mappings().all()
    return {record.id: record for record in _records(connection, organization_id, found)}


def _conversations(organization_id: UUID) -> sa.Select[Any]:
    return sa.select(*_COLUMNS).where(conversation.c.organization_id == organization_id)


def _records(
    connection: sa.Connection, organization_id: UUID, rows: Rows
) -> list[ConversationRecord]:
    known = customers.some(connection, organization_id, (row["customer_id"] for row in rows))
    # A customer may be erased between the two statements: what it wrote is gone then, too.
    return [
        ConversationRecord(**row, customer=known[row["customer_id"]])
        for row in rows
        if row["customer_id"] in known
    ]
