"""The rows: what is measured, each in one round, each on a database of its own."""

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack

import msgspec
import redis
from msgspec import Struct

from tests.bench import floor, hubs
from tests.bench.figures import Sample
from tests.bench.ground import Ground, Kind, Store, messages, waiting
from tests.bench.hubs import ROOT, Counted, Hub
from tests.bench.load import CONNECTIONS, Failed, Shot, Target, fire
from tests.bench.processor import Gauge, Reading, spent
from tests.bench.streams import open_streams
from tests.support.processes import Process, free_port

WARM_SECONDS = 1
SETTLE_SECONDS = 30
POLL_SECONDS = 0.1
WARM, MEASURED = 1, 2


class Row(Struct, frozen=True):
    """One line of the table."""

    name: str
    says: str
    measure: Callable[[Ground, int], Sample]
    """Given the ground and the seconds under load."""


def floor_of(table: str) -> Callable[[Ground, int], Sample]:
    """Return what inserts single rows into a table with asyncpg, without HTTP."""

    def measure(ground: Ground, seconds: int) -> Sample:
        with ground.store("postgres") as store, ExitStack() as ends:
            url = store.url.replace("+asyncpg", "")
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.bench.floor", table, url, str(seconds)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
            )
            ends.enter_context(process)
            ends.callback(process.kill)
            return inserting(ground, process, store, floor.TABLES[table])

    return measure


def inserting(
    ground: Ground, process: "subprocess.Popen[str]", store: Store, table: floor.Table
) -> Sample:
    """Let the process insert, and look whether all its rows are there."""
    assert process.stdin
    assert process.stdout
    if process.stdout.readline() != "ready\n":
        raise Failed("The floor did not start")
    gauge = Gauge({"server": process.pid, "database": ground.postgres.pid})
    before = gauge.read()
    process.stdin.write("go\n")
    process.stdin.flush()
    told = msgspec.json.decode(process.stdout.readline(), type=floor.Told)
    after = gauge.read()
    there = store.number(f"SELECT count(*) FROM {table.name} WHERE {table.mine}")
    if there != told.rows + told.warm_rows:
        raise Failed(f"{there} rows, and {told.rows} + {told.warm_rows} inserted")
    shot = Shot(told.rows, int(told.seconds * 1e6), told.p50, told.p99, 0, 0)
    return sample(shot, told.rows, (before, after, after))


def bare_http(ground: Ground, seconds: int) -> Sample:
    """Answer calls without doing anything."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.bare", str(port)]
    process = Process(command, log=ground.new_folder("http") / "log", cwd=ROOT)

    def counted() -> int:
        return int(hubs.call(port, "GET", "/count")[1])

    try:
        process.wait_until(lambda: hubs.listens(port), hubs.START_SECONDS)
        target = Target(port, "none", ground.customers)
        fire(target, WARM, WARM_SECONDS)
        first = counted()
        gauge = Gauge({"server": process.pid})
        before = gauge.read()
        shot = fire(target, MEASURED, seconds)
        after = gauge.read()
        handled = counted() - first
        check_answers(shot.requests, handled)
        return sample(shot, handled, (before, after, after))
    finally:
        process.kill()


def hub_on(
    kind: Kind, *, processes: int = 1, shared: bool = False, keeps: bool = True
) -> Callable[[Ground, int], Sample]:
    """Return what measures a hub: on SQLite or PostgreSQL, with Redis, or keeping nothing."""

    def measure(ground: Ground, seconds: int) -> Sample:
        arguments = ["--workers", str(processes)] if processes > 1 else []
        others = {"database": ground.postgres.pid} if kind == "postgres" else {}
        settings = {}
        if shared:
            with redis.Redis.from_url(ground.redis.url) as client:
                client.flushall()
            others["redis"] = ground.redis.pid
            settings["REDIS_URL"] = ground.redis.url
        with (
            ground.store(kind) as store,
            hubs.serving(
                ground.new_folder("hub"),
                store.url,
                *arguments,
                module="hub" if keeps else "tests.bench.decoding",
                worker=kind == "postgres" and keeps,
                **settings,
            ) as hub,
        ):
            target = Target(hub.port, ground.key(kind), ground.customers)
            gauge = Gauge({**hub.roots, **others})
            return under_load(hub, store, target, gauge, seconds, keeps=keeps)

    return measure


def under_load(
    hub: Hub, store: Store, target: Target, gauge: Gauge, seconds: int, *, keeps: bool
) -> Sample:
    """Load a running hub, and look whether it has kept what it said it kept."""
    fire(target, WARM, WARM_SECONDS)
    stored, counted = settled(hub, store)
    before = gauge.read()
    shot = fire(target, MEASURED, seconds)
    under = gauge.read()
    behind = waiting(store)
    finish_events(store)
    # The work that follows an answer is a part of its price, also when it is late.
    after = gauge.read()
    stored_now, counted_now = settled(hub, store)
    grown = Counted(
        accepted=counted_now.accepted - counted.accepted,
        answered=counted_now.answered - counted.answered,
    )
    check_rows(shot.requests, stored_now - stored, grown, keeps=keeps)
    return sample(shot, grown.answered, (before, under, after), behind=behind)


def check_rows(answered: int, added: int, grown: Counted, *, keeps: bool) -> None:
    """Raise `Failed` unless the database holds exactly what was taken.

    `answered` is what the load maker counted, `added` the rows of `message` that are new, `grown`
    what the hub's metrics counted meanwhile.
    """
    check_answers(answered, grown.answered)
    expected = grown.answered if keeps else 0
    if not added == grown.accepted == expected:
        raise Failed(
            f"{grown.answered} messages were taken, {grown.accepted} counted as stored, and "
            f"{added} rows are new; expected {expected}"
        )


def check_answers(received: int, given: int) -> None:
    """Raise `Failed` unless all answers came, but for those under way when the load ended."""
    if not received <= given <= received + CONNECTIONS:
        raise Failed(f"{received} answers came of {given} that were given")


def settled(hub: Hub, store: Store) -> tuple[int, Counted]:
    """Wait until nothing changes any more; return the rows of `message` and the hub's counts."""
    finish_events(store)
    end = time.monotonic() + SETTLE_SECONDS
    last, now = None, (messages(store), hub.counted())
    while now != last:
        if time.monotonic() > end:
            raise Failed("The hub does not come to rest")
        time.sleep(POLL_SECONDS)
        last, now = now, (messages(store), hub.counted())
    return now


def finish_events(store: Store) -> None:
    """Wait until the worker has done all there is."""
    end = time.monotonic() + SETTLE_SECONDS
    while waiting(store):
        if time.monotonic() > end:
            raise Failed(f"{waiting(store)} events are left that no worker takes")
        time.sleep(POLL_SECONDS)


def start_on(kind: Kind) -> Callable[[Ground, int], Sample]:
    """Return what measures a start."""

    def measure(ground: Ground, _seconds: int) -> Sample:
        with ground.store(kind) as store:
            folder, key = ground.new_folder("start"), ground.key(kind)
            gauge = Gauge({"database": ground.postgres.pid} if kind == "postgres" else {})
            before = gauge.read()
            seconds = hubs.seconds_to_first_message(folder, store.url, key)
            foreign = spent(before, gauge.read()).foreign
            return Sample(start=round(seconds, 3), foreign=round(foreign, 3))

    return measure


def sample(
    shot: Shot, handled: int, readings: tuple[Reading, Reading, Reading], behind: int = 0
) -> Sample:
    """Put a row's figures together; `readings` are before, at the end of the load, and after."""
    before, under, after = readings
    parts = spent(before, after).parts
    micro = {name: round(seconds / handled * 1e6, 1) for name, seconds in parts.items()}
    worker = micro.get("worker", 0.0)
    return Sample(
        handled=handled,
        rate=round(shot.requests / shot.microseconds * 1e6, 1),
        p50=shot.p50 / 1000,
        p99=shot.p99 / 1000,
        server=round(micro["server"] + worker, 1),
        worker=worker,
        database=micro.get("database", 0.0),
        redis=micro.get("redis", 0.0),
        load=round(shot.cpu / handled * 1e6, 1),
        foreign=round(spent(before, under).foreign, 3),
        behind=behind,
    )


ROWS = (
    Row(
        "floor",
        "one-row `INSERT` of a message into `message`, asyncpg, 16 connections, no HTTP",
        floor_of("message"),
    ),
    Row("narrow", "the same into a table of four columns with one index", floor_of("narrow")),
    Row("http", "the HTTP server alone, answering without looking", bare_http),
    Row(
        "decode",
        "key, limit, reading, decoding, reply; nothing stored",
        hub_on("postgres", keeps=False),
    ),
    Row("postgres-1", "messages stored in PostgreSQL, one process", hub_on("postgres")),
    Row("postgres-2", "the same with `--workers 2`", hub_on("postgres", processes=2)),
    Row("redis", "as `postgres-1`, with Redis for the limits", hub_on("postgres", shared=True)),
    Row("sqlite", "messages stored in SQLite, all in one process", hub_on("sqlite")),
    Row(
        "streams",
        "5,000 open streams in one process over PostgreSQL; 100 messages and 100 replies a second",
        open_streams(),
    ),
    Row("start", "`clonvo serve` on SQLite, until the first message is taken", start_on("sqlite")),
    Row("start-postgres", "the same on PostgreSQL", start_on("postgres")),
)
