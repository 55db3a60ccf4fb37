"""The floor: what one `INSERT` of a row costs with asyncpg when nothing else is done.

    python -m tests.bench.floor URL SECONDS

Connections of its own, a prepared statement each, every row its own commit. It says `ready` when it
is warm, begins when it is told a line, and prints its figures.
"""

import asyncio
import sys
import time
from datetime import UTC, datetime
from itertools import count

import asyncpg
import msgspec
import uvloop
from msgspec import Struct

from hub import ids

CONNECTIONS = 16
WARM_SECONDS = 1
TABLE = "floor"
_CREATE = f"""
    CREATE TABLE {TABLE} (
      id uuid PRIMARY KEY, body text NOT NULL,
      created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL
    )"""
_INSERT = f"INSERT INTO {TABLE} (id, body, created_at, updated_at) VALUES ($1, $2, $3, $4)"
_BODY = (
    "Message {:09}: does the blue one come in a larger size, and could it be here by Friday "
    "morning?"
)


class Told(Struct, frozen=True):
    """What it prints."""

    rows: int
    warm_rows: int
    seconds: float
    p50: int
    """Microseconds."""
    p99: int


async def insert(connections: list[asyncpg.Connection], seconds: float) -> list[float]:
    """Insert over all connections at once; return how long each row took."""
    took: list[float] = []
    numbers = count()
    end = time.perf_counter() + seconds

    async def go_on(connection: asyncpg.Connection) -> None:
        statement = await connection.prepare(_INSERT)
        began = time.perf_counter()
        while began < end:
            now = datetime.now(UTC)
            await statement.fetch(ids.new(), _BODY.format(next(numbers)), now, now)
            done = time.perf_counter()
            took.append(done - began)
            began = done

    await asyncio.gather(*map(go_on, connections))
    return took


async def run(url: str, seconds: float) -> None:
    """Warm up, wait for the word, insert, tell."""
    connections = [await asyncpg.connect(url) for _ in range(CONNECTIONS)]
    await connections[0].execute(_CREATE)
    warm = await insert(connections, WARM_SECONDS)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    began = time.perf_counter()
    took = sorted(await insert(connections, seconds))
    seconds = time.perf_counter() - began
    p50, p99 = (int(took[int(len(took) * part)] * 1e6) for part in (0.5, 0.99))
    told = Told(rows=len(took), warm_rows=len(warm), seconds=seconds, p50=p50, p99=p99)
    sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
    for connection in connections:
        await connection.close()


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1], float(sys.argv[2])))
