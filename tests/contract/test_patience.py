"""What callers can expect of a store that is slow, silent or without room."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from hub import ids
from hub.store import tables
from hub.store.database import Trouble
from hub.store.room import FULL
from hub.store.states import WAITING
from hub.worker import Worker
from tests.contract.test_outbound import reply_to
from tests.contract.test_whatsapp import Phone, phone, status, text, webhook
from tests.support.app import ORIGIN, Api

__all__ = ["phone"]

MOST_SECONDS = 3.5
# So long that two look-ups are just in time.
LOOKUP_SECONDS = 0.5
AWAY = Trouble("The database does not answer", retry_after=1)
VISITOR = {"X-Visitor": "v1.0123456789abcdef"}

Calls = dict[str, Callable[[], Awaitable[httpx.Response]]]


@pytest.fixture
async def conversation(api: Api) -> str:
    """A conversation of the business, whose server key was not seen before."""
    reply = await api.legacy.post("/ingest", json={"body": "hi", "visitor": {"visitorId": "v1"}})
    assert reply.status_code == 200, reply.text
    (kept,) = await api.rows(tables.conversation)
    return ids.wire("con", kept.id)


@pytest.fixture
def writes(api: Api, phone: Phone, conversation: str) -> Calls:
    """Every kind of call that brings something."""
    message = {"body": "hi", "customer": {"phoneE164": "+15551234567"}}
    both = {**api.business.bearer, "X-ChatHub-Org": api.business.slug}
    return {
        "message": lambda: api.server.post("/messages", json=message),
        "message past the lane": lambda: api.server.post("/messages/", json=message),
        "widget": lambda: api.widget.post("/widget/messages", json={"body": "hi"}, headers=VISITOR),
        "legacy": lambda: api.legacy.post("/ingest", json=message),
        "legacy with a key": lambda: api.client(both).post("/ingest", json=message),
        "whatsapp message": lambda: phone.call(webhook([text(1)])),
        "whatsapp status": lambda: phone.call(webhook([], [status(1, "read")])),
        "customer": lambda: api.server.post("/customers", json={"phoneE164": "+15551234567"}),
        "conversation": lambda: api.server.patch(
            f"/conversations/{conversation}", json={"status": "closed"}
        ),
    }


@pytest.fixture
def reads(api: Api, phone: Phone, conversation: str) -> Calls:
    """Kinds of calls that only ask."""
    asking = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    query = {"hub.mode": "subscribe", "hub.verify_token": "our token", "hub.challenge": "1"}
    paths = ("/messages", "/conversations", "/customers?q=a", "/sessions", "/events", "/me")
    return {
        "preflight": lambda: api.client(asking).options("/widget/messages"),
        "handshake": lambda: api.anonymous.get(phone.path, params=query),
        "conversation": lambda: api.server.get(f"/conversations/{conversation}"),
        **{path: lambda path=path: api.server.get(path) for path in paths},
    }


@pytest.fixture
async def over() -> AsyncIterator[asyncio.Event]:
    """The end of the store's illness, at the latest with the test."""
    event = asyncio.Event()
    yield event
    event.set()
    await asyncio.sleep(0)


async def timed(calls: Calls) -> dict[str, tuple[int, str | None, bool]]:
    """Make all calls at once: status, `Retry-After`, and whether each was answered in time."""
    loop = asyncio.get_running_loop()

    async def one(call: Callable[[], Awaitable[httpx.Response]]) -> tuple[int, str | None, bool]:
        began = loop.time()
        reply = await call()
        in_time = loop.time() - began < MOST_SECONDS
        return reply.status_code, reply.headers.get("retry-after"), in_time

    async with asyncio.timeout(20):
        answers = await asyncio.gather(*(one(call) for call in calls.values()))
    return dict(zip(calls, answers, strict=True))


async def test_no_call_waits_long_for_a_store_that_is_silent(
    api: Api, writes: Calls, reads: Calls, over: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the first look-up on: 503 with `Retry-After` for each, in time."""

    async def silent(work: Any) -> None:
        await over.wait()

    monkeypatch.setattr(api.hub.database, "read", silent)
    monkeypatch.setattr(api.hub.database, "write", silent)
    monkeypatch.setattr(api.hub.database, "write_at_once", silent)
    calls = {f"write {name}": call for name, call in writes.items()}

    answers = await timed(calls | reads)

    assert answers == dict.fromkeys(answers, (503, "1", True))


async def test_no_call_waits_long_for_a_store_that_is_slow_at_each_step(
    api: Api, writes: Calls, over: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Look-ups that are just in time, then a write that does not end: the sum is in time too."""
    read = api.hub.database.read

    async def slow(work: Any) -> Any:
        await asyncio.sleep(LOOKUP_SECONDS)
        return await read(work)

    async def silent(work: Any) -> None:
        await over.wait()

    monkeypatch.setattr(api.hub.database, "read", slow)
    monkeypatch.setattr(api.hub.database, "write", silent)
    monkeypatch.setattr(api.hub.database, "write_at_once", silent)

    answers = await timed(writes)

    assert answers == dict.fromkeys(writes, (503, "1", True))


async def test_no_reader_waits_long_after_a_slow_look_up(
    api: Api, reads: Calls, over: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is just in time, and what it wants to see does not come."""
    read, seen = api.hub.database.read, 0

    async def slow(work: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen > 1:
            await over.wait()
        await asyncio.sleep(LOOKUP_SECONDS)
        return await read(work)

    monkeypatch.setattr(api.hub.database, "read", slow)
    calls = {name: call for name, call in reads.items() if name.startswith(("/", "conv"))}

    answers = await timed(calls)

    assert answers == dict.fromkeys(calls, (503, "1", True))


@pytest.mark.parametrize("trouble", [FULL, AWAY])
async def test_nothing_new_is_taken_while_the_store_is_in_trouble(
    api: Api, writes: Calls, reads: Calls, trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One rule for all that calls bring; it is said why, and when to come back."""
    monkeypatch.setattr(type(api.hub.database), "trouble", property(lambda _: trouble))

    taken = {name: await call() for name, call in writes.items()}
    shown = {name: (await call()).status_code for name, call in reads.items()}

    for name, reply in taken.items():
        assert reply.status_code == 503, (name, reply.text)
        assert reply.headers["retry-after"] == str(trouble.retry_after)
        assert json.loads(reply.content)["error"] == f"{trouble.text}, try again later"
    assert set(shown.values()) <= {200, 204}, shown


async def test_what_was_taken_is_finished_while_the_storage_is_full(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker goes on: it would send again what it cannot note as sent. Keys can be revoked."""
    asked = await api.widget.post("/widget/messages", json={"body": "hi"}, headers=VISITOR)
    reply = await reply_to(api, asked)
    assert reply.json()["status"] == "queued"
    monkeypatch.setattr(type(api.hub.database), "trouble", property(lambda _: FULL))
    worker = Worker(api.hub)

    while await worker.step():
        pass

    assert WAITING not in {event.state for event in await api.rows(tables.event)}
    assert (await api.message_of(reply))["status"] == "sent"
    (key, *_) = await api.hub.keys.all(api.business.id)
    await api.hub.keys.revoke(api.business.id, key.id)
