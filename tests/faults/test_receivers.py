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
from tests.support.receiver import Got, Receiver

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


async def judge(hub: Hub, worker: int, url: str, run: Run, record: Record) -> None:
    """Let both businesses talk at once; look at how late the good one's events are."""
    bad, good = await new_business(url, "bad"), await new_business(url, "good")
    receiver = Receiver()
    sent_at: dict[str, float] = {}
    came_at: dict[str, float] = {}

    def take(got: Got) -> bytes:
        came_at[msgspec.json.decode(got.body)["data"]["body"]] = time.monotonic()
        return b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"

    receiver.answer = take
    lines = {"bad": Line(hub, bad.bearer), "good": Line(hub, good.bearer)}

    async def send(line: Line, name: str, count: int, begin: int = 0) -> None:
        for number in range(begin, begin + count):
            body = f"{name} {number}"
            sent_at[body] = time.monotonic()
            message = {"body": body, "visitor": {"visitorId": f"v{number % 10}"}}
            assert (await line.insist("/messages", message)).status == 200
            await asyncio.sleep(run.apart)

    async with AsyncExitStack() as stack:
        for line in lines.values():
            stack.callback(line.close)
        await stack.enter_async_context(receiver.serving())
        kinds = list(zoo.KINDS.values())
        await make_hook(lines["good"], receiver.url)
        # What the first deliveries cost once, to import and to be ready for TLS, is no growth.
        await send(lines["good"], "good", WARM)
        await until(lambda: len(came_at) == WARM, 30)
        before = _memory(worker)
        for number in range(run.dreadful):
            address = await stack.enter_async_context(zoo.receiver(kinds[number % len(kinds)]))
            await make_hook(lines["bad"], address)
        bad_one = asyncio.create_task(send(lines["bad"], "bad", run.messages))
        await send(lines["good"], "good", run.messages, WARM)
        await bad_one
        await until(lambda: len(came_at) == run.messages + WARM, 30)
        grown = (_memory(worker) - before) / MIB

    late = sorted(came - sent_at[body] for body, came in came_at.items())
    _look(late, grown, run, record)


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
