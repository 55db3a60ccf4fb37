"""The row of open streams: what they weigh, how fast a reply is, and what else they slow down."""

import asyncio
import http
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
from msgspec import Struct

from hub import ids
from tests.bench import hubs
from tests.bench.figures import Sample
from tests.bench.ground import Ground
from tests.bench.hubs import ROOT
from tests.bench.listening import VARIABLE
from tests.bench.load import Failed
from tests.bench.processor import Gauge, spent
from tests.bench.visitors import ORIGIN, Visited, visit
from tests.support.client import Line

STREAMS = 5_000
PER_SECOND = 100
"""Messages that customers send, and as many replies."""
LINES = 32
SETTLE_SECONDS = 3.0
NANO = 1_000_000
ROOM = {"HUB_CONNECTIONS_PER_ADDRESS": "20000", "HUB_CONNECTIONS": "20000"}


class Watchers:
    """The process of the browsers."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        """Wait until all streams are open."""
        self._process = process
        self.news()

    def news(self) -> list[tuple[int, int]]:
        """Return what came since: the visitor's number, and when; `Failed` when one was lost."""
        assert self._process.stdin
        assert self._process.stdout
        found = []
        for line in self._process.stdout:
            if line in {"open\n", "end\n"}:
                return found
            if line.startswith("lost"):
                raise Failed(f"A stream broke: {line}")
            number, moment = line.split()
            found.append((int(number), int(moment)))
        raise Failed("The browsers are gone")

    def ask(self) -> list[tuple[int, int]]:
        """Return what came since the last time."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self.news()


class Paced(Struct, frozen=True):
    """What was sent at an even pace."""

    ordinary: list[float]
    """Milliseconds of each customer's message."""
    sent: dict[int, int]
    """When each visitor was replied to, by its number."""


def open_streams(number: int = STREAMS) -> Callable[[Ground, int], Sample]:
    """Return what measures a hub with so many open streams, in one process over PostgreSQL."""

    def measure(ground: Ground, seconds: int) -> Sample:
        folder = ground.new_folder("streams")
        with ground.store("postgres") as store:
            visited = asyncio.run(visit(store.url, number))
            settings = {VARIABLE: f"{visited.organization}:{folder / 'told'}", **ROOM}
            with hubs.serving(
                folder, store.url, module="tests.bench.listening", worker=True, **settings
            ) as hub:
                return under_streams(ground, hub, visited, folder / "told", seconds)

    return measure


def under_streams(
    ground: Ground, hub: hubs.Hub, visited: Visited, told: Path, seconds: int
) -> Sample:
    """Pace messages and replies without streams, and again with all of them open."""
    number = len(visited.conversations)
    server = psutil.Process(hub.roots["server"])
    gauge = Gauge({**hub.roots, "database": ground.postgres.pid})
    # The first half of the visitors is replied to before anybody watches.
    alone = asyncio.run(pace(hub.port, visited, range(number // 2), seconds))
    weighs = server.memory_info().rss
    with watching(hub.port, visited) as watchers:
        time.sleep(SETTLE_SECONDS)
        before = gauge.read()
        beside = asyncio.run(pace(hub.port, visited, range(number // 2, number), seconds))
        after = gauge.read()
        time.sleep(SETTLE_SECONDS)
        seen = dict(watchers.ask())
        kib = (server.memory_info().rss - weighs) / 1024 / number
    whose = {text: one for one, text in enumerate(visited.conversations)}
    lines = (line.split() for line in told.read_text("utf-8").splitlines())
    heard = {whose[name]: int(moment) for name, moment in lines if name in whose}
    shown, listened = delays(beside.sent, seen), delays(beside.sent, heard)
    used = spent(before, after)
    calls = len(beside.sent) + len(beside.ordinary)
    micro = {name: round(spent / calls * 1e6, 1) for name, spent in used.parts.items()}
    return Sample(
        handled=calls,
        rate=round(calls / seconds, 1),
        p50=rank(shown, 0.5),
        p99=rank(shown, 0.99),
        heard=rank(listened, 0.99),
        kib=round(kib, 1),
        alone=rank(alone.ordinary, 0.99),
        beside=rank(beside.ordinary, 0.99),
        server=round(micro["server"] + micro["worker"], 1),
        worker=micro["worker"],
        database=micro["database"],
        foreign=round(used.foreign, 3),
    )


class Pacer:
    """Sends messages and replies over a few connections, and notes when."""

    def __init__(self, port: int, visited: Visited) -> None:
        """Connect when something is sent."""
        self._visited = visited
        self._lines: asyncio.Queue[Line] = asyncio.Queue()
        place: Any = hubs.Hub(port, {})
        for _ in range(LINES):
            bearer = {"Authorization": f"Bearer {visited.server_key}"}
            self._lines.put_nowait(Line(place, bearer))
        self.paced = Paced([], {})

    async def ask(self, number: int) -> None:
        """Let a customer write."""
        began = time.monotonic_ns()
        phone = f"+1555{number:07}"
        await self._post({"body": "Are you open today?", "customer": {"phoneE164": phone}})
        self.paced.ordinary.append((time.monotonic_ns() - began) / NANO)

    async def reply(self, number: int) -> None:
        """Let the business reply to a visitor."""
        self.paced.sent[number] = time.monotonic_ns()
        to = ids.wire("con", UUID(self._visited.conversations[number]))
        await self._post({"direction": "outbound", "body": "We are.", "conversationId": to})

    def close(self) -> None:
        """Hang up."""
        while not self._lines.empty():
            self._lines.get_nowait().close()

    async def _post(self, body: dict[str, Any]) -> None:
        line = await self._lines.get()
        reply = await line.post("/messages", body)
        self._lines.put_nowait(line)
        if reply.status != http.HTTPStatus.OK:
            raise Failed(f"{reply.status}: {reply.body}")


async def pace(port: int, visited: Visited, visitors: range, seconds: int) -> Paced:
    """Send customers' messages and replies to visitors, each evenly, whatever the answers take."""
    pacer = Pacer(port, visited)
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.TaskGroup() as group:
        for number, visitor in zip(range(PER_SECOND * seconds), visitors, strict=False):
            for half, piece in enumerate((pacer.ask(number), pacer.reply(visitor))):
                due = began + (number + half / 2) / PER_SECOND
                await asyncio.sleep(max(0, due - loop.time()))
                group.create_task(piece)
    pacer.close()
    return pacer.paced


@contextmanager
def watching(port: int, visited: Visited) -> Iterator[Watchers]:
    """Run the browsers."""
    number = str(len(visited.conversations))
    command = [sys.executable, "-m", "tests.bench.watching", str(port), visited.widget_key]
    process = subprocess.Popen(
        [*command, ORIGIN, number],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    with process:
        try:
            yield Watchers(process)
        finally:
            process.kill()


def delays(sent: dict[int, int], came: dict[int, int]) -> list[float]:
    """Return after how many milliseconds each came; `Failed` when one did not."""
    missing = sent.keys() - came.keys()
    if missing:
        raise Failed(f"{len(missing)} of {len(sent)} replies did not come")
    return [(came[number] - moment) / NANO for number, moment in sent.items()]


def rank(found: list[float], share: float) -> float:
    """Return what this share of the figures does not exceed."""
    return round(sorted(found)[min(int(len(found) * share), len(found) - 1)], 2)
