"""A database that an earlier version left becomes this version's, and keeps every row."""

import sqlite3
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa

from hub.errors import SettingError
from hub.settings import Settings
from hub.store import gate, schema
from hub.store.opening import open_database
from hub.store.outgoing import metadata
from hub.store.sqlite import hold
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


@pytest.fixture
def linked(tmp_path: Path) -> tuple[Settings, Settings]:
    """One SQLite file by its own name and by that of a link in another folder, which leads on."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "data").mkdir()
    file, middle, link = (tmp_path / name for name in ("disk/real.db", "disk/link", "data/hub.db"))
    middle.symlink_to("real.db")
    link.symlink_to("../disk/link")
    return Settings(database_url=f"sqlite:///{file}"), Settings(database_url=f"sqlite:///{link}")


async def test_a_file_behind_a_link_is_upgraded_where_it_is(linked, tmp_path: Path) -> None:
    """The link stays one, and everything that belongs to the file is beside the file."""
    real, link = linked
    await _load(link.database_url, VERSIONS[0])

    migrated = await schema.migrate(link)

    assert migrated == schema.Migrated(VERSIONS[0], schema.HEAD)
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["hub.db"]
    assert (tmp_path / "data" / "hub.db").is_symlink()
    assert (tmp_path / "disk" / f"real.db.before-{VERSIONS[0]}").exists()
    database = open_database(real)
    assert await schema.version(database) == schema.HEAD
    await database.close()


async def test_who_comes_by_a_link_meets_who_does_not(linked, monkeypatch) -> None:
    """One server on a file, and no upgrade under the feet of another, whatever it is called."""
    real, link = linked
    await _load(real.database_url, VERSIONS[0])
    monkeypatch.setattr(gate, "WAIT_SECONDS", 0.1)

    with hold(real.database_file), pytest.raises(SettingError, match="another server runs on"):
        hold(link.database_file)
    database = open_database(link)
    with pytest.raises(SettingError, match="another process uses"):
        await schema.migrate(real)
    await database.close()
