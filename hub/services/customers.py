"""Customers: find them, and find or create one by what identifies it."""

import asyncio
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from msgspec import Struct

from hub.accept import callers, identities, record
from hub.accept import customers as accept
from hub.accept.draft import Batch, Draft, Entry, Traits
from hub.contracts import Arrival, Caller, Message, Person
from hub.errors import HubError, NotFound, Unavailable
from hub.events.catalogue import CUSTOMER_UPDATED
from hub.store.database import Connection, Contended, Database
from hub.store.front import WORK_SECONDS, within
from hub.store.questions import ask
from hub.store.read import customers as read
from hub.store.read.paging import Chunk, Paging
from hub.store.read.records import CustomerRecord
from hub.store.states import NewEvent
from hub.store.write import inbox as write

RERUNS = 8


class Saved(Struct, frozen=True):
    """A customer that was found, or is new."""

    customer: CustomerRecord
    created: bool


class Customers:
    """Reads and makes an organization's customers."""

    def __init__(self, database: Database) -> None:
        """Keep customers in this database."""
        self._database = database

    async def all(
        self,
        organization_id: UUID,
        paging: Paging,
        person: Person = Person(),  # noqa: B008 - frozen
        text: str | None = None,
    ) -> Chunk[CustomerRecord]:
        """Return a page of customers, newest first.

        Those of whom all the person's identities are proved (a phone number in any of its
        writings), who were this visitor, and of whom some field holds the text.
        """
        wanted = read.CustomerFilter(
            identities=identities.of_person(person), visitor_id=person.visitor_id, text=text
        )
        return await self._database.read(lambda c: read.listed(c, organization_id, wanted, paging))

    async def get(self, organization_id: UUID, customer_id: UUID) -> CustomerRecord:
        """Return a customer, or raise `NotFound`."""
        found = await self._database.read(lambda c: read.one(c, organization_id, customer_id))
        if found is None:
            raise NotFound
        return found

    async def save(self, caller: Caller, person: Person, attributes: Mapping[str, Any]) -> Saved:
        """Find the customer of these identities or create it, and add what is told about it.

        Identities of two customers are not merged: the strongest decides, and an event tells.
        Raises `Unauthorized` when the caller was revoked meanwhile.
        """
        return await within(WORK_SECONDS, self._save(caller, person, attributes))

    async def _save(self, caller: Caller, person: Person, attributes: Mapping[str, Any]) -> Saved:
        for attempt in range(RERUNS):
            entry = _entry(caller, person, datetime.now(UTC))
            work = partial(_save, entry=entry, attributes=attributes)
            try:
                return await self._database.write(work)
            except Contended:
                # Somebody claimed one of the identities first; run again, theirs is found.
                await asyncio.sleep(random.uniform(0, 0.005) * attempt)  # noqa: S311 - no secret
        raise Unavailable


def _entry(caller: Caller, person: Person, now: datetime) -> Entry:
    """Return what the accept layer resolves a customer from: a message that is never stored."""
    message = Message(channel="api", source="api", person=person, body="")
    return Entry(message, Arrival(at=now, caller=caller), identities.of_person(person))


def _save(connection: Connection, entry: Entry, attributes: Mapping[str, Any]) -> Saved:
    now, draft = entry.arrival.at, Draft(entry)
    batch = Batch([draft], now, Traits())
    keys, owned, batch.heard = ask(
        connection, callers.asked(batch), accept.asked(batch), record.asked(batch)
    )
    callers.refuse_dead(connection, batch, keys)
    if isinstance(draft.outcome, HubError):
        raise draft.outcome
    accept.resolve(connection, batch, owned)
    accept.write(batch)
    record.write(connection, batch)
    state = draft.customer
    assert state is not None
    organization_id = entry.organization_id
    added = write.add_attributes(connection, organization_id, state.id, attributes, now)
    if added and not state.fresh and not state.changed:
        batch.events.append(NewEvent(organization_id, CUSTOMER_UPDATED, state.id))
    record.events(batch)
    record.write(connection, batch)
    found = read.one(connection, organization_id, state.id)
    assert found is not None
    return Saved(found, created=state.fresh)
