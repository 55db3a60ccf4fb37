"""What a message takes up, in bytes: `docs/sizes.json`, from which the page on scaling is written.

    .venv/bin/python -m tests.bench.sizes [--messages 200000] [--customers 20000]

Messages are those of the bench, each customer's as many as any other's, in an order of chance and
in batches of 64. It takes a few minutes and no quiet machine: what is counted is bytes, but for the
CPU of Redis.
"""

import asyncio
import random
import shutil
import socket
import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from hub.auth import keys
from hub.auth.limits import Bucket
from hub.auth.limits.shared_log import RedisLimiter, connect
from hub.contracts import Arrival, Caller, Message, Person, Visit
from hub.services.hub import Hub as Services
from hub.store.outgoing import metadata
from tests.bench.ground import Ground, PostgresStore, SqliteStore
from tests.bench.hubs import Hub, serving
from tests.bench.load import Target, fire
from tests.bench.processor import Gauge, spent
from tests.support.client import services
from tests.support.databases import query

FILE = Path(__file__).parents[2] / "docs" / "sizes.json"
TOGETHER, CHECKS, LIMITS = 64, 20_000, (60, 600)
FEW = 1000
"""Messages that are stored one by one, at most a quarter of all."""
_WAL = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
_PARTS = "SELECT pg_table_size('{0}'::regclass), pg_indexes_size('{0}'::regclass)"
_BODY = (
    '{"direction":"inbound","body":"Message 000000001: does the blue one come in a larger size, '
    'and could it be here by Friday morning?","providerMessageId":"bench-3-000000001",'
    '"customer":{"phoneE164":"+15550000001"},'
    '"visitor":{"path":"/pricing","referer":"https://google.com/"}}'
)


class Table(Struct, frozen=True):
    """Bytes of one table in PostgreSQL."""

    rows: int
    table: int
    indexes: int


class Sizes(Struct, frozen=True):
    """All that is measured; bytes, and a message's where nothing else is said."""

    date: str
    messages: int
    customers: int
    tables: dict[str, Table]
    wal_together: float
    """In batches of 64, with no checkpoint near."""
    wal_alone: float
    """One message a commit, with no checkpoint near."""
    wal_fresh: float
    """One a commit, the first ones after a checkpoint: pages go into the log whole."""
    sqlite: float
    log: float
    request: int
    answer: int
    process: int
    """Resident memory of one `clonvo serve` after load."""
    bucket: dict[int, int]
    """Of a full bucket in Redis, by its limit."""
    check_together: float
    """Microseconds of Redis' CPU for one check of 64 that come at once."""
    check_alone: float
    """The same of one that comes by itself."""


class Filled(Struct, frozen=True):
    """What filling a database told beside its size."""

    key: str
    wal: tuple[float, float, float] = (0.0, 0.0, 0.0)


def message(number: int, customer: int) -> Message:
    """Return a message as the bench's load maker sends it."""
    return Message(
        channel="api",
        source="api",
        person=Person(phone_e164=f"+1555{customer:07}"),
        body=f"Message {number:09}: does the blue one come in a larger size, and could it be here "
        "by Friday morning?",
        provider_message_id=f"bench-3-{number:09}",
        visit=Visit(path="/pricing", referer="https://google.com/"),
    )


async def fill(url: str, messages: int, customers: int, server: str = "") -> Filled:
    """Store messages in an empty database; with a `server`, count what its log grows by."""

    def grown() -> int:
        return int(query(server, _WAL)[0][0]) if server else 0

    order = [number % customers for number in range(messages)]
    random.Random(1).shuffle(order)
    async with services(url) as hub:
        caller, key = await business(hub)
        half = messages // 2
        await store(hub, caller, order[:half], 0, TOGETHER)
        at_half = grown()
        await store(hub, caller, order[half:], half, TOGETHER)
        together = (grown() - at_half) / (messages - half)
        if not server:
            return Filled(key)
        return Filled(key, (together, *await _few(hub, caller, order, server)))


async def _few(hub: Services, caller: Caller, order: list[int], server: str) -> tuple[float, float]:
    """Store a few one by one, and a few more after a checkpoint; return the log's bytes of each."""
    found, few = [], min(FEW, len(order) // 4)
    for turn in range(2):
        if turn:
            query(server, "CHECKPOINT", seconds=120)
        before = int(query(server, _WAL)[0][0])
        some = order[turn * few : (turn + 1) * few]
        await store(hub, caller, some, len(order) + turn * few, 1)
        found.append((int(query(server, _WAL)[0][0]) - before) / len(some))
    return found[0], found[1]


async def business(hub: Services) -> tuple[Caller, str]:
    """Make a business; return its caller and its key."""
    made = await hub.organizations.create("sizes", "Sizes")
    key = await hub.keys.create(made.id, "server", "sizes")
    credential = keys.digest(key.plaintext)
    caller = Caller(
        kind="server", organization_id=made.id, credential=credential, key_id=key.key.id
    )
    return caller, key.plaintext


async def store(
    hub: Services, caller: Caller, order: Sequence[int], first: int, together: int
) -> None:
    """Store a message of each customer in this order."""
    for start in range(0, len(order), together):
        some = order[start : start + together]
        arrival = Arrival(at=datetime.now(UTC), caller=caller, ip="127.0.0.1")
        await hub.accept([message(first + start + i, one) for i, one in enumerate(some)], arrival)


def tables(url: str) -> dict[str, Table]:
    """Return the tables that hold a business's data, as a vacuum leaves them."""
    query(url, "VACUUM ANALYZE", seconds=300)
    found = {}
    for name in metadata.tables:
        rows = int(query(url, f"SELECT count(*) FROM {name}", seconds=60)[0][0])
        table, indexes = query(url, _PARTS.format(name))[0]
        if rows > 1:
            found[name] = Table(rows, int(table), int(indexes))
    return found


def in_postgres(
    ground: Ground, messages: int, customers: int
) -> tuple[Filled, dict[str, Table], tuple[float, int, int, int]]:
    """Fill a PostgreSQL database, and let a hub serve it for two seconds."""
    with ground.store("postgres") as store:
        assert isinstance(store, PostgresStore)
        filled = asyncio.run(fill(store.url, messages, customers, store.url))
        return filled, tables(store.url), served(ground, store.url, filled.key, customers)


def served(ground: Ground, url: str, key: str, customers: int) -> tuple[float, int, int, int]:
    """Return the bytes of a log line, of a request and its answer, and of a process."""
    folder = ground.new_folder("hub")
    with serving(folder, url) as hub:
        before, counted = (folder / "serve.log").stat().st_size, hub.counted().answered
        fire(Target(hub.port, key, customers), 1, 2)
        grown = (folder / "serve.log").stat().st_size - before
        lines = hub.counted().answered - counted
        return grown / lines, *exchange(hub, key), resident(hub.roots["server"])


def exchange(hub: Hub, key: str) -> tuple[int, int]:
    """Send one message over a socket; return the bytes that went and came."""
    head = (
        f"POST /api/v1/messages HTTP/1.1\r\nHost: 127.0.0.1:{hub.port}\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        f"Connection: close\r\nContent-Length: {len(_BODY)}\r\n\r\n"
    )
    request, answer = (head + _BODY).encode(), 0
    with closing(socket.create_connection(("127.0.0.1", hub.port), timeout=10)) as line:
        line.sendall(request)
        while part := line.recv(65536):
            answer += len(part)
    return len(request), answer


def resident(pid: int) -> int:
    """Return the bytes of memory that a process has."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def in_sqlite(ground: Ground, messages: int, customers: int) -> float:
    """Return the bytes of the file a message, its log written back."""
    with ground.store("sqlite") as store:
        assert isinstance(store, SqliteStore)
        file = Path(store.url.removeprefix("sqlite:///"))
        before = file.stat().st_size
        asyncio.run(fill(store.url, messages, customers))
        pages = store.number("PRAGMA page_count") * store.number("PRAGMA page_size")
        return (pages - before) / messages


async def in_redis(url: str, pid: int, checks: int) -> tuple[dict[int, int], float, float]:
    """Return the bytes of full buckets, and the CPU of a check together with others and alone."""
    client = connect(url)
    limiter = RedisLimiter(client)
    await limiter.join()
    buckets = {limit: Bucket(f"messages:{'0' * 32}:{limit}", limit) for limit in LIMITS}
    for limit, bucket in buckets.items():
        for _ in range(limit):
            await limiter.take([bucket])
    usage = {
        limit: int(await client.memory_usage(f"hub:limits:{one.name}") or 0)
        for limit, one in buckets.items()
    }
    gauge = Gauge({"redis": pid})
    costs = []
    for together in (TOGETHER, 1):
        many = [Bucket(f"{together}:{i % 1000}", 60) for i in range(checks)]
        before = gauge.read()
        for start in range(0, checks, together):
            await asyncio.gather(*(limiter.take([b]) for b in many[start : start + together]))
        costs.append(spent(before, gauge.read()).parts["redis"] / checks * 1e6)
    await client.aclose()
    return usage, round(costs[0], 1), round(costs[1], 1)


def measure(messages: int, customers: int, checks: int = CHECKS) -> Sizes:
    """Measure all of it."""
    folder = Path(tempfile.mkdtemp(prefix="hub-sizes-"))
    try:
        with Ground(folder, 0) as ground:
            buckets, together, alone = asyncio.run(
                in_redis(ground.redis.url, ground.redis.pid, checks)
            )
            filled, held, live = in_postgres(ground, messages, customers)
            return Sizes(
                date=datetime.now(UTC).date().isoformat(),
                messages=messages,
                customers=customers,
                tables=held,
                wal_together=round(filled.wal[0], 1),
                wal_alone=round(filled.wal[1], 1),
                wal_fresh=round(filled.wal[2], 1),
                sqlite=round(in_sqlite(ground, messages, customers), 1),
                log=round(live[0], 1),
                request=live[1],
                answer=live[2],
                process=live[3],
                bucket=buckets,
                check_together=together,
                check_alone=alone,
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--messages", default=200_000, show_default=True)
@click.option("--customers", default=20_000, show_default=True)
@click.option("--write/--no-write", default=True, help="Keep them in docs/sizes.json.")
def main(messages: int, customers: int, *, write: bool) -> None:
    """Measure what a message takes up."""
    text = msgspec.json.format(msgspec.json.encode(measure(messages, customers))).decode() + "\n"
    click.echo(text, nl=False)
    if write:
        FILE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
