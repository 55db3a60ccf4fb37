"""PostgreSQL dies, hangs, or has too little room: every call is answered, nothing is lost."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest
from msgspec import Struct

from tests.support.client import UNLIMITED, connected, everything, new_business
from tests.support.databases import PostgresDatabases
from tests.support.hubs import Hub
from tests.support.ledger import Found
from tests.support.outage import (
    OK,
    UNAVAILABLE,
    Holdings,
    Traffic,
    Watch,
    events,
    figure,
    figures,
    holdings,
    settled,
    share,
    stored,
)
from tests.support.postgres import Postgres

ANSWER_SECONDS, HEALTHY_SECONDS, CHECK_MILLISECONDS = 3.5, 5.0, 100
# Fewer connections than a process would like to have (the tests' own are closed by then).
LITTLE_ROOM = {
    "max_connections": "2",
    "max_wal_senders": "0",
    "superuser_reserved_connections": "0",
}
MakeHub = Callable[..., Hub]
Record = Callable[[str, object], None]
Fault = Callable[[Postgres, float], Awaitable[float]]


class Run(Struct, frozen=True):
    """How long everything is well before and after a fault, how long a fault lasts, how often."""

    well: float
    ill: float
    times: int = 1


class Report(Struct):
    """What came of it."""

    traffic: Traffic
    watch: Watch
    before: Holdings
    after: Holdings
    began: list[float]
    ended: list[float]
    healthy: list[float]
    opens: float

    def tell(self, record: Record) -> None:
        """Leave the figures in the test report."""
        answers = self.traffic.answers
        refused = sum(answer.status == UNAVAILABLE for answer in answers)
        told = {
            "answers": f"{len(answers)}, {refused} of them 503",
            "slowest answer": f"{share(answers, 1):.2f} s",
            "healthy after": f"{max(self.healthy):.2f} s",
            "/health/live, p99 and slowest": f"{self.live(0.99):.0f}, {self.live():.0f} ms",
            "/health/ready when open": f"{self.ready(0.99):.0f}, {self.ready():.0f} ms",
            "p99 before": f"{share(self.well_before(), 0.99) * 1000:.0f} ms",
            "p99 after": f"{share(self.well_after(), 0.99) * 1000:.0f} ms",
            "descriptors": f"{self.before.descriptors} -> {self.after.descriptors}",
            "tasks": f"{self.before.tasks} -> {self.after.tasks}",
            "breaker opened": self.opens,
        }
        for name, text in told.items():
            record(name, text)
            print(f"{name}: {text}")  # noqa: T201 - the figure

    def well_before(self):
        """Return the answers before the first fault."""
        return self.traffic.between(0, self.began[0])

    def well_after(self):
        """Return the answers after the last fault."""
        return self.traffic.between(self.ended[-1] + self.healthy[-1] + 0.5)

    def live(self, part: float = 1) -> float:
        """Return the milliseconds that `/health/live` took."""
        return self.watch.within("/health/live", part=part) * 1000

    def ready(self, part: float = 1) -> float:
        """Return the milliseconds that `/health/ready` took once the database was given up."""
        return 1000 * max(
            self.watch.within("/health/ready", begin + ANSWER_SECONDS, end, part)
            for begin, end in zip(self.began, self.ended, strict=True)
        )


async def kill(server: Postgres, seconds: float) -> float:
    """`kill -9` of every process; return when it is to be started again."""
    await asyncio.to_thread(server.kill)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(server.start)
    return time.monotonic()


async def leave_little_room(server: Postgres, seconds: float) -> float:
    """Stop at once; what starts again has room for fewer connections than the hub's."""
    await asyncio.to_thread(server.stop_at_once)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(server.start, **LITTLE_ROOM)
    return time.monotonic()


async def freeze(server: Postgres, seconds: float) -> float:
    """Stop every process where it stands, and let it go on."""
    await asyncio.to_thread(server.freeze)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(server.thaw)
    return time.monotonic()


async def suffered(hub: Hub, server: Postgres, url: str, run: Run, fault: Fault) -> Report:
    """Let 32 clients send while the fault happens again and again; compare the books."""
    business = await new_business(url, "acme")
    hub.start()
    traffic, watch = Traffic(hub, business), Watch(hub)
    async with traffic.flowing():
        await asyncio.sleep(run.well)
    before = await holdings(hub)
    began, ended, healthy = [], [], []
    async with watch.kept(), traffic.flowing():
        await asyncio.sleep(run.well)
        for _ in range(run.times):
            began.append(time.monotonic())
            ended.append(await fault(server, run.ill))
            async with asyncio.timeout(30):
                healthy.append(await watch.ready_since(ended[-1]))
            await asyncio.sleep(run.well)
    after = await settled(hub, before)
    async with connected(hub, business.bearer) as client:
        shown = await everything(client, "/messages")
    found = [Found(m["providerMessageId"], m["id"], m["body"]) for m in shown]
    assert traffic.ledger.judge(found).clean, traffic.ledger.judge(found)
    opens = figure(await figures(hub), 'hub_breaker_opens_total{part="database"}')
    await asyncio.to_thread(hub.process.stop)
    in_store = await asyncio.to_thread(stored, url)
    assert traffic.ledger.judge(in_store).clean, traffic.ledger.judge(in_store)
    return Report(traffic, watch, before, after, began, ended, healthy, opens)


def check(report: Report, hub: Hub, times: int) -> None:
    """Every call was answered in time, and the hub is what it was before."""
    refusals = {a.retry_after for a in report.traffic.answers if a.status == UNAVAILABLE}
    assert refusals <= {"1", "5"}
    assert report.traffic.broken == 0
    assert share(report.traffic.answers, 1) <= ANSWER_SECONDS
    assert max(report.healthy) <= HEALTHY_SECONDS
    assert all(answer.status == OK for answer in report.well_after())
    assert report.after.like(report.before), (report.before, report.after)
    # Of a server that comes back while it recovers a process may take leave twice, not more often.
    told = list(events(hub))
    assert times <= told.count("database_lost") <= 2 * times, told
    assert told.count("database_back") == told.count("database_lost") == report.opens
    assert len(told) <= 4 * times + 10, told


@pytest.fixture
def server_url(own_postgres: Postgres) -> Iterator[str]:
    """A migrated database on a server of the test's own."""
    databases = PostgresDatabases(own_postgres.url())
    # Not cleaned up behind the test: the server with all its data goes away.
    with databases.migrated() as url:
        yield url


KILLED = (Run(well=1.5, ill=1), Run(well=2, ill=2, times=5))
CROWDED = (Run(well=1.5, ill=1), Run(well=15, ill=3))
FROZEN = (Run(well=1.5, ill=5), Run(well=3, ill=30))


async def test_postgres_killed(
    make_hub: MakeHub, own_postgres: Postgres, server_url: str, record_property: Record
) -> None:
    """`kill -9` of the whole server: 503 meanwhile, well within five seconds of its return."""
    hub = make_hub(DATABASE_URL=server_url, **UNLIMITED)

    report = await suffered(hub, own_postgres, server_url, KILLED[0], kill)

    report.tell(record_property)
    check(report, hub, 1)


@pytest.mark.heavy
async def test_postgres_with_little_room(
    make_hub: MakeHub, own_postgres: Postgres, server_url: str, record_property: Record
) -> None:
    """Stopped at once and started for few connections: the hub makes do with those it gets."""
    hub = make_hub(DATABASE_URL=server_url, **UNLIMITED)

    report = await suffered(hub, own_postgres, server_url, CROWDED[0], leave_little_room)

    report.tell(record_property)
    check(report, hub, 1)


async def test_postgres_frozen(
    make_hub: MakeHub, own_postgres: Postgres, server_url: str, record_property: Record
) -> None:
    """Every process stopped for five seconds: 503 within 3.5, and well when they go on."""
    hub = make_hub(DATABASE_URL=server_url, **UNLIMITED)

    report = await suffered(hub, own_postgres, server_url, FROZEN[0], freeze)

    report.tell(record_property)
    check(report, hub, 1)


@pytest.mark.heavy
@pytest.mark.timeout(300)
async def test_postgres_killed_five_times(
    make_hub: MakeHub, own_postgres: Postgres, server_url: str, record_property: Record
) -> None:
    """Each of five kills is over within five seconds of the server's return."""
    hub = make_hub(DATABASE_URL=server_url, **UNLIMITED)

    report = await suffered(hub, own_postgres, server_url, KILLED[1], kill)

    report.tell(record_property)
    check(report, hub, 5)


@pytest.mark.heavy
@pytest.mark.timeout(300)
async def test_postgres_with_little_room_for_long(
    make_hub: MakeHub, own_postgres: Postgres, server_url: str, record_property: Record
) -> None:
    """Also when the hub asks for more room again and again, no call suffers from it."""
    hub = make_hub(DATABASE_URL=server_url, **UNLIMITED)

    report = await suffered(hub, own_postgres, server_url, CROWDED[1], leave_little_room)

    report.tell(record_property)
    check(report, hub, 1)


@pytest.mark.heavy
@pytest.mark.timeout(300)
async def test_postgres_frozen_for_half_a_minute(
    make_hub: MakeHub, own_postgres: Postgres, server_url: str, record_property: Record
) -> None:
    """Thirty seconds of silence; the health checks answer within 100 ms all the while."""
    hub = make_hub(DATABASE_URL=server_url, **UNLIMITED)

    report = await suffered(hub, own_postgres, server_url, FROZEN[1], freeze)

    report.tell(record_property)
    check(report, hub, 1)
    # All but one of a hundred: the clients' own load is on this machine too.
    assert report.live(0.99) <= CHECK_MILLISECONDS
    assert report.ready(0.99) <= CHECK_MILLISECONDS
