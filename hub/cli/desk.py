"""What the commands work with: settings, the database made ready, and the services over it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from hub.errors import CommandError
from hub.sealing import open_sealer
from hub.services.blocks import Blocks
from hub.services.identity import Identity
from hub.services.keys import Keys
from hub.services.organizations import Organizations
from hub.services.users import Users
from hub.settings import Settings, load
from hub.store import schema
from hub.store.database import Database
from hub.store.opening import open_database

T = TypeVar("T")


class Desk:
    """The services that a command uses."""

    def __init__(self, settings: Settings, database: Database) -> None:
        """Put the services over this database."""
        self.settings = settings
        self.database = database
        self.blocks = Blocks(database)
        vault = LateVault(settings)
        self.keys = Keys(database)
        self.identity = Identity(database, vault)
        self.organizations = Organizations(database, vault)
        self.users = Users(database)


class LateVault:
    """The hub's seal, for commands of which few need the hub's secret."""

    def __init__(self, settings: Settings) -> None:
        """Ask for the secret when it is used."""
        self._settings = settings

    def fingerprint(self, text: str) -> str:
        """Return the keyed digest of a legacy secret."""
        return open_sealer(self._settings).fingerprint(text)

    def seal(self, text: str) -> str:
        """Encrypt a secret."""
        return open_sealer(self._settings).seal(text)


def run(work: Callable[[Desk], Awaitable[T]]) -> T:
    """Run work at a desk whose database has this version's schema."""

    async def at_desk() -> T:
        async with desk(load()) as ready:
            return await work(ready)

    return asyncio.run(at_desk())


@contextlib.asynccontextmanager
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    """Open a desk; the embedded database is made and migrated first."""
    database = open_database(settings)
    try:
        await schema.ready(settings, database)
        yield Desk(settings, database)
    finally:
        await database.close()


def require(condition: object, sentence: str) -> None:
    """Raise `CommandError` with this sentence unless the condition holds."""
    if not condition:
        raise CommandError(sentence)
