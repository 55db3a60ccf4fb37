"""The floor: what one `INSERT` of a row costs with asyncpg when nothing else is done.

    python -m tests.bench.floor TABLE URL SECONDS

TABLE is `message`, the hub's own with its four indexes, into which the row of a message goes; or
`narrow`, a table of four columns and one index. Connections of its own, a prepared statement each,
every row its own commit. It says `ready` when it is warm, begins when it is told a line, and prints
its figures.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import uvloop
from msgspec import Struct

from hub import ids

CONNECTIONS = 16
WARM_SECONDS = 1
PEOPLE = 10_000
_BODY = (
    "Message {:09}: does the blue one come in a larger size, and could it be here by Friday "
    "morning?"
)
_NARROW = """
    CREATE TABLE IF NOT EXISTS narrow (
      id uuid PRIMARY KEY, body text NOT NULL,
      created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL
    )"""


class Table(Struct, frozen=True):
    """Where rows go, and how one is made of its number."""

    name: str
    columns: Sequence[str]
    prepare: Callable[[], Callable[[int], Sequence[Any]]]
    mine: str = "true"
    """What the rows have in common that are put in here."""

    @property
    def insert(self) -> str:
        """Return the statement."""
        places = ", ".join(f"${number + 1}" for number in range(len(self.columns)))
        return f"INSERT INTO {self.name} ({', '.join(self.columns)}) VALUES ({places})"


def _narrow() -> Callable[[int], Sequence[Any]]:
    def values(number: int) -> Sequence[Any]:
        now = datetime.now(UTC)
        return ids.new(), _BODY.format(number), now, now

    return values


def _messages() -> Callable[[int], Sequence[Any]]:
    business, key = ids.new(), ids.new()
    people: list[tuple[UUID, UUID, UUID]] = [
        (ids.new(), ids.new(), ids.new()) for _ in range(PEOPLE)
    ]

    def values(number: int) -> Sequence[Any]:
        conversation, customer, session = people[number % PEOPLE]
        now = time.time_ns() // 1_000_000
        called = (business, ids.new(), conversation, customer, session, key, "api", "api")
        said = (f"floor-{number}", "inbound", "text", _BODY.format(number), "received")
        return (*called, *said, number // PEOPLE, "customer", now, now, now)

    return values


TABLES = {
    "narrow": Table("narrow", ("id", "body", "created_at", "updated_at"), _narrow),
    "message": Table(
        "message",
        (
            *("organization_id", "id", "conversation_id", "customer_id", "session_id", "key_id"),
            *("channel", "source", "provider_message_id", "direction", "type", "body", "status"),
            *("seq", "author", "occurred_at", "created_at", "updated_at"),
        ),
        _messages,
        mine="provider_message_id LIKE 'floor-%'",
    ),
}


class Told(Struct, frozen=True):
    """What it prints."""

    rows: int
    warm_rows: int
    seconds: float
    p50: int
    """Microseconds."""
    p99: int


async def insert(
    connections: list[asyncpg.Connection],
    table: Table,
    values: Iterator[Sequence[Any]],
    seconds: float,
) -> list[float]:
    """Insert over all connections at once; return how long each row took."""
    took: list[float] = []
    end = time.perf_counter() + seconds

    async def go_on(connection: asyncpg.Connection) -> None:
        statement = await connection.prepare(table.insert)
        began = time.perf_counter()
        while began < end:
            await statement.fetch(*next(values))
            done = time.perf_counter()
            took.append(done - began)
            began = done

    await asyncio.gather(*map(go_on, connections))
    return took


async def run(table: Table, url: str, seconds: float) -> None:
    """Warm up, wait for the word, insert, tell."""
    values = map(table.prepare(), count())
    connections = [await asyncpg.connect(url) for _ in range(CONNECTIONS)]
    await connections[0].execute(_NARROW)
    warm = await insert(connections, table, values, WARM_SECONDS)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    began = time.perf_counter()
    took = sorted(await insert(connections, table, values, seconds))
    seconds = time.perf_counter() - began
    p50, p99 = (int(took[int(len(took) * part)] * 1e6) for part in (0.5, 0.99))
    told = Told(rows=len(took), warm_rows=len(warm), seconds=seconds, p50=p50, p99=p99)
    sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
    for connection in connections:
        await connection.close()


if __name__ == "__main__":
    uvloop.run(run(TABLES[sys.argv[1]], sys.argv[2], float(sys.argv[3])))
