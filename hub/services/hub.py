"""The hub as plugins, handlers and commands see it: one object, its services as attributes."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from hub.accept import identities, statuses
from hub.accept.batch import Acceptor
from hub.accept.draft import Entry, Traits
from hub.contracts import Accepted, Arrival, Channel, Message, StatusChange
from hub.errors import BadRequest
from hub.hooks import Hooks
from hub.sealing import Sealer
from hub.services.blocks import Blocks
from hub.services.connections import Connections, PluginConnections
from hub.services.customers import Customers
from hub.services.inbox import Inbox
from hub.services.keys import Keys
from hub.services.organizations import Organizations
from hub.services.users import Users
from hub.settings import Settings
from hub.store.database import Database
from hub.store.front import Front


class Hub:
    """Everything one can do with a hub, apart from HTTP."""

    def __init__(
        self, settings: Settings, database: Database, hooks: Hooks, sealer: Sealer
    ) -> None:
        """Put the services together over one database."""
        self.settings = settings
        self.database = database
        self.sealer = sealer
        self.hooks = hooks
        self.channels: list[Channel] = hooks.collect("channels")
        self._channel_names = {channel.name for channel in self.channels}
        self.keys = Keys(database)
        self.organizations = Organizations(database, sealer)
        self.users = Users(database)
        self.connections = Connections(database, sealer)
        self._front = Front(database)
        self.inbox = Inbox(self._front)
        self.customers = Customers(self._front)
        self.blocks = Blocks(self._front)
        self.on_accepted: Callable[[], None] = lambda: None
        """Called after a commit that left events: wakes the worker of the same process."""
        self.waiting = 0
        """How many messages are on their way into the store."""
        self._acceptor = Acceptor(database, partial(_traits, hooks, self.channels))

    async def accept(
        self, entries: Sequence[Message | StatusChange], arrival: Arrival
    ) -> list[Accepted | None]:
        """Store what a call brought, and return once all of it is committed.

        Answers in order, None for a status. One that is refused raises after the others are done.
        Raises `Unavailable` when that takes too long: what is in work by then may still be stored.
        """
        self.waiting += len(entries)
        try:
            answers = await self._accept_all(entries, arrival)
        finally:
            self.waiting -= len(entries)
        self.on_accepted()
        return answers

    def kept(self, plugin: str) -> PluginConnections:
        """Return what a plugin keeps for its businesses."""
        return self.connections.of(plugin)

    async def close(self) -> None:
        """Store what is waiting and close the database."""
        await self._acceptor.close()
        await self.database.close()

    def _check(self, message: Message) -> None:
        """Refuse a reply that names a channel there is not."""
        if message.reply_channel and message.reply_channel not in self._channel_names:
            names = ", ".join(sorted(self._channel_names))
            raise BadRequest(fields={"channel": [f"Use one of: {names}"]})

    async def _accept_all(
        self, entries: Sequence[Message | StatusChange], arrival: Arrival
    ) -> list[Accepted | None]:
        if len(entries) == 1:
            return [await self._accept(entries[0], arrival)]
        answers = await asyncio.gather(
            *(self._accept(entry, arrival) for entry in entries), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return [answer for answer in answers if not isinstance(answer, BaseException)]

    async def _accept(self, message: Message | StatusChange, arrival: Arrival) -> Accepted | None:
        if isinstance(message, StatusChange):
            organization_id, now = arrival.caller.organization_id, datetime.now(UTC)
            await self._front.write(lambda c: statuses.change(c, organization_id, message, now))
            return None
        self._check(message)
        contributed = self.hooks.collect("identities", message=message)
        proved = identities.of_message(message, arrival.caller, contributed)
        return await self._acceptor.accept(Entry(message, arrival, proved))


def _traits(hooks: Hooks, channels: Sequence[Channel]) -> Traits:
    return Traits(
        sending=frozenset(channel.name for channel in channels if channel.sends),
        replies_only=frozenset(channel.name for channel in channels if channel.replies_only),
        told=hooks.has("message_accepted"),
        without_sessions=frozenset(c.name for c in channels if not c.has_sessions),
    )
