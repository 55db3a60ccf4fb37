"""Identities: what finds a customer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from hub.contracts import Identity
from hub.store import rows
from hub.store.states import CustomerState
from hub.store.tables import customer, customer_identity

Row = Mapping[str, Any]
Claim = tuple[UUID, str, str, str]


def find(
    connection: sa.Connection, wanted: Iterable[tuple[UUID, str, str]]
) -> Iterator[tuple[Claim, CustomerState]]:
    """Yield identities by (organization, kind, match key), in any scope, oldest first."""
    names = ("organization_id", "kind", "match_key")
    keys = [dict(zip(names, key, strict=True)) for key in wanted]
    if not keys:
        return
    for row in rows.run(connection, _owned, keys):
        state = CustomerState(
            id=row.id,
            organization_id=row.organization_id,
            display_name=row.display_name,
            phone_e164=row.phone_e164,
            email=row.email,
            external_user_id=row.external_user_id,
        )
        yield (row.organization_id, row.kind, row.match_key, row.scope), state


def row(claim: Claim, identity: Identity, owner: CustomerState, by: str, now: int) -> Row:
    """Return the row of a claimed identity."""
    organization_id, kind, match_key, scope = claim
    return {
        "organization_id": organization_id,
        "kind": kind,
        "match_key": match_key,
        "scope": scope,
        "value": identity.value,
        "customer_id": owner.id,
        "verified_by": by,
        "created_at": now,
    }


def insert(connection: sa.Connection, claimed: Sequence[Row]) -> None:
    """Write identities; a unique violation means another transaction claimed one first."""
    rows.insert(connection, customer_identity, claimed)


@cache
def _owned(dialect: str) -> sa.Select[tuple[object, ...]]:
    i, c = customer_identity.c, customer.c
    wanted = rows.incoming(dialect, i.organization_id, i.kind, i.match_key)
    same = sa.and_(
        i.organization_id == wanted.c.organization_id,
        i.kind == wanted.c.kind,
        i.match_key == wanted.c.match_key,
    )
    owner = sa.and_(c.organization_id == i.organization_id, c.id == i.customer_id)
    return (
        sa.select(
            i.organization_id,
            i.kind,
            i.match_key,
            i.scope,
            c.id,
            c.display_name,
            c.phone_e164,
            c.email,
            c.external_user_id,
        )
        .select_from(wanted)
        .join(customer_identity, same)
        .join(customer, owner)
        .order_by(i.created_at)
    )
