"""The first schema."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

Json = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Make every table."""
    businesses()
    credentials()
    people()
    conversations()
    sessions()
    messages()
    events()


def _id(name: str = "id", *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), nullable=null)


def _text(name: str, length: int, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), nullable=null)


def _json(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Json, nullable=null)


def _instant(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def _index(table: str, name: str, *columns: str, where: str | None = None, once: bool = False) -> None:
    given = sa.text(where) if where else None
    full = f"{table}_{name}"
    op.create_index(
        full, table, columns, unique=once, sqlite_where=given, postgresql_where=given
    )


def businesses() -> None:
    """Organizations, the people who answer for them, and who belongs where."""
    op.create_table(
        "organization",
        _id(),
        _text("slug", 63),
        _text("name", 200),
        _json("settings"),
        _instant("created_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
    )
    op.create_table(
        "user_account",
        _id(),
        _text("email", 320),
        _text("name", 200, null=True),
        _text("password_hash", 200),
        _instant("created_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
    )
    op.create_table(
        "membership",
        _id("organization_id"),
        _id("user_id"),
        _text("role", 10),
        _instant("created_at"),
        sa.PrimaryKeyConstraint("organization_id", "user_id"),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"]),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"]),
    )


def credentials() -> None:
    """Keys, legacy secrets, connections."""
    op.create_table(
        "api_key",
        _id(),
        _id("organization_id"),
        _text("kind", 10),
        _text("label", 200),
        _text("prefix", 12),
        _json("allowed_origins"),
        _instant("created_at"),
        _instant("expires_at", null=True),
        _instant("revoked_at", null=True),
        _instant("last_used_at", null=True),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"]),
    )
    _index("api_key", "organization", "organization_id", "id")
    op.create_table(
        "api_key_secret",
        _text("digest", 64),
        _id("key_id"),
        _instant("created_at"),
        _instant("expires_at", null=True),
        sa.PrimaryKeyConstraint("digest"),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"]),
    )
    _index("api_key_secret", "key", "key_id")
    op.create_table(
        "legacy_secret",
        _id("organization_id"),
        _text("digest", 64),
        _instant("created_at"),
        sa.PrimaryKeyConstraint("organization_id"),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"]),
    )
    connections()


def connections() -> None:
    """What plugins keep for an organization."""
    op.create_table(
        "connection",
        _id(),
        _id("organization_id"),
        _text("plugin", 63),
        _text("external_key", 255),
        _json("data"),
        sa.Column("secrets", sa.Text(), nullable=False),
        _instant("created_at"),
        _instant("updated_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"]),
        sa.UniqueConstraint("organization_id", "plugin", "external_key", name="connection_external"),
    )


def people() -> None:
    """Customers, what identifies them, and the browsers they came with."""
    op.create_table(
        "customer",
        _id("organization_id"),
        _id(),
        _text("display_name", 200, null=True),
        _text("phone_e164", 16, null=True),
        _text("email", 320, null=True),
        _text("external_user_id", 255, null=True),
        _json("attributes"),
        _instant("created_at"),
        _instant("updated_at"),
        sa.PrimaryKeyConstraint("organization_id", "id"),
    )
    op.create_table(
        "customer_identity",
        _id("organization_id"),
        _text("kind", 20),
        _text("match_key", 320),
        _text("scope", 64),
        _text("value", 320),
        _id("customer_id"),
        _text("verified_by", 20),
        _instant("created_at"),
        sa.PrimaryKeyConstraint("organization_id", "kind", "match_key", "scope"),
    )
    _index("customer_identity", "customer", "organization_id", "customer_id")
    op.create_table(
        "visitor",
        _id("organization_id"),
        _id("key_id"),
        _text("visitor_id", 255),
        _text("secret_digest", 64, null=True),
        _instant("secret_since", null=True),
        _instant("created_at"),
        sa.PrimaryKeyConstraint("organization_id", "key_id", "visitor_id"),
    )


def conversations() -> None:
    """One conversation per customer and channel."""
    op.create_table(
        "conversation",
        _id("organization_id"),
        _id(),
        _id("customer_id"),
        _text("channel", 63),
        _text("status", 10),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        _instant("last_message_at"),
        _instant("last_inbound_at", null=True),
        _id("last_session_id", null=True),
        _instant("created_at"),
        _instant("updated_at"),
        sa.PrimaryKeyConstraint("organization_id", "id"),
        sa.UniqueConstraint("organization_id", "customer_id", "channel", name="conversation_one"),
    )


def sessions() -> None:
    """Visits, of which one is open per visitor and key."""
    op.create_table(
        "visitor_session",
        _id("organization_id"),
        _id(),
        _id("key_id", null=True),
        _id("key_scope"),
        _text("visitor_id", 255),
        _id("customer_id"),
        _id("conversation_id"),
        _text("ip_address", 45, null=True),
        _text("user_agent", 500, null=True),
        _text("referer", 2048, null=True),
        _text("landing_path", 2048, null=True),
        _text("country_code", 2, null=True),
        _text("city", 200, null=True),
        _text("external_user_id", 255, null=True),
        _text("external_email", 320, null=True),
        _text("external_name", 200, null=True),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("message_count", sa.Integer(), nullable=False),
        _instant("first_seen_at"),
        _instant("last_seen_at"),
        _instant("closed_at", null=True),
        sa.PrimaryKeyConstraint("organization_id", "id"),
    )
    open_one = ("organization_id", "key_scope", "visitor_id")
    _index("visitor_session", "open", *open_one, where="closed_at IS NULL", once=True)
    _index("visitor_session", "visitor", "organization_id", "visitor_id", "id")
    _index("visitor_session", "customer", "organization_id", "customer_id", "id")


def messages() -> None:
    """Messages, each once per source."""
    op.create_table(
        "message",
        _id("organization_id"),
        _id(),
        _id("conversation_id"),
        _id("customer_id"),
        _id("session_id", null=True),
        _id("key_id", null=True),
        _text("channel", 63),
        _text("source", 400),
        _text("provider_message_id", 255, null=True),
        _text("direction", 10),
        _text("type", 20),
        sa.Column("body", sa.Text(), nullable=False),
        _text("status", 10),
        _instant("status_at", null=True),
        _json("error", null=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        _id("reply_to_id", null=True),
        _text("author", 10),
        _json("attachments", null=True),
        _json("template", null=True),
        _json("reactions", null=True),
        _instant("occurred_at"),
        _instant("created_at"),
        _instant("updated_at"),
        sa.PrimaryKeyConstraint("organization_id", "id"),
        sa.UniqueConstraint("organization_id", "conversation_id", "seq", name="message_seq"),
    )
    named, once = "provider_message_id IS NOT NULL", ("source", "provider_message_id")
    _index("message", "once", "organization_id", *once, where=named, once=True)
    _index("message", "customer", "organization_id", "customer_id", "id")


def events() -> None:
    """What happened in the widget, and the outbox."""
    op.create_table(
        "widget_event",
        _id("organization_id"),
        _id(),
        _id("session_id"),
        _id("key_id", null=True),
        _text("kind", 20),
        _text("path", 2048, null=True),
        _instant("created_at"),
        sa.PrimaryKeyConstraint("organization_id", "id"),
    )
    _index("widget_event", "session", "organization_id", "session_id", "id")
    op.create_table(
        "event",
        _id("organization_id"),
        _id(),
        _text("type", 40),
        _id("subject_id"),
        _json("details"),
        _instant("created_at"),
        _text("state", 10),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _instant("available_at"),
        _id("lease_token", null=True),
        sa.PrimaryKeyConstraint("organization_id", "id"),
    )
    _index("event", "waiting", "available_at", where="state = 'waiting'")
