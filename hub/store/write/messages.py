"""Messages that are stored already."""

from collections.abc import Sequence
from functools import cache
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from hub.contracts import Accepted
from hub.store import rows
from hub.store.tables import message, visitor_session

Key = tuple[UUID, str, str]


class Repeated(Struct, frozen=True):
    """A stored message that was sent again."""

    accepted: Accepted
    body: str


def find_repeated(connection: sa.Connection, keys: Sequence[Key]) -> dict[Key, Repeated]:
    """Return the stored messages with these (organization, source, provider message id)."""
    names = ("organization_id", "source", "provider_message_id")
    wanted = [dict(zip(names, key, strict=True)) for key in keys]
    return {
        (row.organization_id, row.source, row.provider_message_id): Repeated(
            Accepted(
                message_id=row.id,
                customer_id=row.customer_id,
                conversation_id=row.conversation_id,
                session_id=row.session_id,
                visitor_id=row.visitor_id,
                status=row.status,
                duplicate=True,
            ),
            row.body,
        )
        for row in rows.run(connection, _repeated, wanted)
    }


@cache
def _repeated(dialect: str) -> sa.Select[tuple[object, ...]]:
    m, s = message.c, visitor_session.c
    wanted = rows.incoming(dialect, m.organization_id, m.source, m.provider_message_id)
    same = sa.and_(
        m.organization_id == wanted.c.organization_id,
        m.source == wanted.c.source,
        m.provider_message_id == wanted.c.provider_message_id,
    )
    session = sa.and_(s.organization_id == m.organization_id, s.id == m.session_id)
    return (
        sa.select(
            m.organization_id,
            m.source,
            m.provider_message_id,
            m.id,
            m.customer_id,
            m.conversation_id,
            m.session_id,
            m.status,
            m.body,
            s.visitor_id,
        )
        .select_from(wanted)
        .join(message, same)
        .outerjoin(visitor_session, session)
    )
