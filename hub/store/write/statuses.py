"""The statuses of outbound messages that a visitor was shown or has read, locked and written."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from hub.store import rows
from hub.store.read.streams import Mark
from hub.store.tables import message, milliseconds, visitor_session


class Shown(Struct, frozen=True, order=True):
    """A message whose status is going to change."""

    organization_id: UUID
    conversation_id: UUID
    id: UUID


def lock(
    connection: sa.Connection, named: Iterable[Shown], below: Sequence[str]
) -> Sequence[Shown]:
    """Return those of the outbound messages that are still below a status, and lock them."""
    build = _named(tuple(below))
    return [Shown(*row) for row in rows.read(connection, build, sorted(named))]


def lock_up_to(connection: sa.Connection, mark: Mark, below: Sequence[str]) -> Sequence[Shown]:
    """Return the outbound messages that a visitor may see up to here and are below a status.

    They are locked.
    """
    m, s = message.c, visitor_session.c
    statement = _outbound(below).where(
        m.organization_id == mark.watcher.organization_id,
        m.conversation_id == mark.conversation_id,
        m.seq <= mark.seq,
        m.created_at >= mark.since,
    )
    if not mark.whole:
        session = sa.and_(s.organization_id == m.organization_id, s.id == m.session_id)
        statement = statement.join(visitor_session, session).where(
            s.key_scope == mark.watcher.key_id,
            s.visitor_id == mark.watcher.visitor_id,
            s.verified.is_(sa.false()),
        )
    statement = statement.order_by(m.id).with_for_update(of=message)
    return [Shown(*row) for row in connection.execute(statement)]


def write(connection: sa.Connection, shown: Iterable[Shown], status: str, now: datetime) -> None:
    """Give locked messages a status."""
    at = milliseconds(now)
    new = {"status": status, "status_at": at, "updated_at": at}
    rows.update(
        connection,
        message,
        [{"organization_id": one.organization_id, "id": one.id, **new} for one in shown],
    )


@cache
def _named(below: Sequence[str]) -> rows.Build:
    m = message.c

    @cache
    def build(way: rows.Way) -> sa.Select[Any]:
        wanted = rows.incoming(way, m.organization_id, m.id)
        mine = (m.organization_id == wanted.c.organization_id, m.id == wanted.c.id)
        return rows.for_each(way, wanted, _outbound(below).where(*mine), locks=message)

    return build


def _outbound(below: Sequence[str]) -> sa.Select[Any]:
    m = message.c
    # Written out: a list would be unfolded at each execution, which the short way does not do.
    lower = sa.or_(*(m.status == status for status in below))
    return sa.select(m.organization_id, m.conversation_id, m.id).where(
        m.direction == "outbound", lower
    )
