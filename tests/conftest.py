"""What every test may ask for: real servers, clean databases, real hub processes."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
import structlog

pytest.register_assert_rewrite("tests.support")

from tests.support.databases import PostgresDatabases, SqliteDatabases
from tests.support.hubs import Hub
from tests.support.postgres import Postgres
from tests.support.redis import Redis

STORES = ("sqlite", "postgres")
_SERVERS = {"postgres_url", "redis_url", "own_postgres", "own_redis"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a server: `./run check` leaves it out."""
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        store = getattr(getattr(item, "callspec", None), "params", {}).get("_store")
        if names & _SERVERS or store == "postgres":
            item.add_marker(pytest.mark.server)


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A command that ran in a test has set the level of the logs for its own process."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The standard event loop, whose connections to the outside are blocked as all others are."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server for the whole run: the URL of one of its databases."""
    given = os.environ.get("HUB_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    server = Postgres()
    try:
        server.start()
        yield server.url()
    finally:
        server.remove()


@pytest.fixture(scope="session")
def _redis_server() -> Iterator[str]:
    given = os.environ.get("HUB_TEST_REDIS_URL")
    if given:
        yield given
        return
    server = Redis()
    try:
        server.start()
        yield server.url
    finally:
        server.remove()


@pytest.fixture
def redis_url(_redis_server: str) -> str:
    """A Redis with nothing in it: the server lives for the whole run and is emptied here."""
    with redis.Redis.from_url(_redis_server) as client:
        client.flushdb()
    return _redis_server


@pytest.fixture(scope="session")
def postgres_databases(postgres_url: str) -> Iterator[PostgresDatabases]:
    """The maker of clean PostgreSQL databases."""
    databases = PostgresDatabases(postgres_url)
    yield databases
    databases.close()


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    """The maker of clean SQLite files."""
    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(params=STORES)
def _store(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def database_url(_store: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database with the schema and no row; the test runs on SQLite and on PostgreSQL."""
    yield from _lend("migrated", _store, request)


@pytest.fixture
def empty_database_url(_store: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database without a table; the test runs on SQLite and on PostgreSQL."""
    yield from _lend("empty", _store, request)


@pytest.fixture
def sqlite_url(sqlite_databases: SqliteDatabases, tmp_path: Path) -> str:
    """A SQLite database with the schema and no row."""
    return sqlite_databases.migrated(tmp_path)


@pytest.fixture
def postgres_database_url(postgres_databases: PostgresDatabases) -> Iterator[str]:
    """A PostgreSQL database with the schema and no row."""
    with postgres_databases.migrated() as url:
        yield url


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A running PostgreSQL of the test's own, to stop, kill, freeze and restart."""
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def own_redis() -> Iterator[Redis]:
    """A running Redis of the test's own, to stop, kill, freeze and restart."""
    server = Redis()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def make_hub(tmp_path: Path) -> Iterator[Callable[..., Hub]]:
    """Make hub processes: `make_hub(DATABASE_URL=...)`, then `.start()`; all end with the test."""
    hubs: list[Hub] = []

    def make(**settings: str) -> Hub:
        folder = tmp_path / f"hub-{len(hubs)}"
        folder.mkdir()
        hubs.append(Hub(folder, settings))
        return hubs[-1]

    yield make
    for hub in hubs:
        hub.close()


def _lend(kind: str, store: str, request: pytest.FixtureRequest) -> Iterator[str]:
    if store == "sqlite":
        databases: SqliteDatabases = request.getfixturevalue("sqlite_databases")
        yield getattr(databases, kind)(request.getfixturevalue("tmp_path"))
        return
    with getattr(request.getfixturevalue("postgres_databases"), kind)() as url:
        yield url
