"""Room for updates on a page, and one index where there were two.

Conversations and sessions are written anew with every message. On PostgreSQL a new version of a row
goes beside the old one while the page has room, and no index has to hear of it. The event log of
sessions is only ever read by session, so its key begins with that.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_FILL = {"conversation": 60, "visitor_session": 60, "customer": 80, "event": 80}


def upgrade() -> None:
    """Leave the room, and make the new key."""
    if op.get_bind().dialect.name == "postgresql":
        for table, percent in _FILL.items():
            op.execute(f"ALTER TABLE {table} SET (fillfactor = {percent})")
        op.drop_index("widget_event_session", "widget_event")
        op.drop_constraint("widget_event_pkey", "widget_event")
        op.create_primary_key(
            "widget_event_pkey", "widget_event", ["organization_id", "session_id", "id"]
        )
        return
    op.drop_index("widget_event_session", "widget_event")
    op.rename_table("widget_event", "widget_event_before")
    columns = (
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Uuid()),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("path", sa.String(2048)),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    key = sa.PrimaryKeyConstraint("organization_id", "session_id", "id")
    op.create_table("widget_event", *columns, key)
    names = ", ".join(column.name for column in columns)
    op.execute(f"INSERT INTO widget_event ({names}) SELECT {names} FROM widget_event_before")
    op.drop_table("widget_event_before")
