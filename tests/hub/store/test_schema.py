"""The schema: one chain for both stores, safe to run anywhere at any time."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from hub.errors import SettingError
from hub.settings import Settings
from hub.store import schema
from hub.store.database import Database
from hub.store.opening import open_database
from hub.store.outgoing import metadata
from tests.upgrade.shapes import shape


@pytest.fixture
async def settings(empty_database_url: str) -> Settings:
    """Settings of a hub whose database is empty."""
    return Settings(database_url=empty_database_url)


@pytest.fixture
async def database(settings: Settings):
    """The empty database."""
    opened = open_database(settings)
    yield opened
    await opened.close()


def _differences(connection: sa.Connection) -> list[object]:
    options = {"compare_type": True, "compare_server_default": True}
    return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


async def _set_version(database: Database, version: str) -> None:
    statement = sa.text("UPDATE alembic_version SET version_num = :version")
    await database.write(lambda c: c.execute(statement, {"version": version}))


async def test_the_chain_leads_to_exactly_the_tables(settings, database) -> None:
    """From nothing to the tables: columns, keys, indexes with their conditions; Alembic agrees."""
    migrated = await schema.migrate(settings)

    assert migrated == schema.Migrated(None, schema.HEAD)
    assert await database.read(_differences) == []
    chain = await database.read(shape)
    await database.write(metadata.drop_all)
    await database.write(metadata.create_all)
    assert await database.read(shape) == chain


def test_the_chain_is_numbered_without_a_gap_or_a_branch() -> None:
    """0001, 0002, ...: the order of two revisions is the order of their names."""
    texts = [path.read_text() for path in sorted((schema.MIGRATIONS / "versions").glob("*.py"))]
    own = [re.search(r'^revision = "(\d{4})"$', text, re.MULTILINE)[1] for text in texts]
    parents = [re.search(r"^down_revision = (.+)$", text, re.MULTILINE)[1] for text in texts]

    assert own == [f"{number:04}" for number in range(1, len(own) + 1)]
    assert parents == ["None", *(f'"{name}"' for name in own[:-1])]
    assert own[-1] == schema.HEAD


async def test_a_database_of_this_version_passes_and_is_left_alone(settings, database) -> None:
    """Migrating again finds nothing to do."""
    await schema.migrate(settings)

    await schema.check(database)
    assert await schema.migrate(settings) == schema.Migrated(schema.HEAD, schema.HEAD)


@pytest.mark.parametrize("version", [None, "0000"])
async def test_an_older_schema_names_the_command(settings, database, version) -> None:
    """Empty or older: one line with the cure."""
    if version:
        await schema.migrate(settings)
        await _set_version(database, version)

    with pytest.raises(SettingError, match="run `clonvo migrate`"):
        await schema.check(database)


async def test_a_newer_schema_is_refused_and_not_touched(settings, database) -> None:
    """What a newer version left is neither used nor migrated by this one."""
    await schema.migrate(settings)
    await _set_version(database, "9999")

    for attempt in (schema.check(database), schema.migrate(settings)):
        with pytest.raises(SettingError, match="9999 is newer"):
            await attempt
    assert await schema.version(database) == "9999"


async def test_only_the_embedded_database_migrates_itself(settings, database) -> None:
    """A first start is enough on SQLite; on PostgreSQL the operator decides when."""
    if settings.embedded:
        await schema.ready(settings, database)
        assert await schema.version(database) == schema.HEAD
    else:
        with pytest.raises(SettingError, match="run `clonvo migrate`"):
            await schema.ready(settings, database)
        assert await schema.version(database) is None


async def test_many_migrate_at_once_and_one_does_it(settings, database) -> None:
    """Four at the same moment: one goes from nothing, the others wait and find it done."""
    with ThreadPoolExecutor(4) as threads:
        jobs = [threads.submit(lambda: asyncio.run(schema.migrate(settings))) for _ in range(4)]
        begins = sorted(str(job.result().before) for job in jobs)

    assert begins == [schema.HEAD, schema.HEAD, schema.HEAD, "None"]
    assert await database.read(_differences) == []


async def test_a_migration_that_is_cut_off_leaves_nothing_and_can_run_again(
    settings, database, monkeypatch
) -> None:
    """The whole chain is one transaction, on SQLite too."""
    run = command.upgrade

    def cut_off(*arguments: object) -> None:
        run(*arguments)
        raise RuntimeError("cut off")

    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", cut_off)
        with pytest.raises(RuntimeError, match="cut off"):
            await schema.migrate(settings)

    assert await database.read(lambda c: sa.inspect(c).get_table_names()) == []
    assert await schema.migrate(settings) == schema.Migrated(None, schema.HEAD)


async def test_a_migration_that_orphans_rows_is_undone(tmp_path: Path, monkeypatch) -> None:
    """On SQLite foreign keys rest during a migration and are checked at its end."""
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'hub.db'}")
    run = command.upgrade

    def orphan(config, revision) -> None:
        run(config, revision)
        insert = "INSERT INTO api_key_secret VALUES ('d', 'nobody', 0, NULL)"
        config.attributes["connection"].exec_driver_sql(insert)

    monkeypatch.setattr(command, "upgrade", orphan)
    with pytest.raises(SettingError, match="without parents"):
        await schema.migrate(settings)

    database = open_database(settings)
    assert await schema.version(database) is None
    await database.close()
