"""Conversations, locked and written."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from hub.store import rows
from hub.store.states import ConversationState
from hub.store.tables import conversation, milliseconds


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
    """Return and lock all conversations of these (organization, customer), ordered by id."""
    wanted = [{"organization_id": org, "customer_id": customer} for org, customer in customers]
    if not wanted:
        return []
    return [
        ConversationState(
            id=row.id,
            organization_id=row.organization_id,
            customer_id=row.customer_id,
            channel=row.channel,
            status=row.status,
            last_seq=row.last_seq,
            last_message_at=row.last_message_at,
            last_inbound_at=row.last_inbound_at,
            last_session_id=row.last_session_id,
        )
        for row in rows.run(connection, _of_customers, wanted)
    ]


def insert(connection: sa.Connection, states: Sequence[ConversationState], now: datetime) -> None:
    """Write new conversations; a unique violation means another transaction began one first."""
    at = milliseconds(now)
    new = [
        _row(state)
        | {"customer_id": state.customer_id, "channel": state.channel, "created_at": at}
        | {"updated_at": at}
        for state in states
    ]
    rows.insert(connection, conversation, new)


def update(connection: sa.Connection, states: Sequence[ConversationState], now: datetime) -> None:
    """Write what the batch changed."""
    at = milliseconds(now)
    rows.update(connection, conversation, [_row(state) | {"updated_at": at} for state in states])


def _row(state: ConversationState) -> dict[str, Any]:
    return {
        "organization_id": state.organization_id,
        "id": state.id,
        "status": state.status,
        "last_seq": state.last_seq,
        "last_message_at": _instant(state.last_message_at),
        "last_inbound_at": _instant(state.last_inbound_at),
        "last_session_id": state.last_session_id,
    }


def _instant(moment: datetime | None) -> int | None:
    return None if moment is None else milliseconds(moment)


@cache
def _of_customers(dialect: str) -> sa.Select[tuple[object, ...]]:
    c = conversation.c
    wanted = rows.incoming(dialect, c.organization_id, c.customer_id)
    same = sa.and_(
        c.organization_id == wanted.c.organization_id, c.customer_id == wanted.c.customer_id
    )
    columns = (
        c.id,
        c.organization_id,
        c.customer_id,
        c.channel,
        c.status,
        c.last_seq,
        c.last_message_at,
        c.last_inbound_at,
        c.last_session_id,
    )
    locked = sa.select(*columns).join(wanted, same).order_by(c.id)
    return locked.with_for_update(of=conversation)
