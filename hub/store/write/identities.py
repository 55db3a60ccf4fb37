"""Identities: what finds a customer."""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import starmap
from operator import itemgetter
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import defstruct

from hub.store import rows
from hub.store.questions import Question
from hub.store.short import Record
from hub.store.states import CustomerState, IdentityClaim
from hub.store.tables import customer, customer_identity

Claim = tuple[UUID, str, str, str]
"""Organization, kind, match key, scope: what is unique."""
Owned = tuple[Claim, CustomerState]

_Wanted = defstruct("_Wanted", ("organization_id", "kind", "match_key"))
_FORM = rows.Form(customer_identity, IdentityClaim.__struct_fields__)


def owned(wanted: Iterable[tuple[UUID, str, str]]) -> Question[list[Owned]]:
    """Ask for identities by (organization, kind, match key), in any scope: oldest first."""
    return Question(_owned, list(starmap(_Wanted, wanted)), _in_order)


def _in_order(found: Sequence[Record]) -> list[Owned]:
    owners = []
    for _, kind, match_key, scope, *owner in sorted(found, key=itemgetter(0)):
        state = CustomerState(*owner)
        owners.append(((state.organization_id, kind, match_key, scope), state))
    return owners


def insert(claimed: Sequence[IdentityClaim]) -> rows.Write:
    """Return identities to be written; a unique violation: another transaction was first."""
    return rows.Write(_FORM, claimed)


@cache
def _owned(way: rows.Way) -> sa.Select[Any]:
    i, c = customer_identity.c, customer.c
    wanted = rows.incoming(way, i.organization_id, i.kind, i.match_key)
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
    return rows.for_each(way, wanted, found)
