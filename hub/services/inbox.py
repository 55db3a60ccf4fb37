"""What a business reads: messages, conversations, sessions, events; and closing a conversation."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

from hub.contracts import Caller
from hub.errors import NotFound, Unauthorized
from hub.events.catalogue import CONVERSATION_CLOSED, CONVERSATION_REOPENED
from hub.store import outbox
from hub.store.database import Connection, Database
from hub.store.read import conversations, events, messages, sessions
from hub.store.read.paging import Chunk, Paging
from hub.store.read.records import (
    ConversationRecord,
    EventRecord,
    MessageRecord,
    SessionRecord,
)
from hub.store.states import NewEvent
from hub.store.write import credentials
from hub.store.write import inbox as write

T = TypeVar("T")
F = TypeVar("F")


class Inbox:
    """Reads what an organization's customers and their visits left.

    What belongs to another organization is not there: `NotFound`, or not in the list.
    """

    def __init__(self, database: Database) -> None:
        """Read from this database."""
        self._database = database

    async def messages(
        self, organization_id: UUID, wanted: messages.MessageFilter, paging: Paging
    ) -> Chunk[MessageRecord]:
        """Return a page of messages, newest first."""
        return await self._page(messages.listed, organization_id, wanted, paging)

    async def message(self, organization_id: UUID, message_id: UUID) -> MessageRecord:
        """Return a message, or raise `NotFound`."""
        return await self._one(messages.one, organization_id, message_id)

    async def conversations(
        self, organization_id: UUID, wanted: conversations.ConversationFilter, paging: Paging
    ) -> Chunk[ConversationRecord]:
        """Return a page of conversations, newest first."""
        return await self._page(conversations.listed, organization_id, wanted, paging)

    async def conversation(
        self, organization_id: UUID, conversation_id: UUID
    ) -> ConversationRecord:
        """Return a conversation, or raise `NotFound`."""
        return await self._one(conversations.one, organization_id, conversation_id)

    async def sessions(
        self, organization_id: UUID, wanted: sessions.SessionFilter, paging: Paging
    ) -> Chunk[SessionRecord]:
        """Return a page of visitor sessions, newest first."""
        return await self._page(sessions.listed, organization_id, wanted, paging)

    async def session(self, organization_id: UUID, session_id: UUID) -> SessionRecord:
        """Return a visitor session, or raise `NotFound`."""
        return await self._one(sessions.one, organization_id, session_id)

    async def events(
        self, organization_id: UUID, wanted: events.EventFilter, paging: Paging
    ) -> Chunk[EventRecord]:
        """Return a page of events, newest first."""
        return await self._page(events.listed, organization_id, wanted, paging)

    async def set_status(
        self, caller: Caller, conversation_id: UUID, status: str
    ) -> ConversationRecord:
        """Give a conversation a status and return it; closing and reopening leave an event.

        Raises `NotFound`, and `Unauthorized` when the caller was revoked meanwhile.
        """
        work = partial(
            _set_status,
            caller=caller,
            conversation_id=conversation_id,
            status=status,
            now=datetime.now(UTC),
        )
        return await self._database.write(work)

    async def _page(
        self,
        listed: Callable[[Connection, UUID, F, Paging], Chunk[T]],
        organization_id: UUID,
        wanted: F,
        paging: Paging,
    ) -> Chunk[T]:
        return await self._database.read(lambda c: listed(c, organization_id, wanted, paging))

    async def _one(
        self, one: Callable[[Connection, UUID, UUID], T | None], organization_id: UUID, id_: UUID
    ) -> T:
        return _there(await self._database.read(lambda c: one(c, organization_id, id_)))


def _set_status(
    connection: Connection, caller: Caller, conversation_id: UUID, status: str, now: datetime
) -> ConversationRecord:
    if caller.credential not in credentials.alive(connection, [caller], now):
        raise Unauthorized
    organization_id = caller.organization_id
    old = _there(write.lock_status(connection, organization_id, conversation_id))
    if status != old:
        write.set_status(connection, organization_id, conversation_id, status, now)
        left = CONVERSATION_REOPENED if old == "closed" else None
        named = CONVERSATION_CLOSED if status == "closed" else left
        new = [NewEvent(organization_id, named, conversation_id)] if named else []
        outbox.append(connection, new, now)
    return _there(conversations.one(connection, organization_id, conversation_id))


def _there(found: T | None) -> T:
    if found is None:
        raise NotFound
    return found
