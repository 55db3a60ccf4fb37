"""Customers, written."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from hub.store import rows
from hub.store.states import CustomerState
from hub.store.tables import customer

_NAMES = tuple(n for n in CustomerState.__struct_fields__ if n not in {"fresh", "changed"})
_FORM = rows.Form(customer, _NAMES, fixed=("attributes",), merges=_NAMES)


def find(
    connection: sa.Connection, organization_id: UUID, customer_id: UUID
) -> CustomerState | None:
    """Return a customer of the organization."""
    c = customer.c
    columns = (c.id, c.organization_id, c.display_name, c.phone_e164, c.email, c.external_user_id)
    statement = sa.select(*columns).where(c.organization_id == organization_id, c.id == customer_id)
    row = connection.execute(statement).first()
    return CustomerState(**row._asdict()) if row else None


def write(states: Sequence[CustomerState]) -> rows.Write:
    """Return new customers and what changed of others, to be written.

    Of a known customer no more is written than what was learned: customers are read without a
    lock, and another transaction may be learning something else of the same one.
    """
    return rows.Write(_FORM, [state if state.fresh else _learned(state) for state in states])


def _learned(state: CustomerState) -> CustomerState:
    told = {name: getattr(state, name) for name in state.changed}
    return CustomerState(state.id, state.organization_id, **told)
