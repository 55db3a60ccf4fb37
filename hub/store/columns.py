"""What the tables are made of."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

metadata = sa.MetaData()
Json = sa.JSON().with_variant(JSONB(), "postgresql")


class Instant(TypeDecorator[datetime]):
    """A moment: whole milliseconds since the epoch, the same and as comparable on both stores."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | int | None, dialect: Any) -> int | None:  # noqa: ARG002
        """Take an aware datetime, or milliseconds as they are."""
        return milliseconds(value) if isinstance(value, datetime) else value

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        """Give an aware UTC datetime."""
        return None if value is None else datetime.fromtimestamp(value / 1000, UTC)


def milliseconds(moment: datetime) -> int:
    """Return an aware datetime as whole milliseconds since the epoch."""
    return int(moment.timestamp() * 1000)


def id_(name: str = "id", **options: Any) -> sa.Column[Any]:
    """Return a column for an id."""
    return sa.Column(name, sa.Uuid(), nullable=options.pop("nullable", False), **options)


def tenant(name: str, *items: Any) -> sa.Table:
    """Return a table of a business's data: its primary key begins with whose it is."""
    organization = sa.Column("organization_id", sa.Uuid(), primary_key=True)
    return sa.Table(name, metadata, organization, *items)
