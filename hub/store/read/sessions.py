"""Visitor sessions, read."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from hub.store.read.paging import Chunk, Paging, newest, since
from hub.store.read.records import SessionRecord
from hub.store.tables import visitor_session

_COLUMNS = [visitor_session.c[name] for name in SessionRecord.__struct_fields__]


class SessionFilter(Struct, frozen=True, kw_only=True):
    """Which sessions are wanted; every condition has to hold."""

    visitor_id: str | None = None
    customer_id: UUID | None = None
    key_id: UUID | None = None
    since: datetime | None = None
    """First seen at this moment or later."""


def listed(
    connection: sa.Connection, organization_id: UUID, wanted: SessionFilter, paging: Paging
) -> Chunk[SessionRecord]:
    """Return a page of the organization's sessions, newest first."""
    statement = _sessions(organization_id)
    for name in ("visitor_id", "customer_id", "key_id"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(visitor_session.c[name] == value)
    if wanted.since is not None:
        statement = statement.where(since(visitor_session, wanted.since, "first_seen_at"))
    rows, last_id = newest(connection, statement, visitor_session.c.id, paging)
    return Chunk([SessionRecord(**row) for row in rows], last_id)


def one(connection: sa.Connection, organization_id: UUID, session_id: UUID) -> SessionRecord | None:
    """Return a session; None when the organization has none with this id."""
    return some(connection, organization_id, [session_id]).get(session_id)


def some(
    connection: sa.Connection, organization_id: UUID, session_ids: Iterable[UUID]
) -> dict[UUID, SessionRecord]:
    """Return the sessions with these ids, in one statement."""
    wanted = set(session_ids)
    if not wanted:
        return {}
    statement = _sessions(organization_id).where(visitor_session.c.id.in_(wanted))
    return {row["id"]: SessionRecord(**row) for row in connection.execute(statement).mappings()}


def _sessions(organization_id: UUID) -> sa.Select[Any]:
    return sa.select(*_COLUMNS).where(visitor_session.c.organization_id == organization_id)
