"""A limit is exact over all processes, however many serve and however they were started.

When a call was counted only the limiter knows, and a client knows between which two moments. Two
claims follow. *Sure*: no window of 60 s holds more calls than the limit of which even the sending
and the receiving lie in it; that needs nobody's word. *Exact*: the instants that Redis noted are,
one to one, the calls that were answered 200, each between its sending and its receiving, by the
one clock of the machine; so they are the true instants, and no window of 60 s that slides over
them holds more than the limit.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from msgspec import Struct

from tests.support.app import Business
from tests.support.client import UNLIMITED, Line, Reply, new_business
from tests.support.counted import WINDOW_SECONDS, Counted, Span, fit, fullest, surely
from tests.support.hubs import Hub
from tests.support.workers import lines_to_each

PROCESSES, LINES, TIMES = 4, 4, 10
LOOK_SECONDS = 5.0
MakeHub = Callable[..., Hub]
Record = Callable[[str, object], None]


class Run(Struct, frozen=True):
    """How long so many times the limit are sent."""

    limit: int
    seconds: float


SHORT = Run(limit=60, seconds=8)
WHOLE = Run(limit=600, seconds=180)


class Told(Struct, frozen=True):
    """One call: its span, its status, and what its headers said of the limit."""

    span: Span
    status: int
    limit: int
    remaining: int
    reset: int
    retry_after: int | None


class Report(Struct, frozen=True):
    """What a run came to."""

    told: Sequence[Told]
    counted: Sequence[int]

    @property
    def admitted(self) -> list[Span]:
        """Return the calls that were let in."""
        return [told.span for told in self.told if told.status == 200]


@asynccontextmanager
async def one_server(
    make_hub: MakeHub, settings: dict[str, str], business: Business
) -> AsyncIterator[list[Line]]:
    """One `serve --workers 4`: lines to each of its processes."""
    hub = make_hub(**settings)
    await asyncio.to_thread(hub.start, "--workers", str(PROCESSES))
    async with lines_to_each(hub, business.bearer, LINES) as lines:
        assert len(lines) == PROCESSES
        yield [line for mine in lines for line in mine]


@asynccontextmanager
async def four_servers(
    make_hub: MakeHub, settings: dict[str, str], business: Business
) -> AsyncIterator[list[Line]]:
    """Four `serve`, each at its own port."""
    hubs = [make_hub(**settings) for _ in range(PROCESSES)]
    await asyncio.gather(*(asyncio.to_thread(hub.start) for hub in hubs))
    async with AsyncExitStack() as stack:
        lines = [
            await stack.enter_async_context(lines_to_each(hub, business.bearer, LINES))
            for hub in hubs
        ]
        yield [line for [mine] in lines for line in mine]


WAYS = {"one server": one_server, "four servers": four_servers}


async def call(line: Line, number: int) -> Told:
    """Post one message and read the limit's headers, which every answer has."""
    body = {"body": "hi", "visitor": {"visitorId": f"v_{number % 100}"}}
    sent = time.time()
    reply: Reply = await line.post("/messages", body)
    span = Span(sent, time.time())
    limit, remaining, reset = (
        int(reply.header(f"X-RateLimit-{name}") or "none")
        for name in ("Limit", "Remaining", "Reset")
    )
    after = reply.header("Retry-After")
    return Told(span, reply.status, limit, remaining, reset, int(after) if after else None)


async def press(lines: Sequence[Line], run: Run, counted: Counted) -> list[Told]:
    """Send ten times the limit, on all lines in step, so that calls meet; look at the count."""
    told: list[Told] = []
    pause = WINDOW_SECONDS * len(lines) / (run.limit * TIMES)
    begin = time.monotonic()
    end = begin + run.seconds

    async def go_on(line: Line) -> None:
        due = begin
        while due < end:
            await asyncio.sleep(due - time.monotonic())
            told.append(await call(line, len(told)))
            due += pause

    async def watch() -> None:
        while time.monotonic() < end:
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.to_thread(counted.look)

    await asyncio.gather(watch(), *(go_on(line) for line in lines))
    await asyncio.to_thread(counted.look)
    return told


def judge(report: Report, run: Run, record: Record, way: str) -> None:
    """Hold the run against the promise, and leave its figures."""
    sure, exact = surely(report.admitted), fullest(report.counted)
    figures = (
        f"{len(report.told)} calls, {len(report.admitted)} let in, fullest window {exact}"
        f" of {run.limit} (surely {sure})"
    )
    record(way, figures)
    print(f"{way}: {figures}")  # noqa: T201 - the figure

    assert sure <= run.limit
    assert fit(report.counted, report.admitted)
    assert exact == run.limit
    assert {told.status for told in report.told} == {200, 429}
    assert {told.limit for told in report.told} == {run.limit}
    for told in report.told:
        assert 0 <= told.remaining < run.limit
        assert told.span.sent <= told.reset <= told.span.received + WINDOW_SECONDS + 1
        refused = told.status == 429
        assert (told.retry_after is not None) is refused
        assert not refused or 1 <= (told.retry_after or 0) <= WINDOW_SECONDS


def settings(database_url: str, redis_url: str, run: Run) -> dict[str, Any]:
    """Return a hub's settings: this limit, and no other."""
    limits = {**UNLIMITED, "INGEST_RATE_PER_MIN": str(run.limit)}
    return {"DATABASE_URL": database_url, "REDIS_URL": redis_url, **limits}


@pytest.mark.parametrize("way", WAYS)
async def test_four_processes_let_in_no_more_than_the_limit(
    make_hub: MakeHub, postgres_database_url: str, redis_url: str, way: str, record_property: Record
) -> None:
    """Ten times 60 a minute for 8 s, which fall into one window: 60 pass, and not one more."""
    business = await new_business(postgres_database_url, "acme")
    counted = Counted(redis_url, "messages:*")
    these = settings(postgres_database_url, redis_url, SHORT)
    async with WAYS[way](make_hub, these, business) as lines:
        told = await press(lines, SHORT, counted)

    judge(Report(told, counted.instants), SHORT, record_property, way)


@pytest.mark.heavy
@pytest.mark.timeout(420)
@pytest.mark.parametrize("way", WAYS)
async def test_no_minute_of_three_holds_more_than_the_limit(
    make_hub: MakeHub, postgres_database_url: str, redis_url: str, way: str, record_property: Record
) -> None:
    """Ten times 600 a minute for 3 minutes: 600 in any 60 s, and who waits as told gets in."""
    business = await new_business(postgres_database_url, "acme")
    counted = Counted(redis_url, "messages:*")
    these = settings(postgres_database_url, redis_url, WHOLE)
    async with WAYS[way](make_hub, these, business) as lines:
        told = await press(lines, WHOLE, counted)
        judge(Report(told, counted.instants), WHOLE, record_property, way)
        await wait_as_told(lines[::LINES])


async def wait_as_told(lines: Sequence[Line]) -> None:
    """Fill the limit at each process in turn, wait the `Retry-After`, and be let in.

    One at a time: a free place is for whoever comes first, and nobody else calls meanwhile.
    """
    for line in lines:
        last = await call(line, 0)
        while last.status == 200:
            last = await call(line, 0)
        assert last.retry_after
        await asyncio.sleep(last.retry_after)
        assert (await call(line, 0)).status == 200
