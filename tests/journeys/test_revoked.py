"""Revoked means dead: no request that starts after the revocation succeeds, in any process."""

import asyncio
import time
from collections.abc import Iterator
from itertools import count

import httpx
import pytest

from hub.auth import keys as secret
from hub.services.hub import Hub as Services
from tests.journeys.conftest import Running
from tests.support.app import ORIGIN, Business
from tests.support.client import Line, in_parallel, new_business, services, until

SLUGS = (f"revoked-{number}" for number in count(1))
LINES = 16
SHORT, WHOLE = 500, 10_000


async def revoke(hub: Services, business: Business, plaintext: str) -> None:
    """End the key, as a command or the dashboard would."""
    every = await hub.keys.all(business.id)
    (key,) = [key for key in every if key.prefix == secret.display(plaintext)]
    await hub.keys.revoke(business.id, key.id)


async def statuses_around_a_revocation(
    running: Running, path: str, kind: str, after: int
) -> tuple[list[int], list[int]]:
    """Return what requests got that began before a key was revoked, and those that began after."""
    business = await new_business(running.database_url, next(SLUGS))
    plaintext = business.server_key if kind == "server" else business.widget_key
    headers = business.bearer if kind == "server" else business.widget_headers
    began: list[tuple[float, int]] = []
    revoked_at = float("inf")

    async def send(line: Line, number: int) -> None:
        moment = time.monotonic()
        body = {"body": f"{number}", "visitor": {"visitorId": f"v_{number % LINES}"}}
        reply = await line.insist(path, body)
        began.append((moment, reply.status))

    def work() -> Iterator[int]:
        while sum(moment > revoked_at for moment, _ in began) < after:
            yield len(began)

    async def end_it(hub: Services) -> None:
        nonlocal revoked_at
        await until(lambda: len(began) >= 4 * LINES)
        await revoke(hub, business, plaintext)
        revoked_at = time.monotonic()

    async with services(running.database_url) as hub:
        sending = in_parallel(running.hub, headers, work(), send, LINES)
        await asyncio.gather(sending, end_it(hub))
    before = [status for moment, status in began if moment <= revoked_at]
    return before, [status for moment, status in began if moment > revoked_at]


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/messages", "server"), ("/ingest", "server"), ("/widget/messages", "widget")],
)
async def test_a_revoked_key_is_dead_in_every_process(many: Running, path: str, kind: str) -> None:
    """Under load on four processes, every request begun after the revocation is 401."""
    before, after = await statuses_around_a_revocation(many, path, kind, SHORT)

    assert before.count(200) >= LINES
    assert len(after) >= SHORT
    assert set(after) == {401}


@pytest.mark.heavy
@pytest.mark.timeout(300)
async def test_a_revoked_key_is_dead_for_ten_thousand_requests(many: Running) -> None:
    """The long form: none of 10,000 gets in."""
    _, after = await statuses_around_a_revocation(many, "/messages", "server", WHOLE)

    assert len(after) >= WHOLE
    assert set(after) == {401}


async def test_a_preflight_follows_the_last_revocation(one: Running) -> None:
    """An origin is let through as long as one living key of the hub allows it."""
    business = await new_business(one.database_url, next(SLUGS))
    origin = "https://only-here.example.com"
    assert origin != ORIGIN
    async with services(one.database_url) as hub:
        key = await hub.keys.create(business.id, "widget", "site", [origin])
        answers = [await preflight(one, origin)]
        await hub.keys.revoke(business.id, key.key.id)
        answers.append(await preflight(one, origin))

    assert answers == [(204, origin), (403, None)]


async def preflight(running: Running, origin: str) -> tuple[int, str | None]:
    """Ask as a browser does before a page's first call."""
    async with httpx.AsyncClient() as client:
        reply = await client.options(
            f"{running.hub.url}/api/v1/widget/messages",
            headers={"Origin": origin, "Access-Control-Request-Method": "POST"},
        )
    return reply.status_code, reply.headers.get("access-control-allow-origin")
