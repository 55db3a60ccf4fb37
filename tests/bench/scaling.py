"""`docs/scaling.md`: what so many messages a day need, reckoned from what was measured."""

from math import ceil
from pathlib import Path

import msgspec

from hub.http.limits import Limits
from hub.store.outgoing import metadata
from hub.store.postgres import POOL_SIZE
from tests.bench.figures import Sample
from tests.bench.report import Report, in_markdown
from tests.bench.sizes import FILE, LIMITS, Sizes

PEAK, USED, DAY = 5, 0.5, 86_400
LOADS = {"10 thousand": 1e4, "1 million": 1e6, "10 million": 1e7, "100 million": 1e8, "1e9": 1e9}
HOST_CORES, LEAST = 8, 2
VISITORS = (1_000, 10_000, 100_000, 1_000_000)
STREAMS = Limits().connections
NEEDS = {"redis", "sqlite", "streams"}
"""The rows of the bench that the page is reckoned from."""
_PAGE = Path(__file__).with_name("scaling.md.in")
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_BY_CUSTOMER = ("customer", "customer_identity", "conversation", "visitor", "visitor_session")


def sizes() -> Sizes:
    """Return what `tests.bench.sizes` measured last."""
    return msgspec.json.decode(FILE.read_bytes(), type=Sizes)


def page(report: Report, found: Sizes) -> str:
    """Return the page."""
    costs, embedded = report.medians["redis"], report.medians["sqlite"]
    return _PAGE.read_text(encoding="utf-8").format(
        hub=f"{costs.server:.0f}",
        database=f"{costs.database:.0f}",
        redis=f"{costs.redis:.0f}",
        bench=report.date,
        others=f"{costs.foreign:.0%}",
        peak=PEAK,
        used=f"{USED:.0%}",
        hub_core=_millions(a_day(costs.server)),
        database_core=_millions(a_day(costs.database)),
        machine=in_markdown(machines(report, found)),
        bytes=in_markdown(volumes(found)),
        tables=in_markdown(tables(found)),
        a_message=f"{stored(found):,.0f}",
        a_million=size(stored(found) * 1e6),
        sqlite_million=size(found.sqlite * 1e6),
        sqlite_rate=f"{embedded.rate:,.0f}",
        sqlite_day=_millions(embedded.rate * DAY * USED / PEAK),
        sqlite_year=size(found.sqlite * 1e6 * 365),
        checks_together=f"{USED * 1e6 / found.check_together:,.0f}",
        checks_alone=f"{USED * 1e6 / found.check_alone:,.0f}",
        process=size(found.process),
        **_chats(report.medians["streams"]),
        pool=POOL_SIZE,
        distributed=_names(distributed=True),
        reference=_names(distributed=False),
        buckets=" and ".join(f"{found.bucket[one]:,} bytes at {one} a minute" for one in LIMITS),
        **{name: f"{getattr(found, name):,}" for name in ("messages", "customers", "request")},
        **{name: f"{getattr(found, name):,.0f}" for name in ("answer", "log", "sqlite")},
        **{name: f"{getattr(found, name):,.0f}" for name in _WAL},
        **{name: f"{getattr(found, name):.1f}" for name in ("check_together", "check_alone")},
    )


def _chats(row: Sample) -> dict[str, str]:
    """Return what the page says of open chats."""
    return {
        "stream": f"{row.kib:.1f}",
        "streams": f"{STREAMS:,}",
        "streams_memory": size(row.kib * 1024 * STREAMS),
        "reply": f"{row.p99:.0f}",
        "streams_used": f"{row.server * row.rate / 1e6:.0%}",
        "streams_table": in_markdown(streams(row.kib)),
    }


_WAL = ("wal_together", "wal_alone", "wal_fresh")


def machines(report: Report, found: Sizes) -> list[list[str]]:
    """Return what has to be there for each load, the table's head first."""
    costs = report.medians["redis"]
    head = ["messages a day", "mean a second", "peak a second", "hub cores", "processes", "hosts"]
    table = [[*head, "PostgreSQL cores", "its connections", "Redis, of one core", "its memory"]]
    for name, load in LOADS.items():
        mean = load / DAY
        hub, database = cores(mean, costs.server), cores(mean, costs.database)
        processes = max(ceil(hub), LEAST)
        hosts = max(ceil(hub / HOST_CORES), LEAST)
        redis = f"{mean * PEAK * found.check_together / 1e6:.1%}"
        # As if each caller's bucket were full: one of the small limit holds a minute of calls.
        memory = size(mean * PEAK * 60 / LIMITS[0] * found.bucket[LIMITS[0]])
        row = [name, _rate(mean), _rate(mean * PEAK), _cores(hub), f"{processes:,}", f"{hosts:,}"]
        # One `clonvo worker` on each host.
        connections = f"{(processes + hosts) * POOL_SIZE:,}"
        table.append([*row, _cores(database), connections, redis, memory])
    return table


def streams(kib: float) -> list[list[str]]:
    """Return what has to be there for so many open chats, the table's head first."""
    table = [["visitors at once", "processes", "their memory for it"]]
    for visitors in VISITORS:
        processes = max(ceil(visitors / (STREAMS * USED)), LEAST)
        table.append([f"{visitors:,}", f"{processes:,}", size(visitors * kib * 1024)])
    return table


def volumes(found: Sizes) -> list[list[str]]:
    """Return the bytes of each load, the table's head first."""
    head = [
        "messages a day",
        "stored a day",
        "a year",
        "WAL a day, together",
        "after checkpoints",
        "log a day",
    ]
    table = [[*head, "answers a day"]]
    for name, load in LOADS.items():
        kept, wal = stored(found), (found.wal_together, found.wal_fresh)
        each = (kept, kept * 365, *wal, found.log, found.answer)
        table.append([name, *(size(load * one) for one in each)])
    return table


def tables(found: Sizes) -> list[list[str]]:
    """Return the bytes of each table by its own rows and by message, the head first."""
    messages = found.tables["message"].rows
    table = [["table", "rows", "bytes a row", "of these indexes", "bytes a message"]]
    for name, one in found.tables.items():
        if name in _BY_CUSTOMER or one.rows >= messages:
            both = one.table + one.indexes
            parts = (both / one.rows, one.indexes / one.rows, both / messages)
            table.append([f"`{name}`", f"{one.rows:,}", *(f"{part:,.0f}" for part in parts)])
    return table


def stored(found: Sizes) -> float:
    """Return what a message takes up in PostgreSQL, its share of its customer with it."""
    held = sum(one.table + one.indexes for one in found.tables.values())
    return held / found.tables["message"].rows


def cores(mean: float, microseconds: float) -> float:
    """Return the cores that a peak needs when they are to be used in part."""
    return mean * PEAK * microseconds / 1e6 / USED


def a_day(microseconds: float) -> float:
    """Return the messages a day of one core."""
    return DAY / cores(1, microseconds)


def size(count: float) -> str:
    """Return bytes in words of two digits or three, by thousands."""
    power = 0
    while count >= 1000 and power < len(_UNITS) - 1:
        count, power = count / 1000, power + 1
    return f"{count:.{0 if count >= 10 else 1}f} {_UNITS[power]}"


def _names(*, distributed: bool) -> str:
    named = [
        name
        for name, table in metadata.tables.items()
        if (next(iter(table.primary_key)).name == "organization_id" and not table.foreign_keys)
        is distributed
    ]
    return ", ".join(f"`{name}`" for name in named)


def _cores(count: float) -> str:
    return f"{count:.2f}" if count < 1 else f"{count:,.1f}"


def _rate(count: float) -> str:
    return f"{count:,.1f}" if count < 10 else f"{count:,.0f}"


def _millions(count: float) -> str:
    return f"{count / 1e6:,.0f} million"
