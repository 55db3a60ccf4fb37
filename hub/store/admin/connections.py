"""What plugins keep for a business: rows of JSON with an external key and sealed secrets."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from hub.store.tables import connection as table


class Kept(Struct, frozen=True, kw_only=True):
    """A row as it is stored: its secrets are sealed."""

    id: UUID
    organization_id: UUID
    plugin: str
    external_key: str
    data: dict[str, Any]
    secrets: str


_COLUMNS = [table.c[name] for name in Kept.__struct_fields__]


def put(connection: sa.Connection, kept: Kept, now: datetime) -> UUID:
    """Insert a row, or replace what the row of its external key holds; return its id."""
    statement = (
        sa.select(table.c.id)
        .where(
            table.c.organization_id == kept.organization_id,
            table.c.plugin == kept.plugin,
            table.c.external_key == kept.external_key,
        )
        .with_for_update()
    )
    found: UUID | None = connection.execute(statement).scalar_one_or_none()
    values = {"data": kept.data, "secrets": kept.secrets, "updated_at": now}
    if found is not None:
        connection.execute(sa.update(table).where(table.c.id == found).values(values))
        return found
    connection.execute(
        sa.insert(table).values(
            id=kept.id,
            organization_id=kept.organization_id,
            plugin=kept.plugin,
            external_key=kept.external_key,
            created_at=now,
            **values,
        )
    )
    return kept.id


def by_id(connection: sa.Connection, plugin: str, connection_id: UUID) -> Kept | None:
    """Return one row of a plugin: the id is all that a provider's callback names."""
    statement = sa.select(*_COLUMNS).where(table.c.plugin == plugin, table.c.id == connection_id)
    return _first(connection, statement)


def by_external_key(
    connection: sa.Connection, organization_id: UUID, plugin: str, external_key: str
) -> Kept | None:
    """Return the business's row of this external key."""
    statement = sa.select(*_COLUMNS).where(
        table.c.organization_id == organization_id,
        table.c.plugin == plugin,
        table.c.external_key == external_key,
    )
    return _first(connection, statement)


def listed(connection: sa.Connection, organization_id: UUID, plugin: str) -> list[Kept]:
    """Return the business's rows of a plugin, oldest first."""
    statement = (
        sa.select(*_COLUMNS)
        .where(table.c.organization_id == organization_id, table.c.plugin == plugin)
        .order_by(table.c.id)
    )
    return [Kept(**row._asdict()) for row in connection.execute(statement)]


def delete(
    connection: sa.Connection, organization_id: UUID, plugin: str, connection_id: UUID
) -> bool:
    """Delete a row; tell whether there was one."""
    statement = sa.delete(table).where(
        table.c.organization_id == organization_id,
        table.c.plugin == plugin,
        table.c.id == connection_id,
    )
    return connection.execute(statement).rowcount > 0


def any_sealed(connection: sa.Connection) -> str | None:
    """Return one row's sealed secrets, to find out whether the hub's secret opens them."""
    return connection.execute(sa.select(table.c.secrets).limit(1)).scalar_one_or_none()


def _first(connection: sa.Connection, statement: sa.Select[Any]) -> Kept | None:
    row = connection.execute(statement).first()
    return Kept(**row._asdict()) if row else None
