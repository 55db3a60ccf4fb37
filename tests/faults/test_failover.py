"""PostgreSQL fails over: the hub finds the new primary, and what a synchronous standby promises."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
from msgspec import Struct

from hub.settings import Settings
from hub.store import schema
from tests.faults.test_killed import stored
from tests.support.client import UNLIMITED, Line, new_business
from tests.support.databases import query
from tests.support.hubs import Hub
from tests.support.postgres import Postgres
from tests.support.processes import wait_for
from tests.support.standby import NAME, Standby

pytestmark = pytest.mark.server

BEFORE, MEANWHILE = 20, 4
FOUND_SECONDS = 5.0
STREAMING = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = "
MakeHub = Callable[..., Hub]
Record = Callable[[str, object], None]


class Told(Struct, frozen=True):
    """What callers were told, and what the new primary has."""

    while_silent: Sequence[int]
    """The answers while the standby stood still."""
    acknowledged: set[str]
    held: set[str]
    found_after: float
    """Seconds from the promotion to the first message that was taken."""


@pytest.fixture
def standby(own_postgres: Postgres) -> Iterator[Standby]:
    """A running standby of the test's own server."""
    server = Standby(own_postgres)
    try:
        server.start()
        yield server
    finally:
        server.remove()


async def failed_over(hub: Hub, primary: Postgres, standby: Standby, kind: str) -> Told:
    """Let the standby fall behind, kill the primary, promote the standby."""
    business = await new_business(primary.url(), "acme")
    assert wait_for(lambda: query(primary.url(), f"{STREAMING}'{kind}'")[0][0] == 1, 10)
    hub.start()
    acknowledged: set[str] = set()
    lines = [Line(hub, business.bearer) for _ in range(MEANWHILE)]

    async def send(line: Line, name: str) -> int:
        body = {"body": name, "providerMessageId": name, "customer": {"phoneE164": "+15551234567"}}
        status = (await line.post("/messages", body)).status
        acknowledged.update([name] if status == 200 else [])
        return status

    for number in range(BEFORE):
        assert await send(lines[0], f"before-{number}") == 200
    standby.freeze()
    silent = [send(line, f"silent-{number}") for number, line in enumerate(lines)]
    answers = await asyncio.gather(*silent)
    primary.kill()
    # Also what waits for it in its own socket is gone with its machine.
    standby.kill()
    standby.start()
    assert await send(lines[0], "nobody") == 503
    standby.promote()
    began, number = time.monotonic(), 0
    while await send(lines[0], f"after-{number}") != 200:
        assert time.monotonic() - began < FOUND_SECONDS
        number += 1
        await asyncio.sleep(0.05)
    found_after = time.monotonic() - began
    for line in lines:
        line.close()
    held = {one.name for one in stored(standby.url())}
    return Told(answers, acknowledged, held, found_after)


async def between(make_hub: MakeHub, primary: Postgres, standby: Standby) -> Hub:
    """Return a hub whose URL names both servers."""
    await schema.migrate(Settings(database_url=primary.url()))
    places = "&".join(f"host=127.0.0.1:{one.port}" for one in (primary, standby))
    return make_hub(DATABASE_URL=f"postgresql+asyncpg://hub@/postgres?{places}", **UNLIMITED)


async def test_a_synchronous_standby_has_all_that_was_answered(
    make_hub: MakeHub, own_postgres: Postgres, standby: Standby, record_property: Record
) -> None:
    """While it is silent nothing is acknowledged; promoted, it has every 200, and is found."""
    text = f"ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 ({NAME})'"
    query(own_postgres.url(), text)
    query(own_postgres.url(), "SELECT pg_reload_conf()")
    hub = await between(make_hub, own_postgres, standby)

    told = await failed_over(hub, own_postgres, standby, "sync")

    record_property("seconds to the first message after a promotion", round(told.found_after, 2))
    assert set(told.while_silent) == {503}
    assert len(told.acknowledged) == BEFORE + 1
    assert told.acknowledged - told.held == set()


@pytest.mark.heavy
async def test_a_standby_that_is_not_synchronous_can_lose_what_was_answered(
    make_hub: MakeHub, own_postgres: Postgres, standby: Standby
) -> None:
    """What the page says is lost is lost: so the judge above would see it."""
    hub = await between(make_hub, own_postgres, standby)

    told = await failed_over(hub, own_postgres, standby, "async")

    assert set(told.while_silent) == {200}
    assert told.acknowledged - told.held == {f"silent-{number}" for number in range(MEANWHILE)}
