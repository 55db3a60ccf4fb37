"""Who is told of events: on the wire hooks. Make, change and end them, and see what arrived.

A secret leaves this module once, in the answer to `create` or `rotate`; it is sealed at rest.
"""

from collections.abc import Collection
from datetime import datetime
from functools import partial
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from hub import ids
from hub.contracts import Caller
from hub.deliveries import recovery, signing
from hub.errors import Conflict, NotFound
from hub.events.catalogue import HOOK_TEST
from hub.services import subscribing
from hub.services.forms import Form, now
from hub.services.subscribing import Wanted
from hub.store import deliveries, outbox
from hub.store import subscriptions as store
from hub.store.database import Connection, Contended, Database
from hub.store.deliveries import NewDelivery
from hub.store.front import Front
from hub.store.read import deliveries as read
from hub.store.read.paging import Chunk, Paging
from hub.store.states import NewEvent
from hub.store.subscriptions import Subscription, SubscriptionFilter
from hub.store.tables import milliseconds

_DESCRIPTION = 200


class Vault(Protocol):
    """What is needed of the hub's secrets; `hub.sealing.Sealer` is one."""

    def seal(self, text: str) -> str:
        """Encrypt a secret."""


class Addresses(Protocol):
    """What decides where one may connect to; `hub.deliveries.guard.Guard` is one."""

    def refusal(self, url: str) -> str | None:
        """Return what is wrong with an address, and the cure."""


class Known(Struct, frozen=True, kw_only=True):
    """What may be named in a subscription."""

    channels: Collection[str]
    adapters: Collection[str]


class Made(Struct, frozen=True):
    """A subscription and its secret, which cannot be had again."""

    subscription: Subscription
    secret: str
    is_new: bool


class Subscriptions:
    """Makes, changes and ends an organization's subscriptions."""

    def __init__(
        self, database: Database | Front, vault: Vault, addresses: Addresses, known: Known
    ) -> None:
        """Keep them in this database, their secrets sealed by this vault."""
        self._database = database
        self._vault = vault
        self._addresses = addresses
        self._known = known

    async def create(self, caller: Caller, wanted: Wanted) -> Made:
        """Tell this address of events, from the next one on.

        The same key, address and events again is the same subscription: it gets a new secret (the
        old one also signs for 24 h), the new filter, and is switched on. Raises `BadRequest` that
        names all bad fields, `Conflict` beyond 100 of a key, and `Unauthorized` when the caller
        was revoked meanwhile.
        """
        form = Form()
        self._check(form, wanted)
        form.check()
        secret = signing.new_secret()
        new = subscribing.new(caller, wanted, self._vault.seal(secret))
        work = partial(subscribing.make, caller=caller, new=new)
        try:
            made, is_new = await self._database.write(work)
        except Contended:
            # Another call has just made the same.
            made, is_new = await self._database.write(work)
        return Made(made, secret, is_new)

    async def all(
        self, organization_id: UUID, wanted: SubscriptionFilter, paging: Paging
    ) -> Chunk[Subscription]:
        """Return a page of the organization's, newest first."""
        return await self._database.read(
            lambda c: store.listed(c, organization_id, wanted, paging, now())
        )

    async def get(self, organization_id: UUID, subscription_id: UUID) -> Subscription:
        """Return one, or raise `NotFound`."""
        return await self._database.read(
            lambda c: subscribing.there(c, organization_id, subscription_id)
        )

    async def change(
        self, organization_id: UUID, subscription_id: UUID, wanted: Wanted, state: str | None
    ) -> Subscription:
        """Give it this address and these events; `active` or `disabled` switches it.

        Raises `NotFound`, `BadRequest` that names all bad fields, and `Conflict` when its key has
        another one that is the same.
        """
        form = Form()
        self._check(form, wanted)
        form.check()
        values = {
            "url": wanted.url,
            "events": list(wanted.events),
            "direction": wanted.direction,
            "channel": wanted.channel,
            "description": wanted.description,
            "likeness": subscribing.likeness(wanted.url, wanted.events),
            "updated_at": now(),
        }

        def work(connection: Connection) -> Subscription:
            known = subscribing.there(connection, organization_id, subscription_id)
            store.change(connection, known, **values)
            subscribing.switch(connection, known, state)
            return subscribing.there(connection, organization_id, subscription_id)

        try:
            return await self._database.write(work)
        except Contended as error:
            raise Conflict("The key has another hook with this url and these events") from error

    async def remove(self, organization_id: UUID, subscription_id: UUID) -> None:
        """Tell it nothing any more and forget it; `NotFound` when there is none."""
        if not await self._database.write(
            lambda c: store.delete(c, organization_id, subscription_id)
        ):
            raise NotFound
        target = (organization_id, subscription_id)
        while await self._database.write(lambda c: deliveries.forget(c, target, None)):
            pass

    async def rotate(self, organization_id: UUID, subscription_id: UUID) -> Made:
        """Give it a new secret; the old one also signs for 24 h, one before that no more."""
        secret = signing.new_secret()
        sealed = self._vault.seal(secret)

        def work(connection: Connection) -> Subscription:
            known = subscribing.there(connection, organization_id, subscription_id)
            return subscribing.renewed(connection, known, sealed)

        return Made(await self._database.write(work), secret, is_new=False)

    async def test(self, organization_id: UUID, subscription_id: UUID) -> UUID:
        """Send it a `hook.test` event; return the delivery. `Conflict` when it is switched off."""

        def work(connection: Connection) -> UUID:
            known, at = subscribing.there(connection, organization_id, subscription_id), now()
            if known.status != "active":
                raise Conflict(f"The hook is {known.status}: switch it on first")
            event_id, stamp = ids.new(), milliseconds(at)
            event = NewEvent(organization_id, HOOK_TEST, known.id, id=event_id)
            outbox.keep(connection, [event], at)
            new = NewDelivery(organization_id, known.id, event_id, HOOK_TEST, stamp, stamp, stamp)
            deliveries.add(connection, [new])
            return new.id

        return await self._database.write(work)

    async def deliveries(
        self,
        organization_id: UUID,
        subscription_id: UUID,
        wanted: read.DeliveryFilter,
        paging: Paging,
    ) -> Chunk[read.Delivery]:
        """Return a page of what was sent to it, newest first, with every attempt."""

        def work(connection: Connection) -> Chunk[read.Delivery]:
            subscribing.there(connection, organization_id, subscription_id)
            return read.listed(connection, (organization_id, subscription_id), wanted, paging)

        return await self._database.read(work)

    async def retry(self, organization_id: UUID, subscription_id: UUID, delivery_id: UUID) -> None:
        """Send one delivery again, with a schedule of its own; `NotFound` when there is none."""

        def work(connection: Connection) -> bool:
            subscribing.active(connection, organization_id, subscription_id)
            target = (organization_id, subscription_id)
            return deliveries.again(connection, target, delivery_id, now())

        if not await self._database.write(work):
            raise NotFound

    async def recover(self, organization_id: UUID, subscription_id: UUID, since: datetime) -> int:
        """Send all that it did not get of what happened since then; return how many events."""
        queued, after = 0, None
        while True:

            def work(connection: Connection, after: UUID | None = after) -> recovery.Recovered:
                known = subscribing.active(connection, organization_id, subscription_id)
                return recovery.recover(connection, known, since, after, now())

            part = await self._database.write(work)
            queued, after = queued + part.queued, part.last_id
            if after is None:
                return queued

    def _check(self, form: Form, wanted: Wanted) -> None:
        refusal = self._addresses.refusal(wanted.url)
        if refusal:
            form.wrong("url", refusal)
        if wanted.channel is not None and wanted.channel not in self._known.channels:
            form.wrong("filter.channel", f"Use one of: {', '.join(sorted(self._known.channels))}")
        if wanted.adapter not in self._known.adapters:
            form.wrong("source", f"Use one of: {', '.join(sorted(self._known.adapters))}")
        if len(wanted.description) > _DESCRIPTION:
            form.wrong("description", f"At most {_DESCRIPTION} characters")
