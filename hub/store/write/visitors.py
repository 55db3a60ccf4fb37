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


def find(connection: sa.Connection, keys: Iterable[Key]) -> dict[Key, str | None]:
    """Return the known ones of these visitors, each with its secret's digest."""
    names = ("organization_id", "key_id", "visitor_id")
    wanted = [dict(zip(names, key, strict=True)) for key in keys]
    found = rows.run(connection, _known, wanted)
    return {(row.organization_id, row.key_id, row.visitor_id): row.secret_digest for row in found}


def insert(connection: sa.Connection, new: Sequence[Row]) -> None:
    """Write visitors at first sight; a unique violation means another process saw them first."""
    rows.insert(connection, visitor, new)


def prove(connection: sa.Connection, proved: Sequence[Row]) -> None:
    """Give visitors that had none their secret; they may read what is stored from now on."""
    kept = ("organization_id", "key_id", "visitor_id", "secret_digest", "secret_since")
    rows.update(connection, visitor, [{name: row[name] for name in kept} for row in proved])


@cache
def _known(dialect: str) -> sa.Select[tuple[object, ...]]:
    v = visitor.c
    wanted = rows.incoming(dialect, v.organization_id, v.key_id, v.visitor_id)
    same = sa.and_(
        v.organization_id == wanted.c.organization_id,
        v.key_id == wanted.c.key_id,
        v.visitor_id == wanted.c.visitor_id,
    )
    return sa.select(v.organization_id, v.key_id, v.visitor_id, v.secret_digest).join(wanted, same)
