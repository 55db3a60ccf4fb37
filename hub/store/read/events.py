"""Events, read together with what they happened to."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from hub.events import catalogue
from hub.store import subscriptions
from hub.store.read import conversations, customers, messages, sessions
from hub.store.read.paging import Chunk, Paging, Rows, newest, since
from hub.store.read.records import EventRecord
from hub.store.tables import event

Some = Callable[[sa.Connection, UUID, Iterable[UUID]], Mapping[UUID, Any]]

_READERS: dict[catalogue.Subject, Some] = {
    "message": messages.some,
    "customer": customers.some,
    "conversation": conversations.some,
    "session": sessions.some,
    "hook": subscriptions.as_they_are,
}


class EventFilter(Struct, frozen=True, kw_only=True):
    """Which events are wanted; every condition has to hold."""

    type: str | None = None
    since: datetime | None = None


def listed(
    connection: sa.Connection, organization_id: UUID, wanted: EventFilter, paging: Paging
) -> Chunk[EventRecord]:
    """Return a page of the organization's events, newest first.

    Events of what was deleted since are left out, so that a page may hold fewer than its limit.
    """
    statement = _events(organization_id)
    if wanted.type is not None:
        statement = statement.where(event.c.type == wanted.type)
    if wanted.since is not None:
        statement = statement.where(since(event, wanted.since))
    rows, last_id = newest(connection, statement, event.c.id, paging)
    return Chunk(_records(connection, organization_id, rows), last_id)


def some(
    connection: sa.Connection, organization_id: UUID, event_ids: Iterable[UUID]
) -> list[EventRecord]:
    """Return the events with these ids, oldest first."""
    statement = _events(organization_id).where(event.c.id.in_(set(event_ids)))
    rows = connection.execute(statement.order_by(event.c.id)).mappings().all()
    return _records(connection, organization_id, rows)


def _events(organization_id: UUID) -> sa.Select[Any]:
    e = event.c
    return sa.select(e.id, e.organization_id, e.type, e.subject_id, e.details, e.created_at).where(
        e.organization_id == organization_id, e.type.in_(catalogue.BY_NAME)
    )


def _records(connection: sa.Connection, organization_id: UUID, rows: Rows) -> list[EventRecord]:
    subjects: dict[UUID, Any] = {}
    for kind, read in _READERS.items():
        wanted = [
            row["subject_id"] for row in rows if catalogue.BY_NAME[row["type"]].subject == kind
        ]
        if wanted:
            subjects |= read(connection, organization_id, wanted)
    return [
        EventRecord(
            id=row["id"],
            organization_id=row["organization_id"],
            type=row["type"],
            created_at=row["created_at"],
            details=row["details"],
            subject=subjects[row["subject_id"]],
        )
        for row in rows
        if row["subject_id"] in subjects
    ]
