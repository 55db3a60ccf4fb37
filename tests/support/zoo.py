"""Receivers as they should not be."""

import asyncio
import gzip
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\n"
BOMB = gzip.compress(b"\0" * 20_000_000)


async def never_answers(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Takes it, and says nothing."""
    await reader.read()


async def one_byte_a_second(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Has a header that goes on and on."""
    writer.write(b"HTTP/1.1 200 OK\r\nx: ")
    for _ in range(120):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(1)


async def endless_body(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers with as much as is read."""
    writer.write(HEAD + b"transfer-encoding: chunked\r\n\r\n")
    for _ in range(10_000):
        writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        await writer.drain()


async def gzip_bomb(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers with little that becomes much."""
    writer.write(HEAD + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(BOMB) + BOMB)
    await writer.drain()


async def resets(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hangs up in the middle."""
    writer.write(HEAD + b"content-len")
    await writer.drain()
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def says(*lines: str) -> Talk:
    """Return a receiver that always gives the same answer, with nothing in it."""
    text = "\r\n".join([*lines, "content-length: 0", "", ""]).encode()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(text)
        await writer.drain()

    return talk


KINDS: dict[str, Talk] = {
    "never answers": never_answers,
    "one byte a second": one_byte_a_second,
    "endless body": endless_body,
    "gzip bomb": gzip_bomb,
    "reset": resets,
    "absurd Retry-After": says("HTTP/1.1 429 Slow", "retry-after: 1000000000000"),
    "gone": says("HTTP/1.1 410 Gone"),
    "redirect to loopback": says("HTTP/1.1 302 There", "location: http://127.0.0.2:1/"),
    "no HTTP": says("SSH-2.0-x"),
    "header without end": says("HTTP/1.1 200 OK", "x: " + "y" * 200_000),
}


@asynccontextmanager
async def receiver(talk: Talk) -> AsyncIterator[str]:
    """Serve one on loopback; yields its address."""

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(guarded, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    finally:
        server.close()
