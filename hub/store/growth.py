"""What PostgreSQL knows of tables that grow fast.

It plans by what it knew of a table when it looked last, and a plan that is kept is not reconsidered
before it looks again. Every index of ours begins with the business, so for a table that it knows as
empty one looks as good as another, and a wrong one reads all rows of the business for each that is
asked for. By itself it looks within a minute, in which a new hub may have taken ten thousand
messages in.
"""

import asyncio
from collections.abc import Awaitable, Callable

import sqlalchemy as sa
import structlog

from hub.errors import Unavailable
from hub.store import tables

FIRST, EACH = 4, 4
"""It is told to look after so many batches, and again when there were so many times as many."""
_TIMES = 4
"""A table is looked at that has become so many times as long."""
_TABLES = (
    tables.customer,
    tables.customer_identity,
    tables.conversation,
    tables.visitor,
    tables.visitor_session,
    tables.message,
    tables.widget_event,
    tables.event,
)
_GROWN = sa.text(f"""
    SELECT relname FROM pg_class
    WHERE relname = ANY(:names) AND relkind = 'r' AND pg_table_is_visible(oid)
      AND pg_relation_size(oid)
          > {_TIMES} * greatest(relpages, 1) * current_setting('block_size')::bigint
""")  # noqa: S608 - numbers of ours
Read = Callable[[Callable[[sa.Connection], None]], Awaitable[None]]

log = structlog.get_logger(__name__)


class Growth:
    """Tells PostgreSQL to look, beside the work of a process that stores messages."""

    def __init__(self, read: Read) -> None:
        """Look through `read`, which runs work without a transaction."""
        self._read = read
        self._batches = 0
        self._next = FIRST
        self._look: asyncio.Task[None] | None = None

    def note_batch(self) -> None:
        """Count a batch that was stored; this returns at once."""
        self._batches += 1
        if self._batches >= self._next and (self._look is None or self._look.done()):
            self._next = self._batches * EACH
            self._look = asyncio.create_task(self._have_a_look())

    async def close(self) -> None:
        """Return when nobody looks any more."""
        if self._look is not None:
            await self._look

    async def _have_a_look(self) -> None:
        try:
            await self._read(look)
        except Unavailable:
            log.info("statistics_not_renewed")


def look(connection: sa.Connection) -> None:
    """Renew what is known of tables that have grown much; nobody who looks is waited for."""
    names = [table.name for table in _TABLES]
    grown = connection.execute(_GROWN, {"names": names}).scalars().all()
    if grown:
        connection.execute(sa.text(f"ANALYZE (SKIP_LOCKED) {', '.join(grown)}"))
        log.info("statistics_renewed", tables=list(grown))
