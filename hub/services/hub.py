"""The hub as plugins, handlers and commands see it: one object, its services as attributes."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from hub.accept import identities, statuses
from hub.accept.batch import Acceptor
from hub.accept.draft import Entry, Traits
from hub.contracts import Accepted, Arrival, Brought, Caller, Channel, Message, Signal, StatusChange
from hub.deliveries.guard import Guard
from hub.errors import BadRequest
from hub.events.live import Hint, Live, topic_of_visitor
from hub.hooks import Hooks
from hub.sealing import Sealer
from hub.services.blocks import Blocks
from hub.services.connections import Connections, PluginConnections
from hub.services.customers import Customers
from hub.services.identity import Identity
from hub.services.inbox import Inbox
from hub.services.keys import Keys
from hub.services.organizations import Organizations
from hub.services.signals import Signals
from hub.services.streams import Streams
from hub.services.subscriptions import Known, Subscriptions
from hub.services.users import Users
from hub.settings import Settings
from hub.store.database import BatchDatabase
from hub.store.front import Front

_ALONE = "A call brings signals alone, or none"


class Hub:
    """Everything one can do with a hub, apart from HTTP."""

    def __init__(
        self, settings: Settings, database: BatchDatabase, hooks: Hooks, sealer: Sealer
    ) -> None:
        """Put the services together over one database."""
        self.settings = settings
        self.database = database
        self.sealer = sealer
        self.hooks = hooks
        self.channels: list[Channel] = hooks.collect("channels")
        self._channel_names = {channel.name for channel in self.channels}
        self.keys = Keys(database)
        self.identity = Identity(database, sealer)
        self.organizations = Organizations(database, sealer)
        self.users = Users(database)
        self.connections = Connections(database, sealer)
        self._front = Front(database)
        self.inbox = Inbox(self._front)
        self.customers = Customers(self._front)
        self.blocks = Blocks(self._front)
        self.adapters = {adapter.name: adapter for adapter in hooks.collect("adapters")}
        self.guard = Guard(
            allow_http=settings.webhook_allow_http, allowed=settings.webhook_allow_subnets
        )
        known = Known(channels=self._channel_names, adapters=self.adapters)
        self.subscriptions = Subscriptions(self._front, sealer, self.guard, known)
        self.live = Live(alone=settings.embedded)
        self.streams = Streams(database, self.live)
        self._signals = Signals(self._front, self.streams, self.live)
        self.on_accepted: Callable[[], None] = lambda: None
        """Called after a commit that left events: wakes the worker of the same process."""
        self.on_delivery: Callable[[], None] = lambda: None
        """Called when something waits to be delivered that is no event."""
        self.waiting = 0
        """How many messages are on their way into the store."""
        self._acceptor = Acceptor(database, partial(_traits, hooks, self.channels))

    async def accept(self, entries: Sequence[Brought], arrival: Arrival) -> list[Accepted | None]:
        """Store what a call brought, and return once all of it is committed.

        Answers in order, None for what is no message. One that is refused raises after the others
        are done.
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
        await self.streams.close()
        await self.database.close()

    def _check(self, message: Message) -> None:
        """Refuse a reply that names a channel there is not."""
        if message.reply_channel and message.reply_channel not in self._channel_names:
            names = ", ".join(sorted(self._channel_names))
            raise BadRequest(fields={"channel": [f"Use one of: {names}"]})

    async def _accept_all(
        self, entries: Sequence[Brought], arrival: Arrival
    ) -> list[Accepted | None]:
        if entries and isinstance(entries[0], Signal):
            return await self._take(entries, arrival)
        if len(entries) == 1:
            return [await self._accept(entries[0], arrival)]
        answers = await asyncio.gather(
            *(self._accept(entry, arrival) for entry in entries), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return [answer for answer in answers if not isinstance(answer, BaseException)]

    async def _take(self, entries: Sequence[Brought], arrival: Arrival) -> list[Accepted | None]:
        signals = [entry for entry in entries if isinstance(entry, Signal)]
        if len(signals) != len(entries):
            raise TypeError(_ALONE)
        await self._signals.take(signals, arrival)
        return [None] * len(signals)

    async def _accept(self, message: Brought, arrival: Arrival) -> Accepted | None:
        if isinstance(message, StatusChange):
            await self._change(message, arrival.caller.organization_id)
            return None
        if isinstance(message, Signal):
            raise TypeError(_ALONE)
        self._check(message)
        contributed = self.hooks.collect("identities", message=message)
        proved = identities.of_message(message, arrival, contributed)
        accepted = await self._acceptor.accept(Entry(message, arrival, proved))
        if self.live.heard and not accepted.duplicate:
            self.live.tell([_hint(accepted, arrival.caller)])
        return accepted

    async def _change(self, change: StatusChange, organization_id: UUID) -> None:
        now = datetime.now(UTC)
        if await self._front.write(lambda c: statuses.change(c, organization_id, change, now)):
            self.live.tell([Hint("status", organization_id)])


def _hint(accepted: Accepted, caller: Caller) -> Hint:
    whose = caller.organization_id
    # A browser may wait for a conversation that it has just begun.
    name = accepted.visitor_id if caller.kind == "widget" else None
    visitor = topic_of_visitor(whose, caller.scope, name) if name else None
    return Hint("message", whose, accepted.conversation_id, visitor)


def _traits(hooks: Hooks, channels: Sequence[Channel]) -> Traits:
    return Traits(
        sending=frozenset(channel.name for channel in channels if channel.sends),
        replies_only=frozenset(channel.name for channel in channels if channel.replies_only),
        told=hooks.has("message_accepted"),
        without_sessions=frozenset(c.name for c in channels if not c.has_sessions),
    )
