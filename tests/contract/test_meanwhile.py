"""What others do between a message's look-ups and its write is neither lost nor undone.

On PostgreSQL nothing is locked in between (docs/decisions/0019); SQLite has one writer, and there
is no in between.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy.util import await_only

from hub import ids
from hub.accept import record, steps
from hub.store import rows, short, tables
from hub.store.database import Connection
from tests.support.app import Api, MakeApi

PERSON = {"phoneE164": "+15551234567"}
VISITOR = {"visitorId": "v_1"}
Deed = Callable[[], Awaitable[httpx.Response]]


@pytest.fixture
def _store() -> str:
    return "postgres"


@pytest.fixture
async def elsewhere(api: Api, make_api: MakeApi) -> httpx.AsyncClient:
    """The same business at another process of the hub."""
    other = await make_api()
    return other.client(api.business.bearer)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Deed], list[bool]]:
    """Have something done once, right before the next batch is written.

    Returns, of each batch that is written then, whether it was without a transaction.
    """

    def prepare(deed: Deed) -> list[bool]:
        write, ways = record.write, []

        def disturbed(connection: Connection, batch: Any) -> None:
            ways.append(rows.is_unlocked(connection))
            if len(ways) == 1:
                reply = await_only(deed())
                assert reply.status_code == 200, reply.text
            write(connection, batch)

        monkeypatch.setattr(steps.record, "write", disturbed)
        return ways

    return prepare


async def message(client: httpx.AsyncClient, path: str = "/messages", **body: Any) -> Any:
    """Send a message, by default one of the person's; return the answer."""
    who = {} if "customerId" in body else {"customer": PERSON}
    reply = await client.post(path, json={"body": "hi", **who, **body})
    assert reply.status_code == 200, reply.text
    return reply.json()


@pytest.mark.parametrize(("tells_who", "journeys"), [(True, 2), (False, 3)])
async def test_a_batch_takes_two_journeys_and_no_transaction(
    api: Api, monkeypatch: pytest.MonkeyPatch, *, tells_who: bool, journeys: int
) -> None:
    """One look-up, one more for who is named by an id, and one statement that writes.

    Each is committed by itself.
    """
    first = await message(api.server)
    who = {} if tells_who else {"customerId": first["customerId"]}
    known, seen = short.records, []

    def counted(connection: Connection, statement: Any, values: Any) -> Any:
        seen.append(rows.is_unlocked(connection))
        return known(connection, statement, values)

    monkeypatch.setattr(short, "records", counted)
    second = await message(api.server, **who)

    assert seen == [True] * journeys
    assert second["sessionId"] == first["sessionId"]


async def test_messages_of_two_processes_are_numbered_one_after_the_other(
    api: Api, elsewhere: httpx.AsyncClient, meanwhile: Callable[[Deed], list[bool]]
) -> None:
    """The one that is written second finds its number taken, and is run again under locks."""
    first = await message(api.server)
    ways = meanwhile(lambda: elsewhere.post("/messages", json={"body": "two", "customer": PERSON}))

    await message(api.server, body="three")

    stored = await api.rows(tables.message)
    assert sorted((row.seq, row.body) for row in stored) == [(1, "hi"), (2, "two"), (3, "three")]
    session = (await api.server.get(f"/sessions/{first['sessionId']}")).json()
    assert session["messageCount"] == 3
    assert ways == [True, True, False]


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
async def test_a_conversation_that_is_closed_meanwhile(
    api: Api, meanwhile: Callable[[Deed], list[bool]], direction: str
) -> None:
    """A reply leaves it closed; the customer's message opens it again, and that is told."""
    first = await message(api.server)
    path = f"/conversations/{first['conversationId']}"
    ways = meanwhile(lambda: api.server.patch(path, json={"status": "closed"}))

    await message(api.server, direction=direction)

    status = (await api.server.get(path)).json()["status"]
    told = [event["type"] for event in (await api.server.get("/events")).json()["data"]]
    opened = direction == "inbound"
    assert status == ("open" if opened else "closed")
    assert told.count("conversation.closed") == 1
    assert told.count("conversation.reopened") == int(opened)
    assert ways == [True, False]


async def test_a_session_keeps_what_another_call_told_meanwhile(
    api: Api, elsewhere: httpx.AsyncClient, meanwhile: Callable[[Deed], list[bool]]
) -> None:
    """Two people share a browser: its calls are all counted, and nothing told is forgotten."""
    first, other = await message(api.server, visitor=VISITOR), {"phoneE164": "+15557654321"}
    await message(api.server, customer=other)
    told = {"body": "hi", "customer": other, "visitor": VISITOR | {"externalName": "Nobody"}}
    ways = meanwhile(lambda: elsewhere.post("/messages", json=told))

    await message(api.server, visitor=VISITOR)

    session = (await api.server.get(f"/sessions/{first['sessionId']}")).json()
    assert (session["messageCount"], session["externalName"]) == (3, "Nobody")
    assert ways == [True, True]


async def test_one_message_at_two_processes_is_stored_once(
    api: Api, elsewhere: httpx.AsyncClient, meanwhile: Callable[[Deed], list[bool]]
) -> None:
    """The second one is told the ids of the first, and made no customer of its own."""
    same = {"body": "hi", "customer": PERSON, "providerMessageId": "m1"}
    ways = meanwhile(lambda: elsewhere.post("/messages", json=same))

    answer = await message(api.server, **same)

    (stored,) = await api.rows(tables.message)
    assert answer["duplicate"]
    assert answer["id"] == ids.wire("msg", stored.id)
    assert await api.count(tables.customer) == 1
    assert ways == [True, True, False]


async def test_two_first_messages_make_one_customer(
    api: Api, elsewhere: httpx.AsyncClient, meanwhile: Callable[[Deed], list[bool]]
) -> None:
    """Whoever comes second finds the customer, the conversation and the session."""
    ways = meanwhile(lambda: elsewhere.post("/messages", json={"body": "one", "customer": PERSON}))

    await message(api.server, body="two")

    counts = [
        await api.count(table)
        for table in (tables.customer, tables.conversation, tables.visitor_session, tables.message)
    ]
    assert counts == [1, 1, 1, 2]
    assert ways == [True, True, False]


async def test_a_session_that_fell_silent_is_ended_under_its_lock(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two writes need a transaction; so does a conversation that is not open."""
    await message(api.server)
    await api.change(tables.visitor_session, last_seen_at=0)
    ways: list[bool] = []
    write = rows.write

    def noted(connection: Connection, writes: Any, now: Any) -> None:
        ways.append(rows.is_unlocked(connection))
        write(connection, writes, now)

    monkeypatch.setattr(rows, "write", noted)
    await message(api.server)

    assert await api.count(tables.visitor_session) == 2
    assert ways == [False, False]
