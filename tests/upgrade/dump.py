"""Write the dumps of this version's schema: `.venv/bin/python -m tests.upgrade.dump`.

A released dump is never written again: it is what the databases of that version look like.
"""

import asyncio
import re
import sqlite3
import subprocess
import tempfile
from pathlib import Path

import sqlalchemy as sa

from hub.settings import Settings
from hub.store import schema
from hub.store.opening import open_database
from hub.store.outgoing import metadata
from tests.support.postgres import Postgres, preferred
from tests.upgrade.shapes import one_row

HERE = Path(__file__).parent


def main() -> None:
    """Fill a fresh database of each store with one row per table and dump it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "hub.db"
        asyncio.run(_fill(f"sqlite:///{file}"))
        raw = sqlite3.connect(file)
        _write("sqlite", "\n".join(raw.iterdump()))
        raw.close()
    server = Postgres()
    try:
        server.start()
        asyncio.run(_fill(server.url()))
        _write("postgres", _pg_dump(server.url()))
    finally:
        server.remove()


async def _fill(url: str) -> None:
    settings = Settings(database_url=url)
    await schema.migrate(settings)
    database = open_database(settings)
    await database.write(_insert)
    await database.close()


def _insert(connection: sa.Connection) -> None:
    for table in metadata.sorted_tables:
        connection.execute(sa.insert(table).values(one_row(table)))


def _pg_dump(url: str) -> str:
    command = [preferred() / "pg_dump", "--no-owner", "--inserts", url.replace("+asyncpg", "", 1)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    # What only psql understands, what names the server, what an older server does not know.
    lines = (line for line in done.stdout.splitlines() if not re.match(r"\\|--|SET ", line))
    return re.sub(r"\n{2,}", "\n", "\n".join(lines)).strip()


def _write(store: str, text: str) -> None:
    (HERE / f"{schema.HEAD}.{store}.sql").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
