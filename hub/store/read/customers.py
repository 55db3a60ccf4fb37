"""Customers, read."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from hub.contracts import Identity
from hub.store.read.paging import Chunk, Paging, newest
from hub.store.read.records import CustomerRecord
from hub.store.tables import conversation, customer, customer_identity, visitor_session

WHATSAPP, WA_ID, WA_USER_ID, VISITOR = "whatsapp", "wa_id", "wa_bsuid", "visitor"


class CustomerFilter(Struct, frozen=True, kw_only=True):
    """Which customers are wanted; every condition has to hold."""

    identities: Sequence[Identity] = ()
    visitor_id: str | None = None
    text: str | None = None


def listed(
    connection: sa.Connection, organization_id: UUID, wanted: CustomerFilter, paging: Paging
) -> Chunk[CustomerRecord]:
    """Return a page of the organization's customers, newest first."""
    statement = _customers(organization_id)
    for identity in wanted.identities:
        statement = statement.where(customer.c.id.in_(_owners(organization_id, identity)))
    if wanted.visitor_id is not None:
        statement = statement.where(
            customer.c.id.in_(_visitors(organization_id, wanted.visitor_id))
        )
    if wanted.text is not None:
        statement = statement.where(_holds(wanted.text))
    rows, last_id = newest(connection, statement, customer.c.id, paging)
    return Chunk([CustomerRecord(**row) for row in rows], last_id)


def one(
    connection: sa.Connection, organization_id: UUID, customer_id: UUID
) -> CustomerRecord | None:
    """Return a customer; None when the organization has none with this id."""
    return some(connection, organization_id, [customer_id]).get(customer_id)


def some(
    connection: sa.Connection, organization_id: UUID, customer_ids: Iterable[UUID]
) -> dict[UUID, CustomerRecord]:
    """Return the customers with these ids, in one statement."""
    wanted = set(customer_ids)
    if not wanted:
        return {}
    statement = _customers(organization_id).where(customer.c.id.in_(wanted))
    return {row["id"]: CustomerRecord(**row) for row in connection.execute(statement).mappings()}


def _customers(organization_id: UUID) -> sa.Select[Any]:
    c = customer.c
    return sa.select(
        c.id,
        c.display_name,
        c.phone_e164,
        c.email,
        c.external_user_id,
        c.attributes,
        c.created_at,
        c.updated_at,
        _latest(conversation.c.last_message_at).label("last_message_at"),
        _identity(WA_ID).label("wa_id"),
        _identity(WA_USER_ID).label("wa_user_id"),
        _latest(conversation.c.last_inbound_at, channel=WHATSAPP).label("wa_inbound_at"),
    ).where(c.organization_id == organization_id)


def _latest(moment: sa.Column[datetime], **having: str) -> sa.ScalarSelect[Any]:
    """Return the latest of a customer's conversations' moments."""
    mine = sa.and_(
        conversation.c.organization_id == customer.c.organization_id,
        conversation.c.customer_id == customer.c.id,
        *(conversation.c[name] == value for name, value in having.items()),
    )
    latest = sa.func.max(moment, type_=moment.type)
    return sa.select(latest).where(mine).correlate(customer).scalar_subquery()


def _identity(kind: str) -> sa.ScalarSelect[Any]:
    """Return the value of a customer's latest identity of a kind."""
    i = customer_identity.c
    mine = sa.and_(
        i.organization_id == customer.c.organization_id,
        i.customer_id == customer.c.id,
        i.kind == kind,
    )
    latest = sa.select(i.value).where(mine).order_by(i.created_at.desc()).limit(1)
    return latest.correlate(customer).scalar_subquery()


def _owners(organization_id: UUID, identity: Identity) -> sa.Select[Any]:
    i = customer_identity.c
    return sa.select(i.customer_id).where(
        i.organization_id == organization_id,
        i.kind == identity.kind,
        i.match_key == identity.match_key,
    )


def _visitors(organization_id: UUID, visitor_id: str) -> sa.CompoundSelect[Any]:
    """Return who was this visitor: by identity, or in a session."""
    s = visitor_session.c
    met = sa.select(s.customer_id).where(
        s.organization_id == organization_id, s.visitor_id == visitor_id
    )
    return sa.union(_owners(organization_id, Identity(VISITOR, visitor_id, visitor_id)), met)


def _holds(text: str) -> sa.ColumnElement[bool]:
    """Return the condition that some field of a customer holds a text, capitals or not."""
    c = customer.c
    searched = (c.display_name, c.email, c.phone_e164, c.external_user_id)
    return sa.or_(*(column.icontains(text, autoescape=True) for column in searched))
