"""A backup that is taken under load restores whole: everything acknowledged before it is there."""

import asyncio
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.faults.test_killed import stored
from tests.support.app import Business
from tests.support.client import UNLIMITED, connected, everything, new_business
from tests.support.databases import PostgresDatabases, query
from tests.support.hubs import Hub
from tests.support.ledger import Found
from tests.support.load import Load
from tests.support.postgres import preferred

BEFORE = 300
ORPHANS = {
    "messages without a customer": "SELECT count(*) FROM message WHERE customer_id NOT IN "
    "(SELECT id FROM customer)",
    "messages without a conversation": "SELECT count(*) FROM message WHERE conversation_id NOT IN "
    "(SELECT id FROM conversation)",
    "messages without their event": "SELECT count(*) FROM message WHERE id NOT IN "
    "(SELECT subject_id FROM event)",
    "sessions that count wrong": "SELECT count(*) FROM visitor_session s WHERE message_count <> "
    "(SELECT count(*) FROM message m WHERE m.session_id = s.id)",
}
MakeHub = Callable[..., Hub]


async def under_load(hub: Hub, url: str, take: Callable[[], None]) -> tuple[Business, Load, set]:
    """Take a backup in the middle of a load; return what was acknowledged before it began."""
    business = await new_business(url, "acme")
    hub.start()
    load = Load(hub, business)
    await load.reach(BEFORE)
    before = set(load.ledger._ids)
    await asyncio.to_thread(take)
    await load.reach(BEFORE)
    await load.stop()
    return business, load, before


def judge(load: Load, before: set[str], found: list[Found]) -> None:
    """What was acknowledged before is there; nothing is doubled, changed or invented."""
    verdict = load.ledger.judge(found)
    assert not before & verdict.lost
    assert not any((verdict.phantom, verdict.doubled, verdict.altered, verdict.drifted))
    # Or the backup was not taken in the middle of anything.
    assert verdict.lost


def run(tool: str, *arguments: str) -> None:
    """Run one of PostgreSQL's own tools."""
    subprocess.run([preferred() / tool, *arguments], check=True, capture_output=True)


async def served(hub: Hub, business: Business) -> int:
    """Start a hub on the backup; return how many messages it shows."""
    hub.start()
    async with connected(hub, business.bearer) as client:
        return len(await everything(client, "/messages"))


async def test_a_backup_of_sqlite_under_load_restores_whole(
    make_hub: MakeHub, sqlite_url: str, tmp_path: Path
) -> None:
    """As the page for operators says: SQLite's own backup of a file that is being written."""
    file, backup = Path(sqlite_url.removeprefix("sqlite:///")), tmp_path / "backup.db"

    def take() -> None:
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(backup)) as target:
            source.backup(target)

    hub = make_hub(DATABASE_URL=sqlite_url, **UNLIMITED)
    business, load, before = await under_load(hub, sqlite_url, take)

    found = stored(f"sqlite:///{backup}")
    judge(load, before, found)
    with closing(sqlite3.connect(backup)) as connection:
        wrong = {name: connection.execute(text).fetchone()[0] for name, text in ORPHANS.items()}
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert wrong == dict.fromkeys(ORPHANS, 0)
    restored = make_hub(DATABASE_URL=f"sqlite:///{backup}", **UNLIMITED)
    assert await served(restored, business) == len(found)


async def test_a_backup_of_postgresql_under_load_restores_whole(
    make_hub: MakeHub,
    postgres_database_url: str,
    postgres_databases: PostgresDatabases,
    tmp_path: Path,
) -> None:
    """The same with `pg_dump` and `pg_restore`."""
    dump = tmp_path / "hub.dump"

    def take() -> None:
        run("pg_dump", "--format=custom", "--no-owner", f"--file={dump}", plain)

    plain = postgres_database_url.replace("+asyncpg", "", 1)

    hub = make_hub(DATABASE_URL=postgres_database_url, **UNLIMITED)
    business, load, before = await under_load(hub, postgres_database_url, take)

    with postgres_databases.empty() as url:
        target = f"--dbname={url.replace('+asyncpg', '', 1)}"
        await asyncio.to_thread(run, "pg_restore", "--no-owner", target, str(dump))
        found = stored(url)
        judge(load, before, found)
        wrong = {name: query(url, text)[0][0] for name, text in ORPHANS.items()}
        assert wrong == dict.fromkeys(ORPHANS, 0)
        restored = make_hub(DATABASE_URL=url, **UNLIMITED)
        assert await served(restored, business) == len(found)
        restored.process.stop()
