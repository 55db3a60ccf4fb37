"""Running hubs, for the tests of this folder."""

from collections.abc import Iterator

import pytest
from msgspec import Struct

from tests.support.client import UNLIMITED
from tests.support.databases import PostgresDatabases, SqliteDatabases
from tests.support.hubs import Hub

PROCESSES = 4


class Running(Struct, frozen=True):
    """A hub that serves, and where it keeps its data."""

    hub: Hub
    database_url: str


@pytest.fixture(scope="session")
def many(
    postgres_databases: PostgresDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """A hub of four processes over PostgreSQL, without limits."""
    with postgres_databases.migrated() as url:
        hub = Hub(tmp_path_factory.mktemp("many"), {"DATABASE_URL": url, **UNLIMITED})
        try:
            hub.start("--workers", str(PROCESSES))
            yield Running(hub, url)
        finally:
            hub.close()


@pytest.fixture(scope="session")
def one(
    sqlite_databases: SqliteDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """A hub of one process over SQLite, without limits."""
    folder = tmp_path_factory.mktemp("one")
    url = sqlite_databases.migrated(folder)
    hub = Hub(folder, {"DATABASE_URL": url, **UNLIMITED})
    try:
        hub.start()
        yield Running(hub, url)
    finally:
        hub.close()


@pytest.fixture(params=["one", "many"], ids=["sqlite", "postgres"])
def running(request: pytest.FixtureRequest) -> Running:
    """A running hub: one process over SQLite, and four over PostgreSQL."""
    hub: Running = request.getfixturevalue(request.param)
    return hub
