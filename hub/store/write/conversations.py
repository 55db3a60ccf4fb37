"""Conversations, locked and written."""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import starmap
from operator import attrgetter
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import defstruct

from hub.store import rows
from hub.store.questions import Question
from hub.store.short import Record
from hub.store.states import ConversationState
from hub.store.tables import conversation

_Customer = defstruct("_Customer", ("organization_id", "customer_id"))
_NAMES = tuple(name for name in ConversationState.__struct_fields__ if name != "fresh")
_FIXED = ("customer_id", "channel")
_LOCKED = rows.Form(conversation, _NAMES, _FIXED)
_UNLOCKED = rows.Form(conversation, _NAMES, _FIXED, unchanged=("status",))


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


def held(customers: Iterable[tuple[UUID, UUID]]) -> Question[list[ConversationState]]:
    """Ask for all conversations of these (organization, customer), and lock them.

    Customer by customer in the order of their ids, each customer's by id: the one order everywhere.
    """
    return Question(_of_customers, list(starmap(_Customer, sorted(customers))), _states)


def write(states: Iterable[ConversationState], *, unlocked: bool) -> rows.Write:
    """Return new conversations and what changed of others, to be written.

    A violation means that another transaction was first: it began one, or, of those that were read
    without a lock, it wrote to one (its message took the next number) or closed one.
    """
    ordered = sorted(states, key=attrgetter("organization_id", "customer_id", "id"))
    return rows.Write(_UNLOCKED if unlocked else _LOCKED, ordered)


def _states(found: Sequence[Record]) -> list[ConversationState]:
    return [ConversationState(*record) for record in found]


@cache
def _of_customers(way: rows.Way) -> sa.Select[Any]:
    c = conversation.c
    wanted = rows.incoming(way, c.organization_id, c.customer_id)
    found = (
        sa.select(*(rows.plain(c[name]) for name in _NAMES))
        .where(c.organization_id == wanted.c.organization_id, c.customer_id == wanted.c.customer_id)
        .order_by(c.id)
    )
    return rows.for_each(way, wanted, found, locks=conversation)
