"""Visitor sessions, locked and written."""

from collections.abc import Iterable, Sequence
from functools import cache
from uuid import UUID

import sqlalchemy as sa

from hub.store import rows
from hub.store.states import SessionState
from hub.store.tables import visitor_session

Key = tuple[UUID, UUID, str]

_NAMES = tuple(name for name in SessionState.__struct_fields__ if name != "fresh")
_FIXED = ("key_id", "key_scope", "visitor_id", "first_seen_at")
_FORM = rows.Form(visitor_session, _NAMES, _FIXED)


def lock(connection: sa.Connection, keys: Iterable[Key]) -> list[SessionState]:
    """Return and lock the open sessions of these (organization, key scope, visitor), in order."""
    names = ("organization_id", "key_scope", "visitor_id")
    return _locked(connection, _open, [dict(zip(names, key, strict=True)) for key in sorted(keys)])


def lock_by_id(connection: sa.Connection, keys: Iterable[tuple[UUID, UUID]]) -> list[SessionState]:
    """Return and lock these (organization, session), in order."""
    names = ("organization_id", "id")
    return _locked(connection, _named, [dict(zip(names, key, strict=True)) for key in sorted(keys)])


def write(states: Sequence[SessionState]) -> rows.Write:
    """Return new sessions and what changed of others, to be written.

    A unique violation means that another transaction opened one first.
    """
    return rows.Write(_FORM, states)


def _locked(
    connection: sa.Connection, build: rows.Build, wanted: Sequence[rows.Row]
) -> list[SessionState]:
    return [SessionState(*row) for row in rows.read(connection, build, wanted)] if wanted else []


@cache
def _open(dialect: str) -> sa.Select[tuple[object, ...]]:
    s = visitor_session.c
    wanted = rows.incoming(dialect, s.organization_id, s.key_scope, s.visitor_id)
    found = _state().where(
        s.organization_id == wanted.c.organization_id,
        s.key_scope == wanted.c.key_scope,
        s.visitor_id == wanted.c.visitor_id,
        s.closed_at.is_(None),
    )
    return rows.for_each(dialect, wanted, found)


@cache
def _named(dialect: str) -> sa.Select[tuple[object, ...]]:
    s = visitor_session.c
    wanted = rows.incoming(dialect, s.organization_id, s.id)
    found = _state().where(s.organization_id == wanted.c.organization_id, s.id == wanted.c.id)
    return rows.for_each(dialect, wanted, found)


def _state() -> sa.Select[tuple[object, ...]]:
    columns = (rows.plain(visitor_session.c[name]) for name in _NAMES)
    return sa.select(*columns).with_for_update(of=visitor_session)
