"""An upgrade loses nothing: clients go on, and it is killed again and again on its way."""

import asyncio
import json
import random
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from hub.store import schema
from tests.faults.test_killed import stored
from tests.support.client import UNLIMITED, new_business, until
from tests.support.databases import query
from tests.support.hubs import Hub
from tests.support.load import Load
from tests.support.processes import Process, wait_for

BEFORE, KILLS = 400, 4
NEXT = f"{int(schema.HEAD) + 1:04}"

# The next version: this one, and a revision that writes every message anew, slowly.
REVISION = f"""
import time
import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{schema.HEAD}"

def upgrade():
    op.add_column("message", sa.Column("length", sa.Integer))
    for part in range(20):
        op.execute(f"UPDATE message SET length = length(body) WHERE seq % 20 = {{part}}")
        time.sleep(0.04)
"""
PATCH = """
from pathlib import Path
from hub.store import schema

schema.HEAD = "{head}"
schema.MIGRATIONS = Path({folder!r})
"""
MakeHub = Callable[..., Hub]


@pytest.fixture
def next_version(tmp_path: Path) -> dict[str, str]:
    """The environment that makes the next version of this one."""
    folder = tmp_path / "next"
    shutil.copytree(schema.MIGRATIONS, folder / "migrations")
    (folder / "migrations" / "versions" / f"{NEXT}_slow.py").write_text(REVISION)
    patch = PATCH.format(head=NEXT, folder=str(folder / "migrations"))
    (folder / "sitecustomize.py").write_text(patch)
    return {"PYTHONPATH": str(folder)}


def kill_in_the_upgrade(hub: Hub, copy: Path) -> None:
    """Start a hub, and kill it at a random moment after it began to upgrade, if it did."""
    process = Process(
        hub._clonvo(("serve", "--port", str(hub.port))),
        log=hub.folder / "killed.log",
        environ=hub._environ,
        cwd=hub.folder,
    )
    try:
        if wait_for(copy.exists, 5):
            wait_for(lambda: not copy.exists(), random.uniform(0, 1.5))
    finally:
        process.kill()


def sqlite_values(file: Path, statement: str) -> list[object]:
    """Return the first row of a statement over a SQLite file."""
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.execute(statement).fetchone())


UPGRADED = "SELECT count(*), count(CASE WHEN length = length(body) THEN 1 END) FROM message"
VERSION = "SELECT version_num FROM alembic_version"


@pytest.mark.heavy
async def test_a_killed_upgrade_of_sqlite_is_taken_up_again(
    make_hub: MakeHub, sqlite_url: str, next_version: dict[str, str], record_property
) -> None:
    """Killed at random moments, the old file or the new one is there whole; the last start ends it.

    Clients insist meanwhile. The old file stays beside the new one, as it was.
    """
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    old = make_hub(DATABASE_URL=sqlite_url, **UNLIMITED)
    new = make_hub(DATABASE_URL=sqlite_url, **UNLIMITED, **next_version)
    new.port = old.port
    business = await new_business(sqlite_url, "acme")
    old.start()
    load = Load(old, business)
    await load.reach(BEFORE)
    await asyncio.to_thread(old.process.stop)
    (before,) = sqlite_values(file, "SELECT count(*) FROM message")

    copy, left, seen = file.with_name(f"{file.name}.upgrading"), 0, set()
    for _ in range(KILLS):
        await asyncio.to_thread(kill_in_the_upgrade, new, copy)
        left += copy.exists()
        seen |= set(sqlite_values(file, VERSION))
        assert sqlite_values(file, "SELECT count(*) FROM message")[0] >= before
        assert sqlite_values(file, "PRAGMA integrity_check") == ["ok"]
    told = f"{KILLS} kills, {left} of them with half a copy; versions after them: {sorted(seen)}"
    record_property("sqlite upgrade", told)
    print(told)  # noqa: T201 - the figure
    await asyncio.to_thread(new.start)
    await load.reach(BEFORE)
    await load.stop()

    kept = file.with_name(f"{file.name}.before-{schema.HEAD}")
    assert sqlite_values(kept, VERSION) == [schema.HEAD]
    assert sqlite_values(kept, "SELECT count(*) FROM message") == [before]
    assert sqlite_values(file, VERSION) == [NEXT]
    assert sqlite_values(file, UPGRADED)[1] >= before
    assert not list(file.parent.glob("*.upgrading*"))
    assert load.ledger.judge(stored(sqlite_url)).clean


def migrate(hub: Hub) -> subprocess.Popen[str]:
    """Begin `clonvo migrate` of this version."""
    return subprocess.Popen(
        hub._clonvo(("migrate", "--json")),
        env=hub._environ,
        cwd=hub.folder,
        stdout=subprocess.PIPE,
        text=True,
    )


def migrating(url: str) -> bool:
    """Tell whether a process is in the middle of the migration."""
    running = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE query LIKE 'UPDATE message SET length%' AND datname = current_database()"
    )
    return query(url, running)[0][0] > 0


async def test_postgresql_is_upgraded_once_by_whoever_is_left(
    make_hub: MakeHub, postgres_database_url: str, next_version: dict[str, str]
) -> None:
    """Under load, two migrate at once and the one at work is killed: the other does all of it."""
    url = postgres_database_url
    old = make_hub(DATABASE_URL=url, **UNLIMITED)
    new = make_hub(DATABASE_URL=url, **UNLIMITED, **next_version)
    new.port = old.port
    business = await new_business(url, "acme")
    old.start()
    load = Load(old, business)
    await load.reach(BEFORE)

    first = migrate(new)
    await asyncio.to_thread(wait_until_migrating, url)
    second, third = migrate(new), migrate(new)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    told = [await asyncio.to_thread(p.communicate, None, 60) for p in (second, third)]
    begins = sorted(json.loads(words)["before"] for words, _ in told)
    await asyncio.to_thread(old.process.stop)
    await asyncio.to_thread(new.start)
    await load.reach(BEFORE)
    await load.stop()

    assert begins == [schema.HEAD, NEXT]
    assert query(url, VERSION)[0][0] == NEXT
    assert query(url, UPGRADED)[0][1] >= BEFORE
    assert load.ledger.judge(stored(url)).clean


def wait_until_migrating(url: str) -> None:
    """Return when the migration is under way."""
    asyncio.run(until(partial(migrating, url), 30))
