"""A receiver of webhooks: keeps what it got, and answers as it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from msgspec import Struct
from standardwebhooks import Webhook

Answer = bytes
OK: Answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Got(Struct, frozen=True):
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> Any:
        """Return what it tells."""
        return msgspec.json.decode(self.body)

    def verified(self, secret: str) -> Any:
        """Return the event; raise unless it is signed with this secret, by the public library."""
        return Webhook(secret).verify(self.body, dict(self.headers))


def reply(status: int, body: bytes = b"", **headers: str) -> Answer:
    """Return a whole answer."""
    lines = [f"HTTP/1.1 {status} Made", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Receiver:
    """A server on loopback."""

    def __init__(self) -> None:
        """Answer 200 to everything."""
        self.got: list[Got] = []
        self.port = 0
        self.connections = 0
        self.answer: Callable[[Got], Answer] = lambda _: OK
        self._came = asyncio.Condition()

    @property
    def url(self) -> str:
        """Return where it is."""
        return f"http://127.0.0.1:{self.port}/hook"

    async def wait(self, count: int, seconds: float = 10) -> list[Got]:
        """Return all requests when there are so many."""
        async with asyncio.timeout(seconds), self._came:
            await self._came.wait_for(lambda: len(self.got) >= count)
        return self.got

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Receiver"]:
        """Serve as long as this lasts."""
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while got := await _read(reader):
                self.got.append(got)
                writer.write(self.answer(got))
                await writer.drain()
                async with self._came:
                    self._came.notify_all()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Got | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.rstrip().split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Got(first.split()[1], headers, body)
