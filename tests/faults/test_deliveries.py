"""Every event arrives, signed, although workers are killed in the middle of it."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable

import msgspec
import pytest
from msgspec import Struct

from tests.faults.test_receivers import SENDING
from tests.support.client import Line, in_parallel, new_business, until
from tests.support.databases import query
from tests.support.receiver import Got, Receiver

MakeHub = Callable[..., object]
Record = Callable[[str, object], None]
CLIENTS, WORKERS = 8, 2
IN_FLIGHT = 8
"""Deliveries to one hook that are under way in one worker."""
LEASE_SECONDS = 60


class Run(Struct, frozen=True):
    """How much is sent, and how many workers are killed meanwhile."""

    messages: int
    kills: int


async def judge(make_hub: Callable, url: str, run: Run, record: Record) -> None:
    """Send, kill, wait for what the killed ones held, and look at what came."""
    hub = make_hub(DATABASE_URL=url, **SENDING)
    await asyncio.to_thread(hub.start)
    business = await new_business(url, "acme")
    async with Receiver().serving() as receiver:
        line = Line(hub, business.bearer)
        wanted = {"url": receiver.url, "events": ["message.created"]}
        hook = (await line.post("/hooks", wanted)).body
        line.close()
        workers = [hub.worker() for _ in range(WORKERS)]
        stored: set[str] = set()

        async def send(line: Line, number: int) -> None:
            message = {"body": f"{number}", "customer": {"phoneE164": f"+1555{number % 99:06}"}}
            stored.add((await line.insist("/messages", message)).body["id"])

        sending = asyncio.create_task(
            in_parallel(hub, business.bearer, range(run.messages), send, CLIENTS)
        )
        for number in range(1, run.kills + 1):
            reached = run.messages * number // (run.kills + 1)
            await until(lambda reached=reached: len(receiver.got) >= reached, 120)
            await asyncio.sleep(random.uniform(0, 0.05))
            workers.pop(0).kill()
            workers.append(hub.worker())
        await sending
        began = time.monotonic()
        await until(lambda: _came(receiver) >= stored, LEASE_SECONDS + 60)
        waited = time.monotonic() - began
        await until(lambda: _waiting(url) == 0, LEASE_SECONDS + 30)
        _look(receiver, hook["secret"], stored, run, record, waited)


def _look(
    receiver: Receiver, secret: str, stored: set[str], run: Run, record: Record, waited: float
) -> None:
    times = Counter(got.headers["webhook-id"] for got in receiver.got)
    doubles = sum(times.values()) - len(times)
    for got in receiver.got:
        got.verified(secret)
    figures = f"{len(times)} events, {run.kills} kills: {doubles} came twice; all there "
    figures += f"{waited:.0f} s after the last was stored"
    record("deliveries", figures)
    print(figures)  # noqa: T201 - the figure
    assert _came(receiver) == stored
    assert len(times) == len(stored) == run.messages
    assert doubles <= run.kills * IN_FLIGHT


def _came(receiver: Receiver) -> set[str]:
    return {_message(got) for got in receiver.got}


def _message(got: Got) -> str:
    found: str = msgspec.json.decode(got.body)["data"]["id"]
    return found


def _waiting(url: str) -> int:
    count: int = query(url, "SELECT count(*) FROM delivery WHERE state = 'waiting'")[0]["count"]
    return count


async def test_every_event_arrives_once(
    make_hub: Callable, postgres_database_url: str, record_property: Record
) -> None:
    """Two workers beside each other, and nobody is killed: none is lost and none comes twice."""
    await judge(make_hub, postgres_database_url, Run(1_000, 0), record_property)


@pytest.mark.heavy
@pytest.mark.timeout(600)
async def test_kills_lose_no_event(
    make_hub: Callable, postgres_database_url: str, record_property: Record
) -> None:
    """20,000 messages, five workers killed at random: each arrives, few of them twice."""
    await judge(make_hub, postgres_database_url, Run(20_000, 5), record_property)
