"""Several hosts behave as one hub, and one that is cut off harms nobody but its own callers.

Two hosts with addresses of their own run two processes each; PostgreSQL and Redis are on a third
(`tests/support/namespaces.py`). A pulled cable is silent: nothing is refused, nothing comes.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
import pytest_socket
from msgspec import Struct
from sqlalchemy import make_url

from tests.faults.test_killed import stored
from tests.support.client import (
    UNLIMITED,
    Line,
    connected,
    everything,
    in_parallel,
    new_business,
    until,
)
from tests.support.counted import Counted, fullest
from tests.support.databases import PostgresDatabases
from tests.support.hubs import Hub
from tests.support.ledger import Ledger
from tests.support.namespaces import HOSTS, Network, network
from tests.support.postgres import Postgres
from tests.support.pressing import Record, Report, Run, Told, judge, press
from tests.support.processes import wait_for
from tests.support.redis import Redis
from tests.support.traffic import Traffic
from tests.support.workers import PATIENT, lines_to_each

pytestmark = [pytest.mark.heavy, pytest.mark.server, pytest.mark.timeout(300)]

PROCESSES, LINES = 2, 4
IDS, TIMES = 50, 40
ANSWER_SECONDS, AGAIN_SECONDS, OTHER_SECONDS = 3.5, 5.0, 1.0
EXACT = Run(limit=600, seconds=75)
CUT = Run(limit=60, seconds=20)


class Hosts(Struct, frozen=True):
    """The hosts, what runs on them, and the database as the tests reach it."""

    network: Network
    redis: Redis
    hubs: tuple[Hub, ...]
    url: str


@pytest.fixture(scope="module")
def wires() -> Iterator[Network]:
    """Hosts, and the right to talk to them."""
    with network() as made:
        yield made


@pytest.fixture(scope="module")
def data(wires: Network) -> Iterator[tuple[Postgres, Redis]]:
    """PostgreSQL and Redis on the third host."""
    inside = wires.inside("data")
    postgres = Postgres(settings={"listen_addresses": wires.address("database")}, inside=inside)
    redis = Redis(address=wires.address("cache"), inside=inside)
    try:
        postgres.start()
        _may_talk_to(wires)
        redis.start()
        yield postgres, redis
    finally:
        redis.remove()
        postgres.remove()


@pytest.fixture
def make_hosts(
    wires: Network, data: tuple[Postgres, Redis], tmp_path: Path
) -> Iterator[Callable[[Run], Hosts]]:
    """Make two hosts that serve, two processes each, with this limit of `/messages` alone."""
    postgres, redis = data
    _may_talk_to(wires)
    databases = PostgresDatabases(postgres.url(socket=True))
    hubs: list[Hub] = []
    with databases.migrated() as url:

        def make(run: Run) -> Hosts:
            limits = {**UNLIMITED, **PATIENT, "INGEST_RATE_PER_MIN": str(run.limit)}
            far = postgres.url(str(make_url(url).database))
            settings = {"DATABASE_URL": far, "REDIS_URL": redis.url, **limits}
            for name in HOSTS:
                folder = tmp_path / name
                folder.mkdir()
                place = {"host": wires.address(name), "inside": wires.inside(name)}
                hubs.append(Hub(folder, settings, **place))
                hubs[-1].start("--workers", str(PROCESSES))
            return Hosts(wires, redis, tuple(hubs), url)

        yield make
        for hub in hubs:
            hub.close()
    databases.close()


def _may_talk_to(wires: Network) -> None:
    pytest_socket.socket_allow_hosts(["127.0.0.1", *wires.addresses], allow_unix_socket=True)


@asynccontextmanager
async def lines_to(hosts: Hosts, headers: dict[str, str]) -> AsyncIterator[list[list[Line]]]:
    """Lend lines to every process of each host, in lists by host."""
    async with AsyncExitStack() as stack:
        found = [
            await stack.enter_async_context(lines_to_each(hub, headers, LINES))
            for hub in hosts.hubs
        ]
        yield [[line for mine in by_process for line in mine] for by_process in found]


async def test_limits_are_exact_over_hosts(
    make_hosts: Callable[[Run], Hosts], record_property: Record
) -> None:
    """Ten times 600 a minute, half at each host, for longer than a window: 600 in any 60 s."""
    hosts = make_hosts(EXACT)
    business = await new_business(hosts.url, "acme")
    counted = Counted(hosts.redis.url, "messages:*")
    async with lines_to(hosts, business.bearer) as lines:
        told = await press([line for mine in lines for line in mine], EXACT, counted)

    judge(Report(told, counted.instants), EXACT, record_property, "two hosts")


async def test_once_means_once_over_hosts(make_hosts: Callable[[Run], Hosts]) -> None:
    """Each of 50 ids goes 20 times to both hosts at once: 50 messages, and one id for each."""
    hosts = make_hosts(Run(limit=1_000_000, seconds=0))
    business = await new_business(hosts.url, "acme")
    told: dict[str, set[str]] = {f"once-{number}": set() for number in range(IDS)}

    async def send(line: Line, name: str) -> None:
        body = {"body": name, "providerMessageId": name, "customer": {"phoneE164": "+15551234567"}}
        reply = await line.insist("/messages", body)
        assert reply.status == 200, reply
        told[name].add(reply.body["id"])

    work = [name for name in told for _ in range(TIMES // 2)]
    await asyncio.gather(
        *(in_parallel(hub, business.bearer, work, send, lines=2 * TIMES) for hub in hosts.hubs)
    )
    async with connected(hosts.hubs[0], business.bearer) as client:
        there = await everything(client, "/messages")

    assert len(there) == IDS
    assert told == {message["providerMessageId"]: {message["id"]} for message in there}


async def cut_off(
    hosts: Hosts, traffic: Traffic, service: str, seconds: float
) -> tuple[float, float]:
    """Pull the first host's cable meanwhile; return when it was pulled and plugged in again."""
    await until(lambda: all(len(answers) > 100 for answers in traffic.answers))
    pulled = time.monotonic()
    await asyncio.to_thread(hosts.network.pull, HOSTS[0], service)
    try:
        await asyncio.sleep(seconds)
    finally:
        await asyncio.to_thread(hosts.network.plug, HOSTS[0], service)
    plugged = time.monotonic()
    await asyncio.sleep(AGAIN_SECONDS + 1)
    traffic.over.set()
    return pulled, plugged


@pytest.mark.parametrize(("people", "delay"), [(None, 1.0), (20, 1.5)], ids=["own", "same"])
async def test_a_host_without_its_database_says_so_and_the_other_goes_on(
    make_hosts: Callable[[Run], Hosts], people: int | None, delay: float, record_property: Record
) -> None:
    """503 within 3.5 s at the one, 200 at the other; healed within 5 s; nothing lost or doubled.

    Also when both write for the same people: what the lost host had locked is free in a second.
    """
    hosts = make_hosts(Run(limit=1_000_000, seconds=0))
    business = await new_business(hosts.url, "acme")
    ledger = Ledger()
    async with lines_to(hosts, business.bearer) as lines:
        traffic = Traffic("/messages", lines, ledger, people)
        (pulled, plugged), _ = await asyncio.gather(
            cut_off(hosts, traffic, "database", 12), traffic.run()
        )
        refused = [answer for answer in traffic.answers[0] if answer.status != 200]
        for answer in refused:
            # Refused means unknown: the same call again settles it.
            reply = await lines[0][0].insist("/messages", traffic.body(answer.name))
            ledger.answer(answer.name, reply.body["id"])
    cut, other = traffic.begun_since(0, pulled), traffic.begun_since(1, pulled)
    slowest = max(answer.seconds for answer in cut)
    again = min(a.answered for a in traffic.begun_since(0, plugged) if a.status == 200) - plugged
    last = max(a.answered for a in traffic.answers[0] if a.status != 200) - plugged
    figures = (
        f"{len(refused)} refused, slowest answer {slowest:.2f} s, first again {again:.2f} s and"
        f" last refusal {last:.2f} s after the cable; the other host: {len(other)} answered,"
        f" slowest {max(answer.seconds for answer in other):.2f} s"
    )
    record_property("cut off from PostgreSQL", figures)
    print(figures)  # noqa: T201 - the figure

    assert {answer.status for answer in refused} == {503}
    assert all(answer.after for answer in refused)
    assert slowest <= ANSWER_SECONDS
    assert max(again, last) <= AGAIN_SECONDS
    assert {answer.status for answer in other} == {200}
    assert max(answer.seconds for answer in other) <= delay
    assert ledger.judge(stored(hosts.url)).clean


async def test_a_host_without_redis_takes_everything_and_keeps_a_limit(
    make_hosts: Callable[[Run], Hosts], record_property: Record
) -> None:
    """Nothing is refused but by a limit, which lets in at most twice as much over both hosts."""
    hosts = make_hosts(CUT)
    business = await new_business(hosts.url, "acme")
    ledger = Ledger()
    async with (
        lines_to(hosts, business.widget_headers) as lines,
        lines_to(hosts, business.bearer) as pressing,
    ):
        traffic = Traffic("/widget/messages", lines, ledger)
        every = [line for mine in pressing for line in mine]
        # Between the tests and Redis the cable stays.
        counted = Counted(hosts.redis.url, "messages:*")
        (pulled, _), _, told = await asyncio.gather(
            cut_off(hosts, traffic, "cache", CUT.seconds),
            traffic.run(),
            press(every, CUT, counted),
        )
    taken = [answer for answers in traffic.answers for answer in answers]
    let_in = [one.span for one in told if one.status == 200]
    slowest = max(answer.seconds for answer in traffic.begun_since(0, pulled))
    figures = (
        f"{len(taken)} messages taken, slowest {slowest:.2f} s; {len(told)} calls against a limit"
        f" of {CUT.limit}: {len(let_in)} let in, {fullest(counted.instants)} of them by Redis"
    )
    record_property("cut off from Redis", figures)
    print(figures)  # noqa: T201 - the figure

    assert {answer.status for answer in taken} == {200}
    assert slowest <= OTHER_SECONDS
    assert _statuses(told) == {200, 429}
    assert CUT.limit <= len(let_in) <= 2 * CUT.limit
    assert ledger.judge(stored(hosts.url)).lost == frozenset()
    assert await asyncio.to_thread(wait_for, lambda: all(map(_is_ready, hosts.hubs)), 10)


def _statuses(told: list[Told]) -> set[int]:
    return {one.status for one in told}


def _is_ready(hub: Hub) -> bool:
    """Ask a hub ten times, whichever process answers: nothing is amiss with any."""
    words = [httpx.get(f"{hub.url}/health/ready").json()["status"] for _ in range(10)]
    return set(words) == {"ready"}
