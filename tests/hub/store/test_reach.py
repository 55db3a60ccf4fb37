"""A database that cannot be used is told in one line, also by PostgreSQL itself."""

import asyncpg
import pytest

from hub.errors import SettingError
from hub.settings import Settings
from hub.store import schema
from hub.store.opening import open_database
from hub.store.reach import Away
from tests.support.postgres import Postgres


async def test_a_lock_that_others_keep_is_told(own_postgres: Postgres, monkeypatch) -> None:
    """The migration gives up after its wait, and changes nothing."""
    monkeypatch.setattr(schema, "_WAIT", "SET LOCAL lock_timeout = '50ms'")
    other = await asyncpg.connect(own_postgres.url().replace("+asyncpg", ""))
    await other.execute("SELECT pg_advisory_lock($1)", schema._LOCK)

    with pytest.raises(SettingError, match="nothing was changed: stop what works there"):
        await schema.migrate(Settings(database_url=own_postgres.url()))
    await other.close()


async def test_a_full_server_is_away_and_its_limit_is_named(own_postgres: Postgres) -> None:
    """For a process that starts and for a migration; a role's own limit is named by PostgreSQL."""
    own = await asyncpg.connect(own_postgres.url().replace("+asyncpg", ""))
    await own.execute("CREATE ROLE guest LOGIN CONNECTION LIMIT 0")
    url = own_postgres.url().replace("hub@", "guest@")
    settings = Settings(database_url=url)
    database = open_database(settings)

    for attempt in (schema.version(database), schema.migrate(settings)):
        with pytest.raises(
            Away, match=r'no connection left \(.*role "guest"\): raise its max_conn'
        ):
            await attempt
    await database.close()
    await own.close()


async def test_a_server_that_is_gone_is_away() -> None:
    """The setting is named, and what the system says."""
    settings = Settings(database_url="postgresql+asyncpg://hub@127.0.0.1:1/hub")
    database = open_database(settings)

    for attempt in (schema.version(database), schema.migrate(settings)):
        with pytest.raises(Away, match=r"^database_url: no answer: .*Connect call failed"):
            await attempt
    await database.close()
