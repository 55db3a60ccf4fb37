"""Dreadful receivers of one business delay nobody else, and cost the hub no memory."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

import msgspec
import psutil
import pytest
from msgspec import Struct

from tests.support import zoo
from tests.support.client import UNLIMITED, Line, new_business, until
from tests.support.hubs import Hub
from tests.support.receiver import OK, Got, Receiver

MIB = 1024 * 1024
WARM = 20
LATE_SECONDS, GROWN_MIB = 2, 50
SENDING = UNLIMITED | {
    "WEBHOOK_ALLOW_HTTP": "true",
    "WEBHOOK_ALLOW_SUBNETS": "127.0.0.1/32",
}
MakeHub = Callable[..., Hub]
Record = Callable[[str, object], None]


class Run(Struct, frozen=True):
    """How many dreadful receivers there are, and how many messages the good one gets."""

    dreadful: int
    messages: int
    apart: float = 0.05
    """Seconds between two messages."""


SHORT = Run(dreadful=len(zoo.KINDS), messages=60)
WHOLE = Run(dreadful=50, messages=1_000)


async def make_hook(line: Line, url: str) -> None:
    """Have every message sent there."""
    reply = await line.post("/hooks", {"url": url, "events": ["message.created"]})
    assert reply.status == 201, reply


class Trial:
    """Two businesses that talk at once: when each message was sent, and when its event came."""

    def __init__(self, run: Run) -> None:
        """Take everything that comes."""
        self._run = run
        self._sent_at: dict[str, float] = {}
        self._came_at: dict[str, float] = {}
        self.receiver = Receiver()
        self.receiver.answer = self._take

    @property
    def late(self) -> list[float]:
        """Return how late the events were, the quickest first; seconds."""
        return sorted(came - self._sent_at[body] for body, came in self._came_at.items())

    async def send(self, line: Line, name: str, count: int, begin: int = 0) -> None:
        """Send so many messages, one after the other."""
        for number in range(begin, begin + count):
            body = f"{name} {number}"
            self._sent_at[body] = time.monotonic()
            message = {"body": body, "visitor": {"visitorId": f"v{number % 10}"}}
            assert (await line.insist("/messages", message)).status == 200
            await asyncio.sleep(self._run.apart)

    async def came(self, count: int) -> None:
        """Return when so many events have come."""
        await until(lambda: len(self._came_at) == count, 30)

    def _take(self, got: Got) -> bytes:
        self._came_at[msgspec.json.decode(got.body)["data"]["body"]] = time.monotonic()
        return OK


async def judge(hub: Hub, worker: int, url: str, run: Run, record: Record) -> None:
    """Let both businesses talk at once; look at how late the good one's events are."""
    bad = Line(hub, (await new_business(url, "bad")).bearer)
    good = Line(hub, (await new_business(url, "good")).bearer)
    trial, kinds = Trial(run), list(zoo.KINDS.values())
    async with AsyncExitStack() as stack:
        for line in (bad, good):
            stack.callback(line.close)
        await stack.enter_async_context(trial.receiver.serving())
        await make_hook(good, trial.receiver.url)
        # What the first deliveries cost once, to import and to be ready for TLS, is no growth.
        await trial.send(good, "good", WARM)
        await trial.came(WARM)
        before = _memory(worker)
        for number in range(run.dreadful):
            address = await stack.enter_async_context(zoo.receiver(kinds[number % len(kinds)]))
            await make_hook(bad, address)
        beside = asyncio.create_task(trial.send(bad, "bad", run.messages))
        await trial.send(good, "good", run.messages, WARM)
        await beside
        await trial.came(run.messages + WARM)
        grown = (_memory(worker) - before) / MIB
    _look(trial.late, grown, run, record)


def _look(late: list[float], grown: float, run: Run, record: Record) -> None:
    p99 = late[int(len(late) * 0.99) - 1]
    figures = f"{run.dreadful} dreadful: p50 {late[len(late) // 2] * 1000:.0f} ms, p99 "
    figures += f"{p99 * 1000:.0f} ms, {grown:.1f} MiB more"
    record("receivers", figures)
    print(figures)  # noqa: T201 - the figure
    assert p99 <= LATE_SECONDS
    assert grown <= GROWN_MIB


def _memory(pid: int) -> int:
    return psutil.Process(pid).memory_info().rss


async def beside(make_hub: MakeHub, url: str, run: Run, record: Record) -> None:
    """Judge a hub with a worker of its own."""
    hub = make_hub(DATABASE_URL=url, **SENDING)
    await asyncio.to_thread(hub.start)
    worker = hub.worker()
    await judge(hub, worker.pid, url, run, record)


async def test_dreadful_receivers_delay_nobody_else(
    make_hub: MakeHub, postgres_database_url: str, record_property: Record
) -> None:
    """One of each kind, for some seconds."""
    await beside(make_hub, postgres_database_url, SHORT, record_property)


@pytest.mark.heavy
@pytest.mark.timeout(300)
async def test_fifty_dreadful_receivers_delay_nobody_else(
    make_hub: MakeHub, postgres_database_url: str, record_property: Record
) -> None:
    """For a minute, in which each of them fails many times."""
    await beside(make_hub, postgres_database_url, WHOLE, record_property)
