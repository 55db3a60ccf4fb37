"""Customers, written."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from hub.store import rows
from hub.store.states import CustomerState
from hub.store.tables import customer, milliseconds


def find(
    connection: sa.Connection, organization_id: UUID, customer_id: UUID
) -> CustomerState | None:
    """Return a customer of the organization."""
    c = customer.c
    columns = (c.id, c.organization_id, c.display_name, c.phone_e164, c.email, c.external_user_id)
    statement = sa.select(*columns).where(c.organization_id == organization_id, c.id == customer_id)
    row = connection.execute(statement).first()
    return CustomerState(**row._asdict()) if row else None


def insert(connection: sa.Connection, states: Sequence[CustomerState], now: datetime) -> None:
    """Write new customers."""
    at = milliseconds(now)
    new = [_row(state) | {"attributes": {}, "created_at": at, "updated_at": at} for state in states]
    rows.insert(connection, customer, new)


def update(connection: sa.Connection, states: Sequence[CustomerState], now: datetime) -> None:
    """Write what changed about known customers."""
    at = milliseconds(now)
    rows.update(connection, customer, [_row(state) | {"updated_at": at} for state in states])


def _row(state: CustomerState) -> dict[str, Any]:
    return {
        "organization_id": state.organization_id,
        "id": state.id,
        "display_name": state.display_name,
        "phone_e164": state.phone_e164,
        "email": state.email,
        "external_user_id": state.external_user_id,
    }
