"""Streams over processes: restarted, killed, several, with Redis, without it, and losing it."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.support.app import Business
from tests.support.client import UNLIMITED, Line, new_business, services, until
from tests.support.hubs import Hub
from tests.support.outage import events as logged
from tests.support.redis import Redis
from tests.support.streams import PATH, Events, connected, headers_of

VISITOR = f"v_1.{'s' * 22}"
MakeHub = Callable[..., Hub]


class Talk:
    """A visitor and a business that talk over some hubs with one database."""

    def __init__(self, business: Business) -> None:
        """Nothing was said yet."""
        self.business = business
        self.conversation = ""

    async def write(self, hub: Hub, body: str) -> str:
        """Let the visitor write; return the message's id."""
        line = Line(hub, {**self.business.widget_headers, "X-Visitor": VISITOR})
        reply = await line.insist("/widget/messages", {"body": body, "providerMessageId": body[:9]})
        line.close()
        assert reply.status == 200, reply.body
        self.conversation = reply.body["conversationId"]
        return str(reply.body["id"])

    async def answer(self, hub: Hub, body: str) -> None:
        """Let the business answer."""
        line = Line(hub, self.business.bearer)
        told = {"direction": "outbound", "body": body, "providerMessageId": body[:9]}
        reply = await line.insist("/messages", {**told, "conversationId": self.conversation})
        line.close()
        assert reply.status == 200, reply.body

    @asynccontextmanager
    async def watch(self, hub: Hub, last_id: str | None = None) -> AsyncIterator[Events]:
        """Let the visitor's browser follow."""
        async with connected(hub, self.business.widget_key, VISITOR, last_id) as events:
            assert events.status == 200
            yield events


@pytest.fixture
async def begin(database_url: str, make_hub: MakeHub) -> Callable[..., Any]:
    """Start a hub and a talk in it."""

    async def start(**settings: str) -> tuple[Hub, Talk]:
        hub = make_hub(DATABASE_URL=database_url, **{**UNLIMITED, **settings})
        await asyncio.to_thread(hub.start)
        talk = Talk(await new_business(database_url, "acme"))
        await talk.write(hub, "Hello")
        return hub, talk

    return start


@pytest.fixture
async def two(postgres_database_url: str, make_hub: MakeHub) -> Callable[..., Any]:
    """Start two hubs over one database, and a talk."""

    async def start(**settings: str) -> tuple[Hub, Hub, Talk]:
        every = {"DATABASE_URL": postgres_database_url, **UNLIMITED, **settings}
        hubs = [make_hub(**every), make_hub(**every)]
        for hub in hubs:
            await asyncio.to_thread(hub.start)
        talk = Talk(await new_business(postgres_database_url, "acme"))
        await talk.write(hubs[0], "Hello")
        return hubs[0], hubs[1], talk

    return start


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_a_talk_goes_on_after_a_restart(begin: Callable[..., Any], end: str) -> None:
    """The stream ends at once, in order when it can; who comes back misses and repeats nothing."""
    hub, talk = await begin()
    async with talk.watch(hub) as events:
        await talk.answer(hub, "one")
        await events.count(2)
        began = time.monotonic()
        await asyncio.to_thread(getattr(hub.process, end))
        await events.until(lambda one: one.ended)
        took = time.monotonic() - began
    await asyncio.to_thread(hub.start)
    await talk.answer(hub, "two")
    async with talk.watch(hub, events.ids[-1]) as again:
        await again.count(1)
        await talk.answer(hub, "three")
        await again.count(2)

    assert took < 4
    assert [*events.bodies, *again.bodies] == ["Hello", "one", "two", "three"]
    assert [*events.seqs, *again.seqs] == [1, 2, 3, 4]


async def test_a_reply_through_another_process_comes_at_once_with_redis(
    two: Callable[..., Any], redis_url: str
) -> None:
    """The hint crosses; the slow look would take seconds."""
    here, there, talk = await two(REDIS_URL=redis_url)
    async with talk.watch(here) as events:
        await events.count(1)
        for number in range(5):
            await talk.answer(there, f"answer {number}")
            await events.count(2 + number, 0.9)


async def test_a_reply_through_another_process_comes_without_redis(
    two: Callable[..., Any],
) -> None:
    """Nobody tells; the look finds it within some seconds."""
    here, there, talk = await two()
    async with talk.watch(here) as events:
        await events.count(1)
        await talk.answer(there, "answer")
        await events.count(2, 5)


def shares_again(hub: Hub) -> bool:
    """Tell whether a process has noticed that Redis was out, and that it is back."""
    told = [event for event in logged(hub) if event.startswith("hints_")]
    return "hints_alone" in told and told[-1] == "hints_shared"


@pytest.mark.parametrize("fault", ["kill", pytest.param("freeze", marks=pytest.mark.heavy)])
async def test_streams_go_on_while_redis_is_out(
    two: Callable[..., Any], own_redis: Redis, fault: str
) -> None:
    """Replies come later, none is lost; when Redis is back they come at once again."""
    here, there, talk = await two(REDIS_URL=own_redis.url)
    async with talk.watch(here) as events:
        await events.count(1)
        getattr(own_redis, fault)()
        for number in range(3):
            await talk.answer(there, f"out {number}")
            await asyncio.sleep(0.5)
        await events.count(4, 10)
        own_redis.start() if fault == "kill" else own_redis.thaw()
        await until(lambda: all(shares_again(hub) for hub in (here, there)), 20)
        await talk.answer(there, "back")
        await events.count(5, 0.9)

    assert events.seqs == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("shared", ["with Redis", "without"])
async def test_a_revoked_key_ends_its_streams_everywhere(
    two: Callable[..., Any], postgres_database_url: str, redis_url: str, shared: str
) -> None:
    """Within 5 seconds on both processes, with Redis and without; another key's streams stay."""
    here, there, talk = await two(**({"REDIS_URL": redis_url} if shared == "with Redis" else {}))
    other = Talk(await new_business(postgres_database_url, "other"))
    await other.write(here, "Hello")
    async with talk.watch(here) as one, talk.watch(there) as two_, other.watch(here) as stays:
        async with services(postgres_database_url) as hub:
            business = talk.business.id
            (key,) = [k for k in await hub.keys.all(business) if k.kind == "widget"]
            await hub.keys.revoke(business, key.id)
        await asyncio.gather(*(events.until(lambda e: e.ended, 5) for events in (one, two_)))
        await asyncio.sleep(1)
        assert not stays.ended
    async with connected(here, talk.business.widget_key, VISITOR) as after:
        await after.until(lambda e: e.ended or e.status)

    assert (after.status, after.headers["retry-after"]) == (401, "600")


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A socket whose owner takes next to nothing."""
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        yield plain


def drain(connection: socket.socket) -> None:
    """Read to the end."""
    while connection.recv(65536):
        pass


async def test_a_browser_that_does_not_read_is_cut_off(
    begin: Callable[..., Any], silent: socket.socket
) -> None:
    """What it is owed is not kept for it: it can come back for it."""
    hub, talk = await begin(HUB_WRITE_SECONDS="1")
    told = [await talk.write(hub, f"{number} " + "x" * 15_000) for number in range(100)]
    lines = "".join(
        f"{name}: {text}\r\n"
        for name, text in headers_of(talk.business.widget_key, VISITOR).items()
    )
    silent.connect((hub.host, hub.port))
    silent.sendall(f"GET {PATH} HTTP/1.1\r\nHost: hub\r\n{lines}\r\n".encode())
    await asyncio.sleep(5)
    silent.settimeout(5)
    with pytest.raises(ConnectionResetError):
        await asyncio.to_thread(drain, silent)
    async with talk.watch(hub, told[88]) as events:
        await events.count(11)

    assert events.seqs == list(range(91, 102))
