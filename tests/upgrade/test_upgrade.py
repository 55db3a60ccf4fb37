"""A database that an earlier version left becomes this version's, and keeps every row."""

import sqlite3
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa

from hub.settings import Settings
from hub.store import schema
from hub.store.opening import open_database
from hub.store.tables import metadata
from tests.upgrade.shapes import shape

HERE = Path(__file__).parent
VERSIONS = sorted({path.name[:4] for path in HERE.glob("*.sql")})


def _counts(connection: sa.Connection) -> dict[str, int]:
    tables = metadata.sorted_tables
    return {
        t.name: connection.scalars(sa.select(sa.func.count()).select_from(t)).one() for t in tables
    }


async def _load(url: str, version: str) -> None:
    store = "sqlite" if url.startswith("sqlite") else "postgres"
    dump = (HERE / f"{version}.{store}.sql").read_text(encoding="utf-8")
    if store == "sqlite":
        raw = sqlite3.connect(url.removeprefix("sqlite:///"))
        raw.executescript(dump)
        raw.close()
        return
    connection = await asyncpg.connect(url.replace("+asyncpg", "", 1))
    await connection.execute(dump)
    await connection.close()


def test_this_version_left_its_dumps() -> None:
    """The version that is being made has a dump of each store, written by tests/upgrade/dump.py."""
    assert schema.HEAD in VERSIONS
    assert all((HERE / f"{v}.{s}.sql").exists() for v in VERSIONS for s in ("sqlite", "postgres"))


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_dump_becomes_the_schema_of_this_version_and_keeps_its_rows(
    version: str, empty_database_url: str
) -> None:
    """Load, migrate: the shape is that of the tables, and every row is still there."""
    await _load(empty_database_url, version)
    settings = Settings(database_url=empty_database_url)
    database = open_database(settings)
    before = await database.read(lambda c: shape(c).keys())
    # A SQLite file is upgraded while nobody has it open.
    await database.close()
    migrated = await schema.migrate(settings)

    database = open_database(settings)
    upgraded = await database.read(shape)
    counts = await database.read(_counts)
    await database.write(metadata.drop_all)
    await database.write(metadata.create_all)
    assert await database.read(shape) == upgraded
    assert {name: counts[name] for name in before} == dict.fromkeys(before, 1)
    assert migrated == schema.Migrated(version, schema.HEAD)
    await database.close()
