"""A hub that runs on needs no more: its memory and SQLite's log stay as they are."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest
from msgspec import Struct

from tests.support.app import Business
from tests.support.client import UNLIMITED, Line, connected, in_parallel, new_business
from tests.support.hubs import Hub

MIB = 1 << 20
CLIENTS, READERS = 128, 4
PEOPLE = 5_000
GROWTH = 1.10
LOG_BYTES = 32 * MIB
SAMPLE_SECONDS = 0.2


class Run(Struct, frozen=True):
    """After how many messages the memory is compared with that after how many more."""

    first: int
    last: int


SHORT = Run(first=3_000, last=9_000)
WHOLE = Run(first=100_000, last=1_000_000)


class Sizes(Struct):
    """What was measured, in bytes."""

    first: int = 0
    last: int = 0
    log: int = 0


async def send(hub: Hub, business: Business, numbers: range) -> None:
    """Send a message for each number, over many connections."""

    async def post(line: Line, number: int) -> None:
        person = {"phoneE164": f"+1555{number % PEOPLE:06}", "name": "Somebody"}
        body = f"{number} Is there any rye bread left?"
        message = {"body": body, "providerMessageId": f"m{number}", "customer": person}
        reply = await line.post("/messages", message)
        assert reply.status == 200, reply

    await in_parallel(hub, business.bearer, iter(numbers), post, CLIENTS)


def size_of(file: Path) -> int:
    """Return how long a file is."""
    return file.stat().st_size


@contextlib.asynccontextmanager
async def read_and_watch(
    hub: Hub, business: Business, log: Path, sizes: Sizes
) -> AsyncIterator[None]:
    """Meanwhile let some read without a pause, and note how long SQLite's log becomes."""

    async def read() -> None:
        async with connected(hub, business.bearer) as client:
            while True:
                await client.get("/messages", params={"limit": 50})

    async def watch() -> None:
        while True:
            sizes.log = max(sizes.log, size_of(log))
            await asyncio.sleep(SAMPLE_SECONDS)

    tasks = [asyncio.create_task(read()) for _ in range(READERS)]
    tasks.append(asyncio.create_task(watch()))
    try:
        yield
        assert not any(task.done() for task in tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def measure(hub: Hub, url: str, run: Run) -> Sizes:
    """Serve so many messages; return the sizes."""
    business = await new_business(url, "acme")
    hub.start()
    process, sizes = psutil.Process(hub.process.pid), Sizes()
    log = Path(f"{url.removeprefix('sqlite:///')}-wal")
    async with read_and_watch(hub, business, log, sizes):
        await send(hub, business, range(run.first))
        sizes.first = process.memory_info().rss
        await send(hub, business, range(run.first, run.last))
        sizes.last = process.memory_info().rss
    return sizes


def tell(run: Run, sizes: Sizes, record: Callable[[str, object], None]) -> None:
    """Leave the figures in the test report."""
    text = (
        f"{sizes.first / MIB:.1f} MiB after {run.first:,} messages, {sizes.last / MIB:.1f} MiB "
        f"after {run.last:,}; SQLite's log at most {sizes.log / MIB:.1f} MiB"
    )
    record("memory", text)
    print(text)  # noqa: T201 - the figure


@pytest.fixture
def hub(make_hub: Callable[..., Hub], sqlite_url: str) -> Hub:
    """The embedded hub, without limits."""
    return make_hub(DATABASE_URL=sqlite_url, **UNLIMITED)


async def test_memory_stays(hub: Hub, sqlite_url: str, record_property) -> None:
    """A few thousand messages and readers beside them: at most a tenth more; the log is short."""
    sizes = await measure(hub, sqlite_url, SHORT)

    tell(SHORT, sizes, record_property)
    assert sizes.last <= sizes.first * GROWTH
    assert sizes.log <= LOG_BYTES


@pytest.mark.heavy
@pytest.mark.timeout(3600)
async def test_memory_stays_over_a_million(hub: Hub, sqlite_url: str, record_property) -> None:
    """After 1,000,000 messages at most a tenth more than after 100,000; the log is short."""
    sizes = await measure(hub, sqlite_url, WHOLE)

    tell(WHOLE, sizes, record_property)
    assert sizes.last <= sizes.first * GROWTH
    assert sizes.log <= LOG_BYTES
