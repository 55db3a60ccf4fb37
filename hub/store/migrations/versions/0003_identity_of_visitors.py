"""How visitors prove who they are to a widget key: a mode, and the sealed secrets of its site."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add both to keys; a key without them takes no tokens."""
    op.add_column("api_key", sa.Column("identity_mode", sa.String(10)))
    secrets = sa.JSON().with_variant(JSONB(), "postgresql")
    op.add_column("api_key", sa.Column("identity_secrets", secrets))
