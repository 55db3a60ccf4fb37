"""Clients of a hub that runs as processes: many at once, patient while it comes and goes."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx
import msgspec
from msgspec import Struct

from hub.hooks import Hooks
from hub.sealing import open_sealer
from hub.services.hub import Hub as Services
from hub.settings import Settings
from hub.store.opening import open_database
from tests.support.app import Business, make_business
from tests.support.hubs import SECRET, Hub

PAUSE_SECONDS = 0.2
POLL_SECONDS = 0.01
ANSWER_SECONDS = 20
SERVICE_UNAVAILABLE = 503
UNLIMITED = dict.fromkeys(
    (
        "INGEST_RATE_PER_MIN",
        "READ_RATE_PER_MIN",
        "FAILED_KEYS_PER_MIN",
        "WIDGET_RATE_PER_MIN",
        "WIDGET_NETWORK_RATE_PER_MIN",
        "WIDGET_KEY_RATE_PER_MIN",
        "WIDGET_STREAM_RATE_PER_MIN",
        "WIDGET_EVENT_RATE_PER_MIN",
        "WIDGET_NEW_VISITORS_PER_MIN",
        "WIDGET_KEY_NEW_VISITORS_PER_MIN",
    ),
    "1000000",
)
T = TypeVar("T")


@asynccontextmanager
async def services(database_url: str) -> AsyncIterator[Services]:
    """Open the services of a hub beside the processes that serve it."""
    settings = Settings(database_url=database_url, hub_secret=SECRET)
    database = open_database(settings)
    try:
        yield Services(settings, database, Hooks(settings.plugins), open_sealer(settings))
    finally:
        await database.close()


async def new_business(database_url: str, slug: str) -> Business:
    """Make a business beside the processes that serve it."""
    async with services(database_url) as hub:
        return await make_business(hub, slug)


class Reply(Struct, frozen=True):
    """What a hub answered."""

    status: int
    body: Any
    head: bytes = b""
    """The status line and the headers, in small letters."""

    def header(self, name: str) -> str | None:
        """Return a header's value; None when the answer has none of this name."""
        _, _, rest = self.head.partition(f"\r\n{name.lower()}:".encode())
        return rest.split(b"\r\n", 1)[0].strip().decode() if rest else None


class Line:
    """One kept-alive connection to a hub: it costs little, so that the hub is what is measured."""

    def __init__(self, hub: Hub, headers: Mapping[str, str]) -> None:
        """Connect at the first call, and anew after whatever broke the connection."""
        self._address = (hub.host, hub.port)
        self._head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: Mapping[str, Any]) -> Reply:
        """Post JSON below `/api/v1`; `OSError` or `TimeoutError` when no answer came."""
        content = msgspec.json.encode(body)
        lines = (
            f"POST /api/v1{path} HTTP/1.1\r\nHost: {self._address[0]}\r\n{self._head}"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._exchange(lines.encode() + content)
        except BaseException as error:
            self.close()
            if isinstance(error, asyncio.IncompleteReadError):
                raise ConnectionResetError from error
            raise

    async def insist(self, path: str, body: Mapping[str, Any], seconds: float = 60) -> Reply:
        """Post until it is answered, however often the connection breaks or the hub is busy."""
        end = time.monotonic() + seconds
        while True:
            try:
                reply = await self.post(path, body)
            except (OSError, TimeoutError):
                if time.monotonic() > end:
                    raise
            else:
                if reply.status != SERVICE_UNAVAILABLE or time.monotonic() > end:
                    return reply
            await asyncio.sleep(PAUSE_SECONDS)

    def close(self) -> None:
        """Hang up."""
        if self._streams:
            self._streams[1].close()
            self._streams = None

    async def _exchange(self, request: bytes) -> Reply:
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._address)
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        body = await reader.readexactly(length)
        return Reply(int(head.split(b" ", 2)[1]), msgspec.json.decode(body), head)


async def in_parallel(
    hub: Hub,
    headers: Mapping[str, str],
    work: Iterable[T],
    do: Callable[[Line, T], Awaitable[None]],
    lines: int = 32,
) -> None:
    """Do all the work over so many connections at once, each taking the next piece when free."""
    left = iter(work)

    async def go_on() -> None:
        line = Line(hub, headers)
        try:
            for piece in left:
                await do(line, piece)
        finally:
            line.close()

    await asyncio.gather(*(go_on() for _ in range(lines)))


@asynccontextmanager
async def connected(hub: Hub, headers: Mapping[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a running hub that reads a few things."""
    async with httpx.AsyncClient(
        base_url=f"{hub.url}/api/v1", headers=dict(headers), timeout=ANSWER_SECONDS
    ) as client:
        yield client


async def until(answer: Callable[[], bool], seconds: float = 60) -> None:
    """Return when the answer is yes; `TimeoutError` when it takes longer."""
    async with asyncio.timeout(seconds):
        while not answer():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(POLL_SECONDS)


async def everything(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    """Return a whole list of the API, page by page."""
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": "100"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(path, params=query)).raise_for_status().json()
        found += page["data"]
        cursor = page["nextCursor"]
    return found
