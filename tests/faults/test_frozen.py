"""A process that stands still holds up its own callers, and nobody else for long."""

import asyncio
import time
from collections.abc import Callable

from tests.faults.test_killed import stored
from tests.support.client import UNLIMITED, new_business, until
from tests.support.hubs import Hub
from tests.support.ledger import Ledger
from tests.support.traffic import Traffic
from tests.support.workers import frozen, lines_to_each, workers

LINES, PEOPLE = 4, 20
TIMES, FROZEN_SECONDS, DELAY_SECONDS = 3, 2.5, 1.5


async def freeze_the_first(hub: Hub, traffic: Traffic) -> float:
    """Freeze the first process again and again, then end the traffic; return when it began."""
    await until(lambda: all(len(answers) > 50 for answers in traffic.answers))
    began = time.monotonic()
    for _ in range(TIMES):
        with frozen(workers(hub)[:1]):
            await asyncio.sleep(FROZEN_SECONDS)
        await asyncio.sleep(0.5)
    traffic.over.set()
    return began


async def test_a_frozen_process_delays_the_others_by_a_second(
    make_hub: Callable[..., Hub],
    postgres_database_url: str,
    record_property: Callable[[str, object], None],
) -> None:
    """Three write for the same people, and one stops in the middle: the others answer 200.

    PostgreSQL takes back within a second what it had locked, and after its rest it goes on. Each
    time it may be caught between two transactions, so it is stopped three times.
    """
    hub = make_hub(DATABASE_URL=postgres_database_url, **UNLIMITED)
    hub.start("--workers", "3")
    business = await new_business(postgres_database_url, "acme")
    ledger = Ledger()
    async with lines_to_each(hub, business.bearer, LINES) as lines:
        traffic = Traffic("/messages", lines, ledger, PEOPLE)
        moment, _ = await asyncio.gather(freeze_the_first(hub, traffic), traffic.run())
        unknown = [answer for answer in traffic.answers[0] if answer.status != 200]
        for answer in unknown:
            reply = await lines[0][0].insist("/messages", traffic.body(answer.name))
            ledger.answer(answer.name, reply.body["id"])
    others = [answer for host in (1, 2) for answer in traffic.begun_since(host, moment - 1)]
    slowest = max(answer.seconds for answer in others)
    record_property("slowest of the others", f"{slowest:.2f} s of {len(others)}")

    assert {answer.status for answer in others} == {200}
    assert slowest <= DELAY_SECONDS
    assert {answer.status for answer in unknown} <= {503}
    assert max(answer.seconds for answer in traffic.answers[0]) >= FROZEN_SECONDS / 2
    assert ledger.judge(stored(postgres_database_url)).clean
