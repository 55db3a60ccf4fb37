"""A message that was answered is never lost, doubled or changed when the server is killed."""

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from msgspec import Struct

from hub import ids
from hub.store.sqlite import SqliteDatabase
from tests.support.app import Business
from tests.support.client import (
    UNLIMITED,
    Line,
    connected,
    everything,
    in_parallel,
    new_business,
    until,
)
from tests.support.databases import query
from tests.support.hubs import Hub
from tests.support.ledger import Found, Ledger

CLIENTS = 32
WIDE = "é\U0001f600"
AGAIN_SECONDS = 2.0
MakeHub = Callable[..., Hub]


class Run(Struct, frozen=True):
    """How much is sent, and how often everything is killed meanwhile."""

    kills: int
    messages: int


SHORT = Run(kills=2, messages=1_000)
WHOLE = Run(kills=10, messages=20_000)


class Report(Struct):
    """What came of it."""

    ledger: Ledger
    seconds_to_accept: list[float]


async def load(hub: Hub, business: Business, run: Run, ledger: Ledger) -> None:
    """Send until so many messages are acknowledged; each is sent again until it is answered."""

    def names() -> Iterator[int]:
        number = 0
        while ledger.answered < run.messages:
            yield number
            number += 1

    async def send(line: Line, number: int) -> None:
        name, body = f"k{number}", f"{number} {WIDE * (number % 50)}"
        ledger.attempt(name, body)
        reply = await line.insist(
            "/messages",
            {
                "body": body,
                "providerMessageId": name,
                "customer": {"phoneE164": f"+1555{number % 300:06}"},
            },
        )
        assert reply.status == 200, reply
        ledger.answer(name, reply.body["id"])

    await in_parallel(hub, business.bearer, names(), send, CLIENTS)


def reached(ledger: Ledger, number: int) -> bool:
    """Tell whether so many messages are acknowledged."""
    return ledger.answered >= number


async def kill_again_and_again(
    hub: Hub, business: Business, run: Run, ledger: Ledger, start: tuple[str, ...]
) -> list[float]:
    """Kill the whole group at random moments; return how long each time until it accepted again."""
    took, line = [], Line(hub, business.bearer)
    for number in range(run.kills):
        # So that every kill falls into the load, whatever the machine's speed.
        least = run.messages * number // run.kills
        await until(partial(reached, ledger, least), 300)
        await asyncio.sleep(random.uniform(0.1, 0.6))
        await asyncio.to_thread(hub.process.kill)
        killed = time.monotonic()
        await asyncio.to_thread(hub.start, *start)
        body = {"body": "again", "providerMessageId": f"again{number}"}
        ledger.attempt(f"again{number}", "again")
        reply = await line.insist("/messages", {**body, "visitor": {"visitorId": "v_again"}})
        took.append(time.monotonic() - killed)
        ledger.answer(f"again{number}", reply.body["id"])
    line.close()
    return took


async def killed(hub: Hub, url: str, run: Run, *start: str) -> Report:
    """Run the load and the kills side by side."""
    business = await new_business(url, "acme")
    hub.start(*start)
    ledger = Ledger()
    _, took = await asyncio.gather(
        load(hub, business, run, ledger), kill_again_and_again(hub, business, run, ledger, start)
    )
    async with connected(hub, business.bearer) as client:
        shown = await everything(client, "/messages")
        sessions = await everything(client, "/sessions")
    by_api = [Found(m["providerMessageId"], m["id"], m["body"]) for m in shown]
    in_store = stored(url)
    assert ledger.judge(by_api).clean, ledger.judge(by_api)
    assert ledger.judge(in_store).clean, ledger.judge(in_store)
    assert sum(session["messageCount"] for session in sessions) == len(in_store)
    return Report(ledger, took)


def stored(url: str) -> list[Found]:
    """Read every message straight from the database, past the hub."""
    statement = "SELECT provider_message_id, id, body FROM message"
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            rows = connection.execute(statement).fetchall()
    else:
        rows = [tuple(row) for row in query(url, statement)]
    return [Found(name, ids.wire("msg", UUID(str(raw))), body) for name, raw, body in rows]


def tell(report: Report, store: str, record: Callable[[str, object], None]) -> None:
    """Leave the figures of the run in the test report."""
    slowest = max(report.seconds_to_accept)
    figures = f"{report.ledger.answered} acknowledged, {len(report.seconds_to_accept)} kills"
    record(store, f"{figures}, accepting again in <= {slowest:.2f} s")
    print(f"{store}: {figures}, accepting again in <= {slowest:.2f} s")  # noqa: T201 - the figure


async def test_kills_lose_nothing_on_sqlite(
    make_hub: MakeHub, sqlite_url: str, record_property: Callable[[str, object], None]
) -> None:
    """1,000 acknowledged messages and two kills of the embedded hub: all there, once, unchanged."""
    hub = make_hub(DATABASE_URL=sqlite_url, **UNLIMITED)

    tell(await killed(hub, sqlite_url, SHORT), "sqlite", record_property)


async def test_kills_lose_nothing_on_postgres(
    make_hub: MakeHub, postgres_database_url: str, record_property: Callable[[str, object], None]
) -> None:
    """The same with two processes over PostgreSQL: the whole group is killed at once."""
    hub = make_hub(DATABASE_URL=postgres_database_url, **UNLIMITED)

    report = await killed(hub, postgres_database_url, SHORT, "--workers", "2")

    tell(report, "postgres", record_property)


@pytest.mark.heavy
@pytest.mark.timeout(900)
async def test_ten_kills_lose_nothing_on_sqlite(
    make_hub: MakeHub, sqlite_url: str, record_property: Callable[[str, object], None]
) -> None:
    """20,000 acknowledged and ten kills; each time the hub accepts again within two seconds."""
    hub = make_hub(DATABASE_URL=sqlite_url, **UNLIMITED)

    report = await killed(hub, sqlite_url, WHOLE)

    tell(report, "sqlite", record_property)
    assert max(report.seconds_to_accept) <= AGAIN_SECONDS


@pytest.mark.heavy
@pytest.mark.timeout(900)
async def test_ten_kills_lose_nothing_on_postgres(
    make_hub: MakeHub, postgres_database_url: str, record_property: Callable[[str, object], None]
) -> None:
    """The same over PostgreSQL."""
    hub = make_hub(DATABASE_URL=postgres_database_url, **UNLIMITED)

    report = await killed(hub, postgres_database_url, WHOLE, "--workers", "2")

    tell(report, "postgres", record_property)
    assert max(report.seconds_to_accept) <= AGAIN_SECONDS


async def test_every_connection_to_sqlite_waits_for_the_disk(tmp_path: Path) -> None:
    """`synchronous=FULL` in WAL mode, where messages are written and where they are read.

    A killed process leaves its writes to the kernel, so no kill can show this.
    """
    database = SqliteDatabase(tmp_path / "hub.db")
    modes = []
    for run in [database.write, *[database.read] * 8]:
        modes += [
            await run(lambda c: c.exec_driver_sql("PRAGMA synchronous").scalar()),
            await run(lambda c: c.exec_driver_sql("PRAGMA journal_mode").scalar()),
        ]
    await database.close()

    assert modes == [2, "wal"] * 9
