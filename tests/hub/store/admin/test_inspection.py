"""What the store says about itself."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from hub.settings import Settings
from hub.store.admin.inspection import inspect
from hub.store.opening import open_database


async def test_our_own_connections_are_durable(database_url) -> None:
    """On both stores; PostgreSQL tells its time."""
    database = open_database(Settings(database_url=database_url))
    found = await database.read(inspect)
    await database.close()

    assert found.not_durable == {}
    if found.version.startswith("PostgreSQL"):
        assert abs(datetime.now(UTC) - found.clock) < timedelta(seconds=5)
    else:
        assert found.version.startswith("SQLite ")
        assert found.clock is None


def test_what_may_lose_a_commit_is_named_with_its_value(tmp_path) -> None:
    """A connection that somebody made faster."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'fast.db'}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA synchronous=OFF")
        assert inspect(connection).not_durable == {
            "journal_mode": "delete",
            "synchronous": "OFF",
        }
    engine.dispose()
