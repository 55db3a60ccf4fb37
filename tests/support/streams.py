"""Browsers that follow a conversation: over the app in this process, or over a socket."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

from hub.api.edge import Edge
from tests.support.app import ORIGIN, PEER, Api
from tests.support.hubs import Hub

PATH = "/api/v1/widget/stream"
SECONDS = 10
BEAT = b":"


class Events:
    """What came of a stream so far, read as a browser reads it."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.all: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.beats = 0
        self.ended = False
        self.at: list[float] = []
        """When each event came."""
        self._rest = b""
        self._news = asyncio.Event()

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Return the messages among the events."""
        return [event for event in self.all if event.get("type") == "message"]

    @property
    def bodies(self) -> list[str]:
        """Return the texts of the messages."""
        return [message["body"] for message in self.messages]

    @property
    def seqs(self) -> list[int]:
        """Return the numbers of the messages."""
        return [message["seq"] for message in self.messages]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the events of one kind."""
        return [event for event in self.all if event.get("type") == kind]

    def feed(self, data: bytes) -> None:
        """Take what came."""
        *blocks, self._rest = (self._rest + data).split(b"\n\n")
        for block in blocks:
            if block == BEAT:
                self.beats += 1
                continue
            lines = dict(line.split(b": ", 1) for line in block.split(b"\n"))
            self.all.append(json.loads(lines[b"data"]))
            self.at.append(time.monotonic())
            if b"id" in lines:
                self.ids.append(lines[b"id"].decode())
        self.news()

    def news(self) -> None:
        """Let those look who wait."""
        self._news.set()

    async def until(self, answer: Callable[[Self], Any], seconds: float = SECONDS) -> None:
        """Return when the answer is yes; `TimeoutError` when that takes longer."""
        async with asyncio.timeout(seconds):
            while not answer(self):
                self._news.clear()
                await self._news.wait()

    async def count(self, number: int, seconds: float = SECONDS) -> None:
        """Return when so many messages came."""
        await self.until(lambda events: len(events.messages) >= number, seconds)


def headers_of(key: str, visitor: str | None, last_id: str | None = None) -> dict[str, str]:
    """Return what a browser on the page sends to follow a conversation."""
    headers = {"Authorization": f"Bearer {key}", "Origin": ORIGIN}
    headers |= {} if visitor is None else {"X-Visitor": visitor}
    return headers if last_id is None else {**headers, "Last-Event-ID": last_id}


@asynccontextmanager
async def following(
    api: Api, visitor: str | None, last_id: str | None = None, **headers: str
) -> AsyncIterator[Events]:
    """Follow over the app in this process; hang up at the end."""
    sent = {**headers_of(api.business.widget_key, visitor, last_id), **headers}
    async with opened(api.app, sent) as events:
        yield events


@asynccontextmanager
async def opened(app: Edge, sent: Mapping[str, str]) -> AsyncIterator[Events]:
    """Open a stream of an app with these headers; hang up at the end."""
    events = Events()
    left = asyncio.Event()
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            events.status = message["status"]
            raw = message["headers"]
            events.headers = {name.decode().lower(): value.decode() for name, value in raw}
        else:
            _take(events, message.get("body", b""))
            events.ended = not message.get("more_body", False)
        events.news()

    task = asyncio.create_task(app(_scope(sent), receive, send))
    try:
        await events.until(lambda one: one.all or one.ended)
        yield events
    finally:
        left.set()
        await asyncio.wait_for(task, SECONDS)


def _take(events: Events, body: bytes) -> None:
    if events.status == 200:
        events.feed(body)
    elif body:
        events.all.append(json.loads(body))


def _scope(headers: Mapping[str, str]) -> Any:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": raw,
        "client": PEER,
        "server": ("hub.test", 80),
        "state": {},
    }


@asynccontextmanager
async def connected(
    hub: Hub, key: str, visitor: str, last_id: str | None = None
) -> AsyncIterator[Events]:
    """Follow over a connection of its own to a running hub; hang up at the end."""
    reader, writer = await asyncio.open_connection(hub.host, hub.port)
    lines = (f"{name}: {text}\r\n" for name, text in headers_of(key, visitor, last_id).items())
    writer.write(f"GET {PATH} HTTP/1.1\r\nHost: hub\r\n{''.join(lines)}\r\n".encode())
    events = Events()
    task = asyncio.create_task(_read(reader, events))
    try:
        await events.until(lambda one: one.status)
        yield events
    finally:
        task.cancel()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _read(reader: asyncio.StreamReader, events: Events) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = (line.split(": ", 1) for line in rest if line)
        events.headers = {name.lower(): text for name, text in pairs}
        events.status = int(first.split()[1])
        events.news()
        while events.status == 200:
            size = int(await reader.readuntil(b"\r\n"), 16)
            piece = await reader.readexactly(size + 2)
            if not size:
                break
            events.feed(piece[:-2])
    events.ended = True
    events.news()


async def write(api: Api, body: str, visitor: str, **more: Any) -> dict[str, Any]:
    """Let a visitor write; return the answer."""
    sent = {"body": body, **more}
    reply = await api.widget.post("/widget/messages", json=sent, headers={"X-Visitor": visitor})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def answer(api: Api, to: dict[str, Any], body: str) -> dict[str, Any]:
    """Let the business answer in a visitor's conversation; return the answer of the call."""
    sent = {"direction": "outbound", "conversationId": to["conversationId"], "body": body}
    reply = await api.server.post("/messages", json=sent)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found
