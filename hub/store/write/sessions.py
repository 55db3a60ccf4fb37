"""Visitor sessions, locked and written."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from hub.store import rows
from hub.store.states import SessionState
from hub.store.tables import milliseconds, visitor_session

Key = tuple[UUID, UUID, str]

_STATE = [name for name in SessionState.__struct_fields__ if name != "fresh"]
_FIXED = {"key_id", "key_scope", "visitor_id", "first_seen_at"}


def lock(connection: sa.Connection, keys: Iterable[Key]) -> list[SessionState]:
    """Return and lock the open sessions of these (organization, key scope, visitor), by id."""
    names = ("organization_id", "key_scope", "visitor_id")
    return _locked(connection, _open, [dict(zip(names, key, strict=True)) for key in keys])


def lock_by_id(connection: sa.Connection, keys: Iterable[tuple[UUID, UUID]]) -> list[SessionState]:
    """Return and lock these (organization, session), ordered by id."""
    names = ("organization_id", "id")
    return _locked(connection, _named, [dict(zip(names, key, strict=True)) for key in keys])


def insert(connection: sa.Connection, states: Sequence[SessionState]) -> None:
    """Write new sessions; a unique violation means another transaction opened one first."""
    rows.insert(connection, visitor_session, [_row(state) for state in states])


def update(connection: sa.Connection, states: Sequence[SessionState]) -> None:
    """Write what the batch changed."""
    changed = [
        {name: value for name, value in _row(state).items() if name not in _FIXED}
        for state in states
    ]
    rows.update(connection, visitor_session, changed)


def _locked(
    connection: sa.Connection, build: rows.Build, wanted: Sequence[rows.Row]
) -> list[SessionState]:
    if not wanted:
        return []
    return [SessionState(**row._asdict()) for row in rows.run(connection, build, wanted)]


def _row(state: SessionState) -> dict[str, Any]:
    values = ((name, getattr(state, name)) for name in _STATE)
    return {n: milliseconds(v) if isinstance(v, datetime) else v for n, v in values}


@cache
def _open(dialect: str) -> sa.Select[tuple[object, ...]]:
    s = visitor_session.c
    wanted = rows.incoming(dialect, s.organization_id, s.key_scope, s.visitor_id)
    same = sa.and_(
        s.organization_id == wanted.c.organization_id,
        s.key_scope == wanted.c.key_scope,
        s.visitor_id == wanted.c.visitor_id,
        s.closed_at.is_(None),
    )
    return _select(wanted, same)


@cache
def _named(dialect: str) -> sa.Select[tuple[object, ...]]:
    s = visitor_session.c
    wanted = rows.incoming(dialect, s.organization_id, s.id)
    return _select(
        wanted, sa.and_(s.organization_id == wanted.c.organization_id, s.id == wanted.c.id)
    )


def _select(wanted: sa.FromClause, same: sa.ColumnElement[bool]) -> sa.Select[tuple[object, ...]]:
    columns = (visitor_session.c[name] for name in _STATE)
    locked = sa.select(*columns).join(wanted, same).order_by(visitor_session.c.id)
    return locked.with_for_update(of=visitor_session)
