"""Who is told of events, and what became of each delivery."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"

Json = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    subscriptions()
    deliveries()
    attempts()


def _id(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), nullable=null)


def _text(name: str, length: int | None, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length) if length else sa.Text(), nullable=null)


def _instant(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def subscriptions() -> None:
    """Who wants to be told."""
    op.create_table(
        "subscription",
        _id("organization_id"),
        _id("id"),
        _id("key_id"),
        _text("url", None),
        sa.Column("events", Json, nullable=False),
        _text("direction", 10, null=True),
        _text("channel", 63, null=True),
        _text("adapter", 63),
        _text("description", 200),
        _text("likeness", 64),
        _text("state", 10),
        _text("disabled_reason", 20, null=True),
        _text("secret", None),
        _text("previous_secret", None, null=True),
        _instant("previous_expires_at", null=True),
        _instant("failing_since", null=True),
        _instant("created_at"),
        _instant("updated_at"),
        sa.PrimaryKeyConstraint("organization_id", "id"),
        sa.UniqueConstraint("organization_id", "key_id", "likeness", name="subscription_alike"),
    )


def deliveries() -> None:
    """One event for one subscription."""
    op.create_table(
        "delivery",
        _id("organization_id"),
        _id("id"),
        _id("subscription_id"),
        _id("event_id"),
        _text("event_type", 40),
        _text("state", 10),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("earlier", sa.Integer(), nullable=False),
        _instant("available_at"),
        _id("lease_token", null=True),
        _instant("created_at"),
        _instant("updated_at"),
        sa.PrimaryKeyConstraint("organization_id", "id"),
        sa.UniqueConstraint(
            "organization_id", "subscription_id", "event_id", name="delivery_once"
        ),
    )
    op.create_index("delivery_of", "delivery", ["organization_id", "subscription_id", "id"])
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "delivery_waiting",
        "delivery",
        ["organization_id", "subscription_id", "available_at"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )


def attempts() -> None:
    """Each time that somebody tried to deliver."""
    op.create_table(
        "delivery_attempt",
        _id("organization_id"),
        _id("delivery_id"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer()),
        _text("error", 40, null=True),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        _text("answer", None),
        _instant("created_at"),
        sa.PrimaryKeyConstraint("organization_id", "delivery_id", "number"),
    )
