"""Visitors who were let in and stay: whether somebody has blocked them meanwhile."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec import Struct

from hub.store import blocks
from hub.store.blocks import Visit, place
from hub.store.database import Connection, Database
from hub.store.front import LOOKUP_SECONDS, Front
from hub.store.questions import ask
from hub.store.write import credentials


class Guest(Struct, frozen=True):
    """Whoever was let in: with which key, from where, under which name."""

    credential: bytes
    ip: str
    visit: Visit


class Guests:
    """Looks after them by the same look-ups that let them in."""

    def __init__(self, database: Database) -> None:
        """Read from this database."""
        self._front = Front(database, LOOKUP_SECONDS)

    async def blocks(
        self, organizations: Collection[UUID], seconds: float
    ) -> dict[UUID, set[UUID]]:
        """Return the blocks that these businesses have made in the last seconds."""
        since = datetime.now(UTC) - timedelta(seconds=seconds)
        return await self._front.read(lambda c: blocks.recent(c, organizations, since))

    async def kept_out(self, guests: Sequence[Guest]) -> set[Guest]:
        """Return those of these who would not be let in now, because they are blocked."""
        now = datetime.now(UTC)
        knocks = {guest: (guest.credential, place(guest.ip)) for guest in guests}

        def work(connection: Connection) -> set[Guest]:
            keys = credentials.knocked(connection, set(knocks.values()), now)
            visits = {guest.visit for guest in guests}
            (named,) = ask(connection, blocks.visitors_of(visits, now))
            shut = {knock for knock, key in keys.items() if key.kept_out}
            return {guest for guest in guests if guest.visit in named or knocks[guest] in shut}

        return await self._front.read(work)
