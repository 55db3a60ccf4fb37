"""What a unit of work may rely on when PostgreSQL is slow, silent, read-only or full of others."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from hub.errors import Unavailable
from hub.store.breaker import FAILURES
from hub.store.database import Trouble
from hub.store.postgres import POOL_SIZE, PostgresDatabase
from tests.support.databases import query
from tests.support.postgres import Postgres

pytestmark = pytest.mark.server
ROOM_FOR_TWO = {
    "max_connections": "2",
    "max_wal_senders": "0",
    "superuser_reserved_connections": "0",
}
Work = Callable[[sa.Connection], object]


@pytest.fixture
async def database(own_postgres: Postgres) -> AsyncIterator[PostgresDatabase]:
    """A database on a server of the test's own, with all its connections made."""
    query(own_postgres.url(), "CREATE TABLE kept (n int)")
    database = PostgresDatabase(own_postgres.url())
    await asyncio.gather(*(database.read(sleeping(0.3)) for _ in range(POOL_SIZE)))
    yield database
    await database.close()


def sleeping(*seconds: float) -> Work:
    """Return work of as many statements that each take so long."""

    def work(connection: sa.Connection) -> None:
        for each in seconds:
            connection.execute(sa.text("SELECT pg_sleep(:each)"), {"each": each})

    return work


def one(connection: sa.Connection) -> object:
    """Ask something that is answered at once."""
    return connection.execute(sa.text("SELECT 1")).scalar()


def keep(connection: sa.Connection) -> None:
    """Write a row."""
    connection.execute(sa.text("INSERT INTO kept VALUES (1)"))


def backend(connection: sa.Connection) -> int:
    """Return the number of the connection's server process."""
    number: int = connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
    return number


async def fails(answer) -> float:
    """Await what has to fail with `Unavailable`; return how long that took."""
    began = time.monotonic()
    with pytest.raises(Unavailable):
        await answer
    return time.monotonic() - began


async def back(database: PostgresDatabase, seconds: float = 10) -> None:
    """Return when calls are taken again."""
    async with asyncio.timeout(seconds):
        while database.trouble:  # noqa: ASYNC110 - watched from outside, like a process
            await asyncio.sleep(0.01)


async def backends(database: PostgresDatabase) -> set[int]:
    """Return the server processes behind all the connections."""

    def slowly(connection: sa.Connection) -> int:
        sleeping(0.2)(connection)
        return backend(connection)

    return set(await asyncio.gather(*(database.read(slowly) for _ in range(POOL_SIZE))))


async def test_long_statement_is_ended_by_the_server(database: PostgresDatabase) -> None:
    """After two and a half seconds, and the connection is as good as before."""
    before = await backends(database)

    took = await fails(database.write(sleeping(30)))

    assert 2 <= took < 3
    assert await backends(database) == before
    assert database.trouble is None


async def test_long_work_is_cut_off(database: PostgresDatabase) -> None:
    """Three seconds for all its statements; only its own connection is made anew.

    A server that answered one of them is not silent, although nobody else asked it anything.
    """
    before, tasks = await backends(database), asyncio.all_tasks()

    took = await fails(database.write(sleeping(2, 2)))

    assert 2.9 <= took < 3.4
    assert database.trouble is None
    assert len(before & await backends(database)) == POOL_SIZE - 1
    assert asyncio.all_tasks() == tasks


async def test_silent_server_is_given_up_at_the_first_deadline(
    database: PostgresDatabase, own_postgres: Postgres
) -> None:
    """One piece of work that nobody answers is enough; from then on a refusal takes no time."""
    tasks = asyncio.all_tasks()
    own_postgres.freeze()
    with capture_logs() as lines:
        first = await fails(database.read(one))
        later = [await fails(database.read(one)) for _ in range(20)]
        trouble = database.trouble
        own_postgres.thaw()
        await back(database)
    answer = await database.write(one)

    assert 2.9 <= first < 3.4
    assert max(later) < 0.05
    assert trouble == Trouble("The database does not answer", retry_after=1)
    assert answer == 1
    assert [line["event"] for line in lines] == ["database_lost", "database_back"]
    assert asyncio.all_tasks() == tasks


async def test_a_database_that_is_gone_is_no_fault_of_the_call(own_postgres: Postgres) -> None:
    """Dropped, or closed to our account: refused as unavailable, and told as lost."""
    query(own_postgres.url(), "CREATE DATABASE fleeting")
    database = PostgresDatabase(own_postgres.url("fleeting"))
    assert await database.read(one) == 1

    query(own_postgres.url(), "DROP DATABASE fleeting WITH (FORCE)")
    for _ in range(FAILURES):
        await fails(database.read(one))
    trouble = database.trouble
    await database.close()

    assert trouble == Trouble("The database does not answer", retry_after=1)


async def test_work_that_waits_for_a_place_is_answered_too(
    database: PostgresDatabase, own_postgres: Postgres
) -> None:
    """Three times as many callers as connections, nobody answers: all have their 503 in time."""
    own_postgres.freeze()
    took = await asyncio.gather(*(fails(database.read(one)) for _ in range(3 * POOL_SIZE)))
    own_postgres.thaw()
    await back(database)

    assert max(took) < 3.4


async def test_dead_server_is_given_up_after_five_failures(
    database: PostgresDatabase, own_postgres: Postgres
) -> None:
    """A refused connection comes back at once, and is tried five times."""
    own_postgres.kill()

    for _ in range(4):
        await fails(database.read(one))
    still = database.trouble
    await fails(database.read(one))
    given_up = database.trouble
    own_postgres.start()
    await back(database)

    assert (still, given_up is None) == (None, False)
    assert await database.write(one) == 1


async def test_connections_that_ended_unused_cost_nobody_a_failure(
    database: PostgresDatabase, own_postgres: Postgres
) -> None:
    """After a restart that no call met, every call finds a new connection."""
    before = await backends(database)
    await asyncio.to_thread(own_postgres.restart)

    assert not before & await backends(database)
    assert database.trouble is None


async def test_server_that_became_read_only_is_left(
    database: PostgresDatabase, own_postgres: Postgres
) -> None:
    """A write there is `Unavailable`, and no connection to it is used again until it is mended."""
    before = await backends(database)
    query(own_postgres.url(), "ALTER SYSTEM SET default_transaction_read_only = on")
    query(own_postgres.url(), "SELECT pg_reload_conf()")
    await until_read_only(database)

    refused = [await fails(database.write(keep)) for _ in range(5)]
    given_up = database.trouble
    query(own_postgres.url(), "ALTER SYSTEM RESET ALL")
    query(own_postgres.url(), "SELECT pg_reload_conf()")
    await back(database)
    await database.write(keep)

    assert max(refused) < 3
    assert given_up
    assert not before & await backends(database)


async def until_read_only(database: PostgresDatabase) -> None:
    """Return when the connections have heard of the new setting."""
    show = sa.text("SHOW default_transaction_read_only")
    async with asyncio.timeout(10):
        while await database.read(lambda c: c.execute(show).scalar()) != "on":  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_others_connections_leave_us_those_we_have(own_postgres: Postgres) -> None:
    """Where the server has room for two of ours, twenty callers share the two, and none fails."""
    own_postgres.stop()
    own_postgres.start(max_connections="2", max_wal_senders="0", superuser_reserved_connections="0")
    database = PostgresDatabase(own_postgres.url())

    answers = await asyncio.gather(*(database.read(one) for _ in range(20)))
    await database.close()

    assert answers == [1] * 20


async def test_full_pool_finds_those_that_it_has(
    database: PostgresDatabase, own_postgres: Postgres
) -> None:
    """After a restart that leaves room for two, six lost connections are in nobody's way."""
    own_postgres.stop_at_once()
    own_postgres.start(**ROOM_FOR_TWO)
    with suppress(Unavailable):
        await database.read(one)
    await back(database)

    for _ in range(20):
        answers = await asyncio.gather(*(database.read(one) for _ in range(20)))
        assert answers == [1] * 20
