"""A message is on the disk, not only with the kernel, before its 200 begins: read from a trace."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.support import trace
from tests.support.client import UNLIMITED, Line, in_parallel, new_business, until
from tests.support.hubs import Hub

CLIENTS = 4
MESSAGES = 500
FEW = 40

NORMAL = """
import sqlalchemy as sa
from hub.store import sqlite

durable = sqlite.sqlite_engine

def sqlite_engine(*given, **named):
    engine = durable(*given, **named)
    @sa.event.listens_for(engine, "connect")
    def relax(raw, _record):
        raw.execute("PRAGMA synchronous=NORMAL").close()
    return engine

sqlite.sqlite_engine = sqlite_engine
"""
EARLY = """
import asyncio, time
from hub.store.sqlite import SqliteDatabase

async def write(self, work):
    loop = asyncio.get_running_loop()
    answer = loop.create_future()
    def run():
        with self._writing.execution_options(hub_write=True).begin() as connection:
            result = work(connection)
            loop.call_soon_threadsafe(answer.set_result, result)
            time.sleep(0.02)
    self._writer.submit(run)
    return await answer

SqliteDatabase.write = write
"""
Make = Callable[..., Hub]


@pytest.fixture
def make_traced(tmp_path: Path, sqlite_url: str) -> Iterator[Make]:
    """Make a hub that is traced; `patch` is Python that it runs before anything else."""
    hubs: list[Hub] = []

    def make(patch: str = "") -> Hub:
        (tmp_path / "sitecustomize.py").write_text(patch)
        settings = {"DATABASE_URL": sqlite_url, "PYTHONPATH": str(tmp_path), **UNLIMITED}
        hubs.append(Hub(tmp_path, settings, inside=trace.command(tmp_path / "trace")))
        return hubs[-1]

    yield make
    for hub in hubs:
        hub.close()


async def send(hub: Hub, url: str, messages: int) -> dict[str, str]:
    """Send over a few connections; return each answer's id and what only its row holds."""
    business = await new_business(url, "acme")
    hub.start()
    acknowledged: dict[str, str] = {}

    async def post(line: Line, number: int) -> None:
        mark = uuid.uuid4().hex
        person = {"phoneE164": f"+1555{number % 50:06}"}
        reply = await line.post("/messages", {"body": mark, "customer": person})
        assert reply.status == 200, reply
        acknowledged[reply.body["id"]] = mark

    await in_parallel(hub, business.bearer, iter(range(messages)), post, CLIENTS)
    # The tracer ends after what it traces, with everything written down.
    for child in psutil.Process(hub.process.pid).children():
        child.terminate()
    await until(lambda: not hub.process.alive, 30)
    return acknowledged


def wrong(folder: Path, acknowledged: dict[str, str]) -> dict[str, str]:
    """Check the whole trace."""
    with (folder / "trace").open(encoding="latin-1") as lines:
        return trace.violations(trace.calls(lines), acknowledged)


async def test_every_answer_waits_for_the_disk(
    make_traced: Make, tmp_path: Path, sqlite_url: str
) -> None:
    """500 messages: each 200 begins after a flush that began after the commit's last page."""
    acknowledged = await send(make_traced(), sqlite_url, MESSAGES)

    assert len(acknowledged) == MESSAGES
    assert wrong(tmp_path, acknowledged) == {}


@pytest.mark.parametrize(
    ("patch", "told"),
    [
        (NORMAL, "the commit was not flushed before the answer"),
        (EARLY, "the answer began before the commit"),
    ],
    ids=["synchronous=NORMAL", "answer before commit"],
)
async def test_a_hub_that_does_not_wait_is_found(
    make_traced: Make, tmp_path: Path, sqlite_url: str, patch: str, told: str
) -> None:
    """The same check over a hub that was broken on purpose: it tells what is wrong."""
    acknowledged = await send(make_traced(patch), sqlite_url, FEW)

    found = wrong(tmp_path, acknowledged)

    assert len(found) > FEW / 2
    assert set(found.values()) == {told}
