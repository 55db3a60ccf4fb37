"""Which schema the database has, and the way from there to this version's.

The chain of revisions in `migrations/versions` is numbered 0001, 0002, ... and serves both stores.
A start only compares two numbers: Alembic is imported when there is something to migrate.
"""

import asyncio
import contextlib
import importlib
from pathlib import Path
from typing import IO

import sqlalchemy as sa
from msgspec import Struct

from hub.errors import SettingError
from hub.settings import Settings
from hub.store.database import Database
from hub.store.gate import Gate
from hub.store.postgres import CONNECT_SECONDS
from hub.store.reach import explained
from hub.store.sqlite import SqliteDatabase, hold, sqlite_engine
from hub.store.upgrade import upgrade

HEAD = "0005"
MIGRATIONS = Path(__file__).with_name("migrations")

# Any constant does, as long as every version uses the same one.
_LOCK = 0x636C6F6E766F
_WAIT = "SET LOCAL lock_timeout = '60s'"


class Migrated(Struct, frozen=True):
    """From which revision to which; None is an empty database."""

    before: str | None
    after: str


async def version(database: Database) -> str | None:
    """Return the database's revision; None when it is empty.

    Raises `SettingError` when what the setting names lets us not in or is no database.
    """
    with explained():
        return await database.read(_version)


async def check(database: Database) -> None:
    """Raise `SettingError` unless the database has exactly this version's schema."""
    found = await version(database)
    _refuse_newer(found)
    if found != HEAD:
        raise SettingError(
            f"database_url: the schema is {found or 'empty'} and this version needs {HEAD}: "
            "run `clonvo migrate`"
        )


async def ready(settings: Settings, database: Database) -> None:
    """Make sure of this version's schema: the embedded database migrates itself."""
    if isinstance(database, SqliteDatabase) and await version(database) != HEAD:
        with database.set_aside():
            await migrate(settings)
    await check(database)


async def migrate(settings: Settings) -> Migrated:
    """Bring the database to this version's schema, in one transaction.

    Another process that migrates at the same moment is waited for; a migration that is cut off
    leaves the schema as it was and can be run again. A SQLite file with something in it is
    migrated on a copy, while nobody has it open, and the old one is kept.
    """
    # Imported before any lock is held: it takes longer than the migration.
    importlib.import_module("alembic.command")
    if settings.embedded:
        return await asyncio.to_thread(_migrate_embedded, settings.database_file)
    return await _migrate_server(settings.database_url)


async def _migrate_server(url: str) -> Migrated:
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415

    engine = create_async_engine(
        url, poolclass=sa.NullPool, connect_args={"timeout": CONNECT_SECONDS}
    )
    try:
        with explained():
            async with engine.begin() as connection:
                await connection.execute(sa.text(_WAIT))
                await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
                return await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _migrate_embedded(file: Path) -> Migrated:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.closing(Gate(file)) as gate:
        gate.enter()
        before = _version_of(file)
        _refuse_newer(before)
        if before in {None, HEAD}:
            return _migrate_file(file)
        gate.leave()
        with gate.alone(), _without_server(file):
            # Another may have been first, and be gone by now.
            before = _version_of(file)
            if before in {None, HEAD}:
                return _migrate_file(file)
            return upgrade(file, str(before), _migrate_file)


def _without_server(file: Path) -> contextlib.closing[IO[str]]:
    try:
        return contextlib.closing(hold(file))
    except SettingError as error:
        raise SettingError(
            f"database_url: a server runs on {file}: stop it, then run this again"
        ) from error


def _version_of(file: Path) -> str | None:
    engine = sqlite_engine(file)
    try:
        with explained(), engine.begin() as connection:
            return _version(connection)
    finally:
        engine.dispose()


def _migrate_file(file: Path) -> Migrated:
    engine = sqlite_engine(file)

    @sa.event.listens_for(engine, "connect")
    def relax(raw: sa.PoolProxiedConnection, _record: object) -> None:
        # Building a table anew would otherwise delete what points to it; checked at the end.
        raw.execute("PRAGMA foreign_keys=OFF").close()

    try:
        # BEGIN IMMEDIATE: the second of two that migrate waits here, and finds nothing to do.
        with explained(), engine.execution_options(hub_write=True).begin() as connection:
            migrated = _upgrade(connection)
            if connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise SettingError("database_url: the migration would leave rows without parents")
            return migrated
    finally:
        engine.dispose()


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version"))
    return found.scalar_one_or_none()


def _upgrade(connection: sa.Connection) -> Migrated:
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    before = _version(connection)
    _refuse_newer(before)
    if before != HEAD:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        command.upgrade(config, "head")
    return Migrated(before, HEAD)


def _refuse_newer(found: str | None) -> None:
    if found is not None and found > HEAD:
        raise SettingError(
            f"database_url: the schema {found} is newer than this version of Clonvo Hub ({HEAD}): "
            "install the newer version"
        )
