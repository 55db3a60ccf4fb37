"""Businesses and the secret of their old integration."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from hub.store.admin.records import BusinessSettings, Organization
from hub.store.tables import legacy_secret, organization
from hub.store.write.credentials import LEGACY_OFF as OFF


def add(connection: sa.Connection, business: Organization) -> None:
    """Store a new business; a slug that is taken violates the unique constraint."""
    connection.execute(
        sa.insert(organization).values(
            id=business.id,
            slug=business.slug,
            name=business.name,
            settings=msgspec.to_builtins(business.settings),
            created_at=business.created_at,
        )
    )


def by_slug(connection: sa.Connection, slug: str) -> Organization | None:
    """Return the business of this slug."""
    return _first(connection, sa.select(organization).where(organization.c.slug == slug))


def by_id(connection: sa.Connection, organization_id: UUID) -> Organization | None:
    """Return one business."""
    return _first(connection, _one(organization_id))


def locked(connection: sa.Connection, organization_id: UUID) -> Organization | None:
    """Return one business, its row locked until the transaction ends (SQLite has one writer)."""
    return _first(connection, _one(organization_id).with_for_update())


def listed(connection: sa.Connection) -> list[Organization]:
    """Return every business of the hub by slug: for the operator."""
    rows = connection.execute(sa.select(organization).order_by(organization.c.slug))
    return [_organization(row) for row in rows]


def update(connection: sa.Connection, business: Organization) -> None:
    """Store a business's name and settings."""
    connection.execute(
        sa.update(organization)
        .where(organization.c.id == business.id)
        .values(name=business.name, settings=msgspec.to_builtins(business.settings))
    )


def legacy_secret_since(connection: sa.Connection, organization_id: UUID) -> datetime | None:
    """Return when the business's legacy secret was set; None when it has none."""
    statement = sa.select(legacy_secret.c.created_at).where(
        legacy_secret.c.organization_id == organization_id, legacy_secret.c.digest != OFF
    )
    return connection.execute(statement).scalar_one_or_none()


def put_legacy_secret(
    connection: sa.Connection, organization_id: UUID, fingerprint: str, now: datetime
) -> None:
    """Set the business's one legacy secret; the one before is dead."""
    mine = legacy_secret.c.organization_id == organization_id
    connection.execute(sa.delete(legacy_secret).where(mine))
    connection.execute(
        sa.insert(legacy_secret).values(
            organization_id=organization_id, digest=fingerprint, created_at=now
        )
    )


def switch_legacy_off(connection: sa.Connection, organization_id: UUID, now: datetime) -> bool:
    """Take the legacy secret away, for good until one is set; tell whether there was one."""
    there_was = legacy_secret_since(connection, organization_id) is not None
    put_legacy_secret(connection, organization_id, OFF, now)
    return there_was


def legacy_is_off(connection: sa.Connection, organization_id: UUID) -> bool:
    """Tell whether the legacy secret was switched off, which is more than never made."""
    mine = sa.and_(
        legacy_secret.c.organization_id == organization_id, legacy_secret.c.digest == OFF
    )
    return connection.execute(sa.select(legacy_secret.c.digest).where(mine)).first() is not None


def _one(organization_id: UUID) -> sa.Select[Any]:
    return sa.select(organization).where(organization.c.id == organization_id)


def _first(connection: sa.Connection, statement: sa.Select[Any]) -> Organization | None:
    row = connection.execute(statement).first()
    return _organization(row) if row else None


def _organization(row: sa.Row[Any]) -> Organization:
    settings = msgspec.convert(row.settings, BusinessSettings)
    return Organization(**row._asdict() | {"settings": settings})
