"""Keys: made, listed, revoked, given a new secret."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from hub.store.admin.records import ApiKey
from hub.store.tables import api_key, api_key_secret


def add(connection: sa.Connection, key: ApiKey, digest: str) -> None:
    """Store a new key and the digest of its secret."""
    connection.execute(
        sa.insert(api_key).values(
            id=key.id,
            organization_id=key.organization_id,
            kind=key.kind,
            label=key.label,
            prefix=key.prefix,
            allowed_origins=key.allowed_origins,
            created_at=key.created_at,
            expires_at=key.expires_at,
        )
    )
    _add_secret(connection, key.id, digest, key.created_at)


def listed(connection: sa.Connection, organization_id: UUID) -> list[ApiKey]:
    """Return the organization's keys, the newest first, dead ones among them."""
    statement = (
        sa.select(api_key)
        .where(api_key.c.organization_id == organization_id)
        .order_by(api_key.c.id.desc())
    )
    return [_key(row) for row in connection.execute(statement)]


def find(connection: sa.Connection, organization_id: UUID, key_id: UUID) -> ApiKey | None:
    """Return one key."""
    return _first(connection, sa.select(api_key).where(_one(organization_id, key_id)))


def locked(connection: sa.Connection, organization_id: UUID, key_id: UUID) -> ApiKey | None:
    """Return one key, its row locked until the transaction ends (SQLite has one writer)."""
    chosen = sa.select(api_key).where(_one(organization_id, key_id))
    return _first(connection, chosen.with_for_update())


def owner(connection: sa.Connection, key_id: UUID) -> UUID | None:
    """Return whose key this is: for the operator, who names no organization."""
    statement = sa.select(api_key.c.organization_id).where(api_key.c.id == key_id)
    return connection.execute(statement).scalar_one_or_none()


def update(connection: sa.Connection, organization_id: UUID, key_id: UUID, **values: Any) -> None:
    """Change columns of one key."""
    connection.execute(sa.update(api_key).where(_one(organization_id, key_id)).values(values))


def replace_secret(
    connection: sa.Connection, key: ApiKey, digest: str, now: datetime, old_until: datetime | None
) -> None:
    """Give a key a new secret; the last one lives until `old_until`, or all die now."""
    of_key = api_key_secret.c.key_id == key.id
    if old_until is None:
        connection.execute(sa.delete(api_key_secret).where(of_key))
    else:
        lasting = api_key_secret.c.expires_at.is_(None)
        ending = sa.update(api_key_secret).where(of_key, lasting)
        connection.execute(ending.values(expires_at=old_until))
    _add_secret(connection, key.id, digest, now)


def _add_secret(connection: sa.Connection, key_id: UUID, digest: str, now: datetime) -> None:
    connection.execute(
        sa.insert(api_key_secret).values(digest=digest, key_id=key_id, created_at=now)
    )


def _one(organization_id: UUID, key_id: UUID) -> sa.ColumnElement[bool]:
    return sa.and_(api_key.c.organization_id == organization_id, api_key.c.id == key_id)


def _first(connection: sa.Connection, statement: sa.Select[Any]) -> ApiKey | None:
    row = connection.execute(statement).first()
    return _key(row) if row else None


def _key(row: sa.Row[Any]) -> ApiKey:
    told = row._asdict()
    values = {name: told[name] for name in ApiKey.__struct_fields__}
    return ApiKey(**values | {"allowed_origins": tuple(row.allowed_origins)})
