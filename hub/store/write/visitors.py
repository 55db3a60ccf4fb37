"""Visitors of widget keys: who was seen, and the digest of the secret that proves it."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from hub.store import rows
from hub.store.tables import visitor

Row = Mapping[str, Any]
Key = tuple[UUID, UUID, str]

_KEY = ("organization_id", "key_id", "visitor_id")
_FORM = rows.Form(visitor, (*_KEY, "secret_digest", "secret_since"))


def find(connection: sa.Connection, keys: Iterable[Key]) -> dict[Key, str | None]:
    """Return the known ones of these visitors, each with its secret's digest."""
    wanted = [dict(zip(_KEY, key, strict=True)) for key in keys]
    found = rows.run(connection, _known, wanted)
    return {(row.organization_id, row.key_id, row.visitor_id): row.secret_digest for row in found}


def insert(new: Sequence[Row]) -> rows.Write:
    """Return visitors at first sight, to be written; a violation: another saw them first."""
    return rows.Write(_FORM, new)


def prove(connection: sa.Connection, proved: Sequence[Row]) -> None:
    """Give visitors that had none their secret; they may read what is stored from now on."""
    rows.update(connection, visitor, proved)


@cache
def _known(dialect: str) -> sa.Select[tuple[object, ...]]:
    v = visitor.c
    wanted = rows.incoming(dialect, v.organization_id, v.key_id, v.visitor_id)
    found = sa.select(v.organization_id, v.key_id, v.visitor_id, v.secret_digest).where(
        v.organization_id == wanted.c.organization_id,
        v.key_id == wanted.c.key_id,
        v.visitor_id == wanted.c.visitor_id,
    )
    return rows.for_each(dialect, wanted, found)
