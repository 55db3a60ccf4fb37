"""The servers of the tests are real ones, so that a fault does to them what it does out there."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import redis

from tests.support import postgres as postgres_server
from tests.support import redis as redis_server
from tests.support.databases import PostgresDatabases, query
from tests.support.postgres import Postgres
from tests.support.processes import NotStartedError
from tests.support.redis import Redis

pytestmark = pytest.mark.server


@pytest.fixture(params=["system", "wheel"])
def any_postgres(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    """Every installation there is; the first one again where there is no other."""
    found = postgres_server.installations()
    server = Postgres(found.get(request.param, postgres_server.preferred()))
    server.start()
    yield server
    server.remove()


@pytest.fixture(params=["system", "wheel"])
def any_redis(request: pytest.FixtureRequest) -> Iterator[Redis]:
    """Every installation there is; the first one again where there is no other."""
    found = redis_server.installations()
    server = Redis(found.get(request.param, redis_server.preferred()))
    server.start()
    yield server
    server.remove()


def test_a_committed_row_survives_kill_9(any_postgres: Postgres) -> None:
    """Fsync is on: after `kill -9` of every process the row is there, over both addresses."""
    query(any_postgres.url(), "CREATE TABLE kept AS SELECT 7 AS n")

    any_postgres.kill()
    any_postgres.start()

    assert query(any_postgres.url(), "SELECT n FROM kept")[0]["n"] == 7
    assert query(any_postgres.url(socket=True), "SHOW fsync")[0]["fsync"] == "on"


def test_a_restarted_postgres_has_its_old_address(own_postgres: Postgres) -> None:
    """Clients reconnect to the same URL after an orderly restart."""
    before = own_postgres.url()

    own_postgres.restart()

    assert own_postgres.url() == before
    assert query(before, "SELECT 1 AS n")[0]["n"] == 1


def test_a_killed_postgres_refuses(own_postgres: Postgres) -> None:
    """Nothing listens any more when `kill` returns."""
    own_postgres.kill()

    with pytest.raises(ConnectionRefusedError):
        query(own_postgres.url(), "SELECT 1")


def test_a_frozen_postgres_hangs_and_comes_back(own_postgres: Postgres) -> None:
    """A frozen server accepts and stays silent, which a dead one does not."""
    own_postgres.freeze()
    with pytest.raises(TimeoutError):
        query(own_postgres.url(), "SELECT 1", seconds=0.3)

    own_postgres.thaw()

    assert query(own_postgres.url(), "SELECT 1 AS n")[0]["n"] == 1


def test_a_restarted_redis_is_empty_and_at_its_old_address(any_redis: Redis) -> None:
    """It keeps nothing on disk: what limits and hints lose with it is really lost."""
    with redis.Redis.from_url(any_redis.url) as client:
        client.set("a", "b")
        any_redis.kill()
        with pytest.raises(redis.ConnectionError):
            client.get("a")

        any_redis.start()

        assert client.get("a") is None


def test_each_test_gets_a_redis_with_nothing_in_it(
    redis_url: str, request: pytest.FixtureRequest
) -> None:
    """What an earlier test left is gone."""
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", request.node.name)


def test_databases_do_not_see_each_other(postgres_databases: PostgresDatabases) -> None:
    """A row written in one copy is in no other, nor in the same one when it is lent again."""
    business = "INSERT INTO organization (id, slug, name, settings, created_at) "
    with postgres_databases.migrated() as one, postgres_databases.migrated() as other:
        query(one, business + "VALUES (gen_random_uuid(), 'acme', 'Acme', '{}', 0)")
        assert not query(other, "SELECT FROM organization")

    with postgres_databases.migrated() as again, postgres_databases.migrated() as more:
        assert {again, more} == {one, other}
        assert not query(one, "SELECT FROM organization")
        assert not query(other, "SELECT FROM organization")


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE mine ()",
        "DROP INDEX message_once",
        "ALTER TABLE message DROP CONSTRAINT message_seq",
        "ALTER TABLE message ADD COLUMN mine text",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "UPDATE alembic_version SET version_num = '9999'",
    ],
)
def test_a_database_that_was_rebuilt_is_not_lent_again(
    postgres_databases: PostgresDatabases, change: str
) -> None:
    """What a test did to its tables is gone with them."""
    with postgres_databases.migrated() as one:
        query(one, change)

    with postgres_databases.migrated() as other:
        assert one != other

    with pytest.raises(asyncpg.InvalidCatalogNameError):
        query(one, "SELECT 1")


def test_a_missing_server_fails_with_the_line_to_type(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No server is no reason to skip: the run fails and says what to install."""
    monkeypatch.setattr(postgres_server, "installations", dict)
    monkeypatch.setattr(redis_server, "installations", dict)
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    with pytest.raises(NotStartedError, match="apt-get install -y postgresql"):
        Postgres()
    with pytest.raises(NotStartedError, match="apt-get install -y redis-server"):
        Redis()
