"""What a business changes itself: the status of a conversation, the attributes of a customer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from hub.contracts import KIB
from hub.errors import BadRequest
from hub.store.tables import conversation, customer

ATTRIBUTES_BYTES = 64 * KIB


def lock_status(
    connection: sa.Connection, organization_id: UUID, conversation_id: UUID
) -> str | None:
    """Return a conversation's status and lock its row; None when there is no such conversation."""
    c = conversation.c
    statement = (
        sa.select(c.status)
        .where(c.organization_id == organization_id, c.id == conversation_id)
        .with_for_update()
    )
    status: str | None = connection.execute(statement).scalar()
    return status


def set_status(
    connection: sa.Connection,
    organization_id: UUID,
    conversation_id: UUID,
    status: str,
    now: datetime,
) -> None:
    """Write a conversation's status."""
    c = conversation.c
    connection.execute(
        sa.update(conversation)
        .where(c.organization_id == organization_id, c.id == conversation_id)
        .values(status=status, updated_at=now)
    )


def add_attributes(
    connection: sa.Connection,
    organization_id: UUID,
    customer_id: UUID,
    told: Mapping[str, Any],
    now: datetime,
) -> bool:
    """Add attributes to a customer's, over those of the same name; return whether any changed.

    Raises `BadRequest` when they would be too much together.
    """
    c = customer.c
    mine = sa.and_(c.organization_id == organization_id, c.id == customer_id)
    known = connection.execute(sa.select(c.attributes).where(mine).with_for_update()).scalar_one()
    added = {**known, **told}
    if added == known:
        return False
    if len(msgspec.json.encode(added)) > ATTRIBUTES_BYTES:
        sentence = f"All attributes of a customer may have {ATTRIBUTES_BYTES:,} bytes together"
        raise BadRequest(fields={"attributes": [sentence]})
    connection.execute(sa.update(customer).where(mine).values(attributes=added, updated_at=now))
    return True
