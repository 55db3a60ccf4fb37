"""What a visitor's stream shows: its conversation, and the messages of it that are the visitor's.

Both are asked for by many streams at once and found in one statement.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from hub.store import rows
from hub.store.short import Record
from hub.store.tables import (
    conversation,
    customer_identity,
    message,
    visitor,
    visitor_session,
)

PAGE = 20
"""Messages that are read of a conversation at once: bodies may be long, and readers many."""

_NUMBER = sa.Column("number", sa.Integer)
_VISITOR, _PERSON = "visitor", "external_id"


class Watcher(Struct, frozen=True):
    """A visitor, as its browser names it."""

    organization_id: UUID
    key_id: UUID
    visitor_id: str
    channel: str
    person: str | None = None
    """The external id of whom a token proves it to be."""

    @property
    def scope(self) -> str:
        """Return where its name is unique."""
        return self.key_id.hex


class Place(Struct, frozen=True):
    """Where a visitor's messages are; nothing of it when it is not known."""

    secret_digest: str | None = None
    since: int | None = None
    """From when on the owner of the secret may read."""
    conversation_id: UUID | None = None
    last_seq: int = 0
    whole: bool = False
    """All of the conversation may be read: it is that of the person who the visitor is."""


class Mark(Struct, frozen=True):
    """How far a stream has read."""

    watcher: Watcher
    conversation_id: UUID
    since: int
    seq: int
    whole: bool = False


class Spot(Struct, frozen=True):
    """Where a message stands."""

    conversation_id: UUID
    seq: int


class Line(Struct, frozen=True):
    """A message as a visitor may see it."""

    seq: int
    id: UUID
    direction: str
    body: str
    provider_message_id: str | None
    status: str
    created_at: int
    """In milliseconds."""


def places(connection: sa.Connection, watchers: Sequence[Watcher]) -> list[Place]:
    """Return where that is which each of these visitors may read.

    Of a visitor who is proved to be somebody whom the business knows: that person's conversation.
    Of every other one: what the visitor's own secret opens.
    """
    found = [Place()] * len(watchers)
    proved = [_named(*one) for one in enumerate(watchers) if one[1].person is not None]
    for number, *facts in _read(connection, _theirs, proved):
        conversation_id, last_seq = facts
        found[number] = Place(conversation_id=conversation_id, last_seq=last_seq, whole=True)
    others = [_named(*one) for one in enumerate(watchers) if not found[one[0]].whole]
    for number, *facts in _read(connection, _places, others):
        found[number] = Place(*facts)
    return found


def spots(connection: sa.Connection, messages: Sequence[tuple[UUID, UUID]]) -> list[Spot | None]:
    """Return where these messages, each an organization's, stand; None of one that is not there."""
    found: list[Spot | None] = [None] * len(messages)
    wanted = [
        {"number": number, "organization_id": organization_id, "id": message_id}
        for number, (organization_id, message_id) in enumerate(messages)
    ]
    for number, conversation_id, seq in _read(connection, _spots, wanted):
        found[number] = Spot(conversation_id, seq)
    return found


def pages(connection: sa.Connection, marks: Sequence[Mark]) -> list[list[Line]]:
    """Return for each mark the next messages that its visitor may see, at most `PAGE`."""
    found: list[list[Line]] = [[] for _ in marks]
    # The limit is one of each mark, which SQLite can only be asked for one by one.
    together = connection.dialect.name == "postgresql"
    for build, whole in ((_pages, False), (_whole_pages, True)):
        wanted = [_marked(*one) for one in enumerate(marks) if one[1].whole is whole]
        for some in [wanted] if together else [[one] for one in wanted]:
            for number, *facts in _read(connection, build, some):
                found[number].append(Line(*facts))
    return found


def _read(
    connection: sa.Connection, build: rows.Build, wanted: Sequence[rows.Row]
) -> Sequence[Record]:
    return rows.read(connection, build, wanted) if wanted else ()


def _named(number: int, watcher: Watcher) -> rows.Row:
    return {
        "number": number,
        "organization_id": watcher.organization_id,
        "key_id": watcher.key_id,
        "visitor_id": watcher.visitor_id,
        "scope": watcher.scope,
        "channel": watcher.channel,
        "match_key": watcher.person,
    }


def _marked(number: int, mark: Mark) -> rows.Row:
    return {
        "number": number,
        "organization_id": mark.watcher.organization_id,
        "conversation_id": mark.conversation_id,
        "seq": mark.seq,
        "created_at": mark.since,
        "key_scope": mark.watcher.key_id,
        "visitor_id": mark.watcher.visitor_id,
    }


@cache
def _spots(way: rows.Way) -> sa.Select[Any]:
    m = message.c
    wanted = rows.incoming(way, _NUMBER, m.organization_id, m.id)
    found = sa.select(wanted.c.number, m.conversation_id, m.seq).where(
        m.organization_id == wanted.c.organization_id, m.id == wanted.c.id
    )
    return rows.for_each(way, wanted, found)


@cache
def _theirs(way: rows.Way) -> sa.Select[Any]:
    """Where the people are whom tokens prove: by their external id alone."""
    i, c = customer_identity.c, conversation.c
    wanted = rows.incoming(way, _NUMBER, i.organization_id, i.match_key, c.channel)
    there = sa.and_(
        c.organization_id == i.organization_id,
        c.customer_id == i.customer_id,
        c.channel == wanted.c.channel,
    )
    named = (
        i.organization_id == wanted.c.organization_id,
        i.kind == _PERSON,
        i.match_key == wanted.c.match_key,
    )
    # On PostgreSQL what is wanted comes from outside; elsewhere it is joined first, to be known.
    outside = way.dialect == "postgresql"
    known = customer_identity if outside else wanted.join(customer_identity, sa.and_(*named))
    found = (
        sa.select(wanted.c.number, c.id, sa.func.coalesce(c.last_seq, 0).label("last_seq"))
        .select_from(known.outerjoin(conversation, there))
        .where(*named)
    )
    return rows.for_each(way, wanted, found)


@cache
def _places(way: rows.Way) -> sa.Select[Any]:
    v, i, c = visitor.c, customer_identity.c, conversation.c
    wanted = rows.incoming(
        way, _NUMBER, v.organization_id, v.key_id, v.visitor_id, i.scope, c.channel
    )
    named = (
        v.organization_id == wanted.c.organization_id,
        v.key_id == wanted.c.key_id,
        v.visitor_id == wanted.c.visitor_id,
    )
    # On PostgreSQL what is wanted comes from outside; elsewhere it is joined first, to be known.
    outside = way.dialect == "postgresql"
    seen = visitor if outside else wanted.join(visitor, sa.and_(*named))
    mine = sa.and_(
        i.organization_id == v.organization_id,
        i.kind == _VISITOR,
        i.match_key == v.visitor_id,
        i.scope == wanted.c.scope,
    )
    there = sa.and_(
        c.organization_id == i.organization_id,
        c.customer_id == i.customer_id,
        c.channel == wanted.c.channel,
    )
    found = (
        sa.select(
            wanted.c.number,
            v.secret_digest,
            rows.plain(v.secret_since),
            c.id,
            sa.func.coalesce(c.last_seq, 0).label("last_seq"),
        )
        .select_from(seen.outerjoin(customer_identity, mine).outerjoin(conversation, there))
        .where(*named)
    )
    return rows.for_each(way, wanted, found)


@cache
def _pages(way: rows.Way) -> sa.Select[Any]:
    """What the visitor's secret opens: nothing that somebody had to prove themselves for."""
    m, s = message.c, visitor_session.c
    wanted = _place(way, s.key_scope, s.visitor_id)
    session = sa.and_(s.organization_id == m.organization_id, s.id == m.session_id)
    found = _next(wanted, message.join(visitor_session, session)).where(
        s.key_scope == wanted.c.key_scope,
        s.visitor_id == wanted.c.visitor_id,
        s.verified.is_(sa.false()),
    )
    return rows.for_each(way, wanted, found)


@cache
def _whole_pages(way: rows.Way) -> sa.Select[Any]:
    wanted = _place(way)
    return rows.for_each(way, wanted, _next(wanted, message))


def _place(way: rows.Way, *more: sa.Column[Any]) -> sa.FromClause:
    m = message.c
    return rows.incoming(
        way, _NUMBER, m.organization_id, m.conversation_id, m.seq, m.created_at, *more
    )


def _next(wanted: sa.FromClause, among: sa.FromClause) -> sa.Select[Any]:
    m = message.c
    return (
        sa.select(
            wanted.c.number,
            *(m[name] for name in Line.__struct_fields__ if name != "created_at"),
            rows.plain(m.created_at),
        )
        .select_from(among)
        .where(
            m.organization_id == wanted.c.organization_id,
            m.conversation_id == wanted.c.conversation_id,
            m.seq > wanted.c.seq,
            m.created_at >= wanted.c.created_at,
            sa.or_(m.direction == "inbound", m.status != "failed"),
        )
        .order_by(m.seq)
        .limit(PAGE)
    )
