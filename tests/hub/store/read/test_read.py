"""The store's reading, on either store: how many statements it takes."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from hub import ids
from hub.settings import Settings
from hub.store import outbox, rows, tables
from hub.store.database import Database
from hub.store.opening import open_database
from hub.store.read import conversations, customers, events, messages, sessions
from hub.store.read.paging import Paging
from hub.store.states import NewEvent

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
AT = tables.milliseconds(NOW)
ORGANIZATION, OTHER = ids.new(), ids.new()
MANY = 20


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with many conversations of one message each."""
    database = open_database(Settings(database_url=database_url))
    await database.write(_fill)
    yield database
    await database.close()


@pytest.mark.parametrize(
    ("listed", "wanted", "statements"),
    [
        (messages.listed, messages.MessageFilter(), 2),
        (conversations.listed, conversations.ConversationFilter(), 2),
        (customers.listed, customers.CustomerFilter(visitor_id="v1", text="jane"), 1),
        (sessions.listed, sessions.SessionFilter(), 1),
        (events.listed, events.EventFilter(), 1 + 2 + 1 + 2 + 1),
    ],
)
async def test_page_costs_as_many_statements_as_it_has_kinds(
    database: Database, listed: Any, wanted: Any, statements: int
) -> None:
    """However many rows it has."""

    def read(connection: sa.Connection) -> tuple[int, int]:
        with _counted() as seen:
            chunk = listed(connection, ORGANIZATION, wanted, Paging(limit=MANY))
        return len(chunk.items), len(seen)

    assert await database.read(read) == (MANY, statements)


async def test_another_organization_finds_nothing(database: Database) -> None:
    """Every statement asks for the organization's rows only."""

    def read(connection: sa.Connection) -> list[int]:
        chunks = [
            messages.listed(connection, OTHER, messages.MessageFilter(), Paging()),
            conversations.listed(connection, OTHER, conversations.ConversationFilter(), Paging()),
            customers.listed(connection, OTHER, customers.CustomerFilter(), Paging()),
            sessions.listed(connection, OTHER, sessions.SessionFilter(), Paging()),
            events.listed(connection, OTHER, events.EventFilter(), Paging()),
        ]
        return [len(chunk.items) for chunk in chunks]

    assert await database.read(read) == [0] * 5


async def test_message_whose_customer_is_gone_is_left_out(database: Database) -> None:
    """An erasure between two statements of a reader shows nothing of the erased."""
    await database.write(lambda c: c.execute(sa.delete(tables.customer)))

    chunk = await database.read(
        lambda c: messages.listed(c, ORGANIZATION, messages.MessageFilter(), Paging())
    )

    assert list(chunk.items) == []


async def test_event_whose_subject_is_gone_is_left_out(database: Database) -> None:
    """The page still leads to the next one."""
    await database.write(lambda c: c.execute(sa.delete(tables.visitor_session)))
    wanted = events.EventFilter(type="visitor.identified")

    chunk = await database.read(lambda c: events.listed(c, ORGANIZATION, wanted, Paging(limit=5)))

    assert list(chunk.items) == []
    assert chunk.last_id is not None


async def test_events_by_id_come_oldest_first(database: Database) -> None:
    """As a deliverer wants them."""
    listed = await database.read(
        lambda c: events.listed(c, ORGANIZATION, events.EventFilter(), Paging(limit=3))
    )
    wanted = [item.id for item in listed.items]

    found = await database.read(lambda c: events.some(c, ORGANIZATION, wanted))

    assert [item.id for item in found] == wanted[::-1]


async def test_whatsapp_names_and_window_belong_to_the_customer(database: Database) -> None:
    """The latest id, and when the customer last wrote there."""
    chunk = await database.read(
        lambda c: customers.listed(c, ORGANIZATION, customers.CustomerFilter(), Paging(limit=1))
    )

    (customer,) = chunk.items
    assert (customer.wa_id, customer.wa_user_id) == ("15551234567", None)
    assert (customer.wa_inbound_at, customer.last_message_at) == (NOW, NOW)


def _fill(connection: sa.Connection) -> None:
    """Write many customers, each with one of everything."""
    for _ in range(MANY):
        customer, conversation, message, session = (ids.new() for _ in range(4))
        named = {
            "customer": customer,
            "conversation": conversation,
            "message": message,
            "visitor_session": session,
            "customer_identity": None,
        }
        places = {"customer_id": customer, "conversation_id": conversation}
        for table, id_ in named.items():
            _insert(connection, table, {"id": id_, "match_key": customer.hex, **places})
        happened = {
            "message.created": message,
            "customer.created": customer,
            "conversation.created": conversation,
            "visitor.identified": session,
        }
        new = [NewEvent(ORGANIZATION, name, subject) for name, subject in happened.items()]
        outbox.append(connection, new, NOW)


_VALUES: dict[str, Any] = {
    "organization_id": ORGANIZATION,
    "display_name": "Jane",
    "attributes": {},
    "kind": "wa_id",
    "scope": "",
    "value": "15551234567",
    "verified_by": "connection",
    "channel": "whatsapp",
    "last_seq": 1,
    "key_scope": ORGANIZATION,
    "visitor_id": "v1",
    "verified": True,
    "message_count": 1,
    "source": "s",
    "direction": "inbound",
    "type": "text",
    "body": "hi",
    "status": "open",
    "seq": 1,
    "author": "customer",
}


def _insert(connection: sa.Connection, table: str, values: dict[str, Any]) -> None:
    """Insert a row with whichever of the values the table has a column for, its moments now."""
    kept = tables.metadata.tables[table]
    known = _VALUES | values
    row = {name: known[name] for name in kept.c.keys() & known.keys()}
    moments = [column.name for column in kept.c if isinstance(column.type, tables.Instant)]
    told = [name for name in moments if name not in {"created_at", "updated_at", "available_at"}]
    form = rows.Form(kept, (*row, *told))
    rows.write(connection, [rows.Write(form, [row | dict.fromkeys(told, AT)])], NOW)


@contextmanager
def _counted() -> Iterator[list[str]]:
    """Collect the statements that are executed meanwhile."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
