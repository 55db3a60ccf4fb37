"""Identities: what finds a customer."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from uuid import UUID

import sqlalchemy as sa

from hub.store import rows
from hub.store.states import CustomerState, IdentityClaim
from hub.store.tables import customer, customer_identity

Claim = tuple[UUID, str, str, str]

_FORM = rows.Form(customer_identity, IdentityClaim.__struct_fields__)


def find(
    connection: sa.Connection, wanted: Iterable[tuple[UUID, str, str]]
) -> Iterator[tuple[Claim, CustomerState]]:
    """Yield identities by (organization, kind, match key), in any scope, oldest first."""
    names = ("organization_id", "kind", "match_key")
    keys = [dict(zip(names, key, strict=True)) for key in wanted]
    if not keys:
        return
    for row in rows.read(connection, _owned, keys):
        _, kind, match_key, scope, *owner = row
        state = CustomerState(*owner)
        yield (state.organization_id, kind, match_key, scope), state


def insert(claimed: Sequence[IdentityClaim]) -> rows.Write:
    """Return identities to be written; a unique violation: another transaction was first."""
    return rows.Write(_FORM, claimed)


@cache
def _owned(dialect: str) -> sa.Select[tuple[object, ...]]:
    i, c = customer_identity.c, customer.c
    wanted = rows.incoming(dialect, i.organization_id, i.kind, i.match_key)
    owner = sa.and_(c.organization_id == i.organization_id, c.id == i.customer_id)
    found = (
        sa.select(
            rows.plain(i.created_at),
            i.kind,
            i.match_key,
            i.scope,
            c.id,
            c.organization_id,
            c.display_name,
            c.phone_e164,
            c.email,
            c.external_user_id,
        )
        .select_from(customer_identity.join(customer, owner))
        .where(
            i.organization_id == wanted.c.organization_id,
            i.kind == wanted.c.kind,
            i.match_key == wanted.c.match_key,
        )
    )
    return rows.for_each(dialect, wanted, found).order_by(sa.literal_column("1"))
