"""Conversations, locked and written."""

from collections.abc import Iterable, Sequence
from functools import cache
from uuid import UUID

import sqlalchemy as sa

from hub.store import rows
from hub.store.states import ConversationState
from hub.store.tables import conversation

_NAMES = tuple(name for name in ConversationState.__struct_fields__ if name != "fresh")
_FORM = rows.Form(conversation, _NAMES, fixed=("customer_id", "channel"))


def customer_of(
    connection: sa.Connection, organization_id: UUID, conversation_id: UUID
) -> UUID | None:
    """Return whose conversation it is; None when the organization has none with this id."""
    c = conversation.c
    statement = sa.select(c.customer_id).where(
        c.organization_id == organization_id, c.id == conversation_id
    )
    found: UUID | None = connection.execute(statement).scalar()
    return found


def lock(
    connection: sa.Connection, customers: Iterable[tuple[UUID, UUID]]
) -> list[ConversationState]:
    """Return and lock all conversations of these (organization, customer).

    Customer by customer in the order of their ids, each customer's by id: the one order everywhere.
    """
    names = ("organization_id", "customer_id")
    wanted = [dict(zip(names, key, strict=True)) for key in sorted(customers)]
    if not wanted:
        return []
    return [ConversationState(*row) for row in rows.read(connection, _of_customers, wanted)]


def write(states: Sequence[ConversationState]) -> rows.Write:
    """Return new conversations and what changed of others, to be written.

    A unique violation means that another transaction began one first.
    """
    return rows.Write(_FORM, states)


@cache
def _of_customers(dialect: str) -> sa.Select[tuple[object, ...]]:
    c = conversation.c
    wanted = rows.incoming(dialect, c.organization_id, c.customer_id)
    found = (
        sa.select(*(rows.plain(c[name]) for name in _NAMES))
        .where(c.organization_id == wanted.c.organization_id, c.customer_id == wanted.c.customer_id)
        .order_by(c.id)
        .with_for_update(of=conversation)
    )
    return rows.for_each(dialect, wanted, found)
