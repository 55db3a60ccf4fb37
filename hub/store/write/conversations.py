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
from hub.store.tables import conversation, customer_identity

_Customer = defstruct("_Customer", ("organization_id", "customer_id"))
_Claim = defstruct("_Claim", ("organization_id", "kind", "match_key"))
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


def of_owners(claims: Iterable[tuple[UUID, str, str]]) -> Question[list[ConversationState]]:
    """Ask for all conversations of whoever owns these (organization, kind, match key)."""
    return Question(_of_owners, list(starmap(_Claim, claims)), _states)


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


@cache
def _of_owners(way: rows.Way) -> sa.Select[Any]:
    c, i = conversation.c, customer_identity.c
    wanted = rows.incoming(way, i.organization_id, i.kind, i.match_key)
    theirs = sa.and_(c.organization_id == i.organization_id, c.customer_id == i.customer_id)
    found = (
        sa.select(*(rows.plain(c[name]) for name in _NAMES))
        .select_from(customer_identity.join(conversation, theirs))
        .where(
            i.organization_id == wanted.c.organization_id,
            i.kind == wanted.c.kind,
            i.match_key == wanted.c.match_key,
        )
    )
    return rows.for_each(way, wanted, found)
