"""Visitors of widget keys: who was seen, and the digest of the secret that proves it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import starmap
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import defstruct

from hub.store import rows
from hub.store.blocks import visitors_of
from hub.store.questions import Question, ask
from hub.store.short import Record
from hub.store.tables import visitor

Row = Mapping[str, Any]
Key = tuple[UUID, UUID, str]

_KEY = ("organization_id", "key_id", "visitor_id")
_Visitor = defstruct("_Visitor", _KEY)
_FORM = rows.Form(visitor, (*_KEY, "secret_digest", "secret_since"))


def find(
    connection: sa.Connection, keys: Iterable[Key], now: datetime
) -> tuple[dict[Key, str | None], set[Key]]:
    """Return the known ones of these visitors, with their secrets' digests, and who is kept out."""
    wanted = list(keys)
    return ask(connection, known(wanted), visitors_of(wanted, now))


def known(keys: Iterable[Key]) -> Question[dict[Key, str | None]]:
    """Ask for the known ones of these visitors."""
    return Question(_known, list(starmap(_Visitor, keys)), _secrets)


def _secrets(found: Sequence[Record]) -> dict[Key, str | None]:
    return {(whose, key_id, visitor_id): secret for whose, key_id, visitor_id, secret in found}


def insert(new: Sequence[Row]) -> rows.Write:
    """Return visitors at first sight, to be written; a violation: another saw them first."""
    return rows.Write(_FORM, new)


def prove(connection: sa.Connection, proved: Sequence[Row]) -> None:
    """Give visitors that had none their secret; they may read what is stored from now on."""
    rows.update(connection, visitor, proved)


@cache
def _known(way: rows.Way) -> sa.Select[Any]:
    v = visitor.c
    wanted = rows.incoming(way, v.organization_id, v.key_id, v.visitor_id)
    found = sa.select(v.organization_id, v.key_id, v.visitor_id, v.secret_digest).where(
        v.organization_id == wanted.c.organization_id,
        v.key_id == wanted.c.key_id,
        v.visitor_id == wanted.c.visitor_id,
    )
    return rows.for_each(way, wanted, found)
