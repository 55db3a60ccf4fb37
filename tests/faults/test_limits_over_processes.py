"""A limit is exact over all processes, however many serve and however they were started.

`tests/support/pressing.py` says what is claimed, and why it is so.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from tests.support.app import Business
from tests.support.client import UNLIMITED, Line, new_business
from tests.support.counted import Counted
from tests.support.hubs import Hub
from tests.support.pressing import Record, Report, Run, call, judge, press
from tests.support.workers import PATIENT, lines_to_each

PROCESSES, LINES = 4, 4
MakeHub = Callable[..., Hub]

SHORT = Run(limit=60, seconds=8)
WHOLE = Run(limit=600, seconds=180)


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


def settings(database_url: str, redis_url: str, run: Run) -> dict[str, Any]:
    """Return a hub's settings: this limit, and no other."""
    limits = {**UNLIMITED, **PATIENT, "INGEST_RATE_PER_MIN": str(run.limit)}
    return {"DATABASE_URL": database_url, "REDIS_URL": redis_url, **limits}


@pytest.mark.parametrize("way", ["four servers"])
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
