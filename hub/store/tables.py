"""The schema. Alembic's chain in `migrations/` leads to exactly these tables on both stores.

Every table and unique index of a business's data begins with `organization_id`, so that the
schema can be distributed by it. Rows of the ingest path hold no foreign keys: the transaction
that writes them holds their parents' locks (docs/decisions/0003).
"""

import sqlalchemy as sa

from hub.store.columns import Instant, Json, id_, metadata, milliseconds, tenant

__all__ = [
    "Instant",
    "Json",
    "api_key",
    "api_key_secret",
    "block",
    "connection",
    "conversation",
    "customer",
    "customer_identity",
    "event",
    "legacy_secret",
    "membership",
    "message",
    "metadata",
    "milliseconds",
    "organization",
    "user_account",
    "visitor",
    "visitor_session",
    "widget_event",
]

organization = sa.Table(
    "organization",
    metadata,
    id_(primary_key=True),
    sa.Column("slug", sa.String(63), nullable=False, unique=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("settings", Json, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)

user_account = sa.Table(
    "user_account",
    metadata,
    id_(primary_key=True),
    sa.Column("email", sa.String(320), nullable=False, unique=True),
    sa.Column("name", sa.String(200)),
    sa.Column("password_hash", sa.String(200), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)

membership = sa.Table(
    "membership",
    metadata,
    sa.Column("organization_id", sa.Uuid(), sa.ForeignKey("organization.id"), primary_key=True),
    sa.Column("user_id", sa.Uuid(), sa.ForeignKey("user_account.id"), primary_key=True),
    sa.Column("role", sa.String(10), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)

api_key = sa.Table(
    "api_key",
    metadata,
    id_(primary_key=True),
    sa.Column("organization_id", sa.Uuid(), sa.ForeignKey("organization.id"), nullable=False),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("label", sa.String(200), nullable=False),
    sa.Column("prefix", sa.String(12), nullable=False),
    sa.Column("allowed_origins", Json, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant),
    sa.Column("revoked_at", Instant),
    sa.Column("last_used_at", Instant),
    # Of widget keys: how visitors prove who they are (hub/store/admin/identity.py).
    sa.Column("identity_mode", sa.String(10)),
    sa.Column("identity_secrets", Json),
    sa.Index("api_key_organization", "organization_id", "id"),
)

# One key has one living secret, or two for a day after a rotation that asked for it.
api_key_secret = sa.Table(
    "api_key_secret",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("key_id", sa.Uuid(), sa.ForeignKey("api_key.id"), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant),
    sa.Index("api_key_secret_key", "key_id"),
)

legacy_secret = sa.Table(
    "legacy_secret",
    metadata,
    sa.Column("organization_id", sa.Uuid(), sa.ForeignKey("organization.id"), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)

connection = sa.Table(
    "connection",
    metadata,
    id_(primary_key=True),
    sa.Column("organization_id", sa.Uuid(), sa.ForeignKey("organization.id"), nullable=False),
    sa.Column("plugin", sa.String(63), nullable=False),
    sa.Column("external_key", sa.String(255), nullable=False),
    sa.Column("data", Json, nullable=False),
    sa.Column("secrets", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.UniqueConstraint("organization_id", "plugin", "external_key", name="connection_external"),
)

customer = tenant(
    "customer",
    id_(primary_key=True),
    sa.Column("display_name", sa.String(200)),
    sa.Column("phone_e164", sa.String(16)),
    sa.Column("email", sa.String(320)),
    sa.Column("external_user_id", sa.String(255)),
    sa.Column("attributes", Json, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)

# The match key comes before the scope: a trusted caller finds a visitor under any key.
customer_identity = tenant(
    "customer_identity",
    sa.Column("kind", sa.String(20), primary_key=True),
    sa.Column("match_key", sa.String(320), primary_key=True),
    sa.Column("scope", sa.String(64), primary_key=True),
    sa.Column("value", sa.String(320), nullable=False),
    id_("customer_id"),
    sa.Column("verified_by", sa.String(20), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index("customer_identity_customer", "organization_id", "customer_id"),
)

conversation = tenant(
    "conversation",
    id_(primary_key=True),
    id_("customer_id"),
    sa.Column("channel", sa.String(63), nullable=False),
    sa.Column("status", sa.String(10), nullable=False),
    sa.Column("last_seq", sa.Integer, nullable=False),
    sa.Column("last_message_at", Instant, nullable=False),
    sa.Column("last_inbound_at", Instant),
    id_("last_session_id", nullable=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.UniqueConstraint("organization_id", "customer_id", "channel", name="conversation_one"),
)

# First sight of a browser: the secret that proves it later, and since when it may read.
visitor = tenant(
    "visitor",
    sa.Column("key_id", sa.Uuid(), primary_key=True),
    sa.Column("visitor_id", sa.String(255), primary_key=True),
    sa.Column("secret_digest", sa.String(64)),
    sa.Column("secret_since", Instant),
    sa.Column("created_at", Instant, nullable=False),
)

# Whom a business keeps out of its widgets: one visitor of a key, or all places first to last.
block = tenant(
    "block",
    id_(primary_key=True),
    id_("key_id", nullable=True),
    sa.Column("visitor_id", sa.String(255)),
    sa.Column("network", sa.String(43)),
    sa.Column("first", sa.BigInteger),
    sa.Column("last", sa.BigInteger),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant),
    sa.UniqueConstraint("organization_id", "key_id", "visitor_id", name="block_visitor"),
    sa.UniqueConstraint("organization_id", "network", name="block_network"),
    sa.Index("block_span", "organization_id", "first"),
)

visitor_session = tenant(
    "visitor_session",
    id_(primary_key=True),
    id_("key_id", nullable=True),
    id_("key_scope"),
    sa.Column("visitor_id", sa.String(255), nullable=False),
    id_("customer_id"),
    id_("conversation_id"),
    sa.Column("ip_address", sa.String(45)),
    sa.Column("user_agent", sa.String(500)),
    sa.Column("referer", sa.String(2048)),
    sa.Column("landing_path", sa.String(2048)),
    sa.Column("country_code", sa.String(2)),
    sa.Column("city", sa.String(200)),
    sa.Column("external_user_id", sa.String(255)),
    sa.Column("external_email", sa.String(320)),
    sa.Column("external_name", sa.String(200)),
    sa.Column("verified", sa.Boolean, nullable=False),
    sa.Column("message_count", sa.Integer, nullable=False),
    sa.Column("first_seen_at", Instant, nullable=False),
    sa.Column("last_seen_at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
    sa.Index(
        "visitor_session_open",
        "organization_id",
        "key_scope",
        "visitor_id",
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    ),
    sa.Index("visitor_session_visitor", "organization_id", "visitor_id", "id"),
    sa.Index("visitor_session_customer", "organization_id", "customer_id", "id"),
)

message = tenant(
    "message",
    id_(primary_key=True),
    id_("conversation_id"),
    id_("customer_id"),
    id_("session_id", nullable=True),
    id_("key_id", nullable=True),
    sa.Column("channel", sa.String(63), nullable=False),
    sa.Column("source", sa.String(400), nullable=False),
    sa.Column("provider_message_id", sa.String(255)),
    sa.Column("direction", sa.String(10), nullable=False),
    sa.Column("type", sa.String(20), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("status", sa.String(10), nullable=False),
    sa.Column("status_at", Instant),
    sa.Column("error", Json),
    sa.Column("seq", sa.Integer, nullable=False),
    id_("reply_to_id", nullable=True),
    sa.Column("author", sa.String(10), nullable=False),
    sa.Column("attachments", Json),
    sa.Column("template", Json),
    sa.Column("reactions", Json),
    sa.Column("occurred_at", Instant, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Index(
        "message_once",
        "organization_id",
        "source",
        "provider_message_id",
        unique=True,
        sqlite_where=sa.text("provider_message_id IS NOT NULL"),
        postgresql_where=sa.text("provider_message_id IS NOT NULL"),
    ),
    sa.UniqueConstraint("organization_id", "conversation_id", "seq", name="message_seq"),
    sa.Index("message_customer", "organization_id", "customer_id", "id"),
)

widget_event = tenant(
    "widget_event",
    id_("session_id", primary_key=True),
    id_(primary_key=True),
    id_("key_id", nullable=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("path", sa.String(2048)),
    sa.Column("created_at", Instant, nullable=False),
)

# The outbox: a row is written with the thing it tells of, and claimed by a worker after commit.
event = tenant(
    "event",
    id_(primary_key=True),
    sa.Column("type", sa.String(40), nullable=False),
    id_("subject_id"),
    sa.Column("details", Json, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("available_at", Instant, nullable=False),
    id_("lease_token", nullable=True),
    sa.Index(
        "event_waiting",
        "available_at",
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    ),
)
