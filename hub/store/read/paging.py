"""Lists, newest first: an id is a moment, so the last id of a page is where the next one begins."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from hub import ids

T = TypeVar("T")
Rows = Sequence[sa.RowMapping]


class Paging(Struct, frozen=True, kw_only=True):
    """Which part of a list is wanted."""

    limit: int = 50
    before: UUID | None = None
    """Only what is older than this id."""


class Chunk(Struct, Generic[T], frozen=True):
    """A part of a list."""

    items: Sequence[T]
    last_id: UUID | None
    """Where the next part begins; None when this is the end."""


def newest(
    connection: sa.Connection, statement: sa.Select[Any], id_: sa.Column[Any], paging: Paging
) -> tuple[Rows, UUID | None]:
    """Return the rows of one page, newest first, and the id where the next page begins."""
    if paging.before is not None:
        statement = statement.where(id_ < paging.before)
    # One more than asked for tells whether there is more.
    found = (
        connection.execute(statement.order_by(id_.desc()).limit(paging.limit + 1)).mappings().all()
    )
    rows = found[: paging.limit]
    return rows, rows[-1]["id"] if len(found) > paging.limit else None


def since(table: sa.Table, moment: datetime, made: str = "created_at") -> sa.ColumnElement[bool]:
    """Return the condition that a row was made at this moment or later.

    The id's own time bounds the search in the primary key, the column decides.
    """
    return sa.and_(table.c.id >= ids.earliest(moment), table.c[made] >= moment)
