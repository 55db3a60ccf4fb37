"""Users and their part in businesses."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from hub.store.admin.records import Member, Role, User
from hub.store.tables import membership, user_account

_USER = (
    user_account.c.id,
    user_account.c.email,
    user_account.c.name,
    user_account.c.created_at,
)


def add(connection: sa.Connection, user: User, password_hash: str) -> None:
    """Store a new user; an e-mail that is taken violates the unique constraint."""
    connection.execute(
        sa.insert(user_account).values(
            id=user.id,
            email=user.email,
            name=user.name,
            password_hash=password_hash,
            created_at=user.created_at,
        )
    )


def by_email(connection: sa.Connection, email: str) -> User | None:
    """Return the user of this e-mail."""
    row = connection.execute(sa.select(*_USER).where(user_account.c.email == email)).first()
    return User(**row._asdict()) if row else None


def password_hash(connection: sa.Connection, email: str) -> str | None:
    """Return the hash of a user's password."""
    statement = sa.select(user_account.c.password_hash).where(user_account.c.email == email)
    return connection.execute(statement).scalar_one_or_none()


def set_password(connection: sa.Connection, user_id: UUID, password_hash: str) -> None:
    """Replace the hash of a user's password."""
    connection.execute(
        sa.update(user_account)
        .where(user_account.c.id == user_id)
        .values(password_hash=password_hash)
    )


def join(
    connection: sa.Connection, organization_id: UUID, user_id: UUID, role: Role, now: datetime
) -> None:
    """Make a user a member; a second membership violates the primary key."""
    connection.execute(
        sa.insert(membership).values(
            organization_id=organization_id, user_id=user_id, role=role, created_at=now
        )
    )


def role(connection: sa.Connection, organization_id: UUID, user_id: UUID) -> Role | None:
    """Return a user's role in a business; None when it has none there."""
    statement = sa.select(membership.c.role).where(
        membership.c.organization_id == organization_id, membership.c.user_id == user_id
    )
    return connection.execute(statement).scalar_one_or_none()


def members(connection: sa.Connection, organization_id: UUID) -> list[Member]:
    """Return a business's members by e-mail."""
    statement = (
        sa.select(*_USER, membership.c.role, membership.c.created_at.label("since"))
        .join(membership, membership.c.user_id == user_account.c.id)
        .where(membership.c.organization_id == organization_id)
        .order_by(user_account.c.email)
    )
    return [
        Member(User(row.id, row.email, row.name, row.created_at), row.role, row.since)
        for row in connection.execute(statement)
    ]
