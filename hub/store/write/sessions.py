"""Visitor sessions, locked and written."""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import starmap
from operator import attrgetter
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import defstruct

from hub.store import rows
from hub.store.questions import Question
from hub.store.short import Record
from hub.store.states import SessionState
from hub.store.tables import visitor_session

Key = tuple[UUID, UUID, str]

_Visitor = defstruct("_Visitor", ("organization_id", "key_scope", "visitor_id"))
_Session = defstruct("_Session", ("organization_id", "id"))

_ABOUT = {"fresh", "moved"}
_NAMES = tuple(name for name in SessionState.__struct_fields__ if name not in _ABOUT)
_FIXED = ("key_id", "key_scope", "visitor_id", "first_seen_at")
# Whoever writes to a session takes nothing from it that another one wrote meanwhile.
_LEARNED = (
    *("referer", "landing_path", "closed_at"),
    *("external_user_id", "external_email", "external_name"),
)
_FORM = rows.Form(
    visitor_session,
    _NAMES,
    _FIXED,
    merges=_LEARNED,
    adds=("message_count",),
    seldom=("customer_id", "closed_at"),
)


def opened(keys: Iterable[Key]) -> Question[list[SessionState]]:
    """Ask for the open sessions of these (organization, key scope, visitor); lock them in order."""
    return Question(_open, list(starmap(_Visitor, sorted(keys))), _states)


def named(keys: Iterable[tuple[UUID, UUID]]) -> Question[list[SessionState]]:
    """Ask for these (organization, session); lock them in order."""
    return Question(_named, list(starmap(_Session, sorted(keys))), _states)


def write(states: Iterable[SessionState]) -> rows.Write:
    """Return new sessions and what changed of others, to be written.

    A unique violation means that another transaction opened one first.
    """
    ordered = sorted(states, key=attrgetter("organization_id", "key_scope", "visitor_id", "id"))
    return rows.Write(_FORM, ordered)


def _states(found: Sequence[Record]) -> list[SessionState]:
    return [SessionState(*record) for record in found]


@cache
def _open(way: rows.Way) -> sa.Select[Any]:
    s = visitor_session.c
    wanted = rows.incoming(way, s.organization_id, s.key_scope, s.visitor_id)
    found = _state().where(
        s.organization_id == wanted.c.organization_id,
        s.key_scope == wanted.c.key_scope,
        s.visitor_id == wanted.c.visitor_id,
        s.closed_at.is_(None),
    )
    return rows.for_each(way, wanted, found, locks=visitor_session)


@cache
def _named(way: rows.Way) -> sa.Select[Any]:
    s = visitor_session.c
    wanted = rows.incoming(way, s.organization_id, s.id)
    found = _state().where(s.organization_id == wanted.c.organization_id, s.id == wanted.c.id)
    return rows.for_each(way, wanted, found, locks=visitor_session)


def _state() -> sa.Select[Any]:
    return sa.select(*(_column(name) for name in _NAMES))


def _column(name: str) -> sa.ColumnElement[Any]:
    if name in _FORM.adds:
        return sa.literal_column("0", sa.Integer()).label(name)
    return rows.plain(visitor_session.c[name])
