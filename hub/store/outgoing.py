"""The tables of what goes out: who wants to be told of events, and what became of it."""

import sqlalchemy as sa

from hub.store.columns import Instant, Json, id_, tenant
from hub.store.tables import metadata

__all__ = ["delivery", "delivery_attempt", "metadata", "subscription"]

# Who wants to be told of events: on the wire a hook. Its secrets are encrypted at rest.
subscription = tenant(
    "subscription",
    id_(primary_key=True),
    id_("key_id"),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("events", Json, nullable=False),
    sa.Column("direction", sa.String(10)),
    sa.Column("channel", sa.String(63)),
    sa.Column("adapter", sa.String(63), nullable=False),
    sa.Column("description", sa.String(200), nullable=False),
    # What makes it the same one when it is asked for again: a digest of its url and events.
    sa.Column("likeness", sa.String(64), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("disabled_reason", sa.String(20)),
    sa.Column("secret", sa.Text, nullable=False),
    sa.Column("previous_secret", sa.Text),
    sa.Column("previous_expires_at", Instant),
    sa.Column("failing_since", Instant),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.UniqueConstraint("organization_id", "key_id", "likeness", name="subscription_alike"),
)

# One event for one subscription, until it has arrived or nobody tries any more.
delivery = tenant(
    "delivery",
    id_(primary_key=True),
    id_("subscription_id"),
    id_("event_id"),
    sa.Column("event_type", sa.String(40), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    # Those of them that were made before somebody had it tried anew.
    sa.Column("earlier", sa.Integer, nullable=False),
    sa.Column("available_at", Instant, nullable=False),
    id_("lease_token", nullable=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.UniqueConstraint("organization_id", "subscription_id", "event_id", name="delivery_once"),
    sa.Index("delivery_of", "organization_id", "subscription_id", "id"),
    sa.Index(
        "delivery_waiting",
        "organization_id",
        "subscription_id",
        "available_at",
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    ),
)

delivery_attempt = tenant(
    "delivery_attempt",
    id_("delivery_id", primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("status", sa.Integer),
    sa.Column("error", sa.String(40)),
    sa.Column("milliseconds", sa.Integer, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)
