"""A server has room for its processes, or it says what is missing and what to change."""

import pytest

from hub.errors import SettingError
from hub.settings import Settings
from hub.store import seats
from hub.store.opening import open_database
from tests.support.databases import query


@pytest.fixture
async def check(postgres_database_url: str):
    """Look for room as a role that may have five connections."""
    query(postgres_database_url, "CREATE ROLE guest LOGIN CONNECTION LIMIT 5 IN ROLE hub")
    url = postgres_database_url.replace("hub@", "guest@")
    database = open_database(Settings(database_url=url))
    yield lambda processes: seats.check(database, processes)
    await database.close()
    query(postgres_database_url, "DROP ROLE guest")


async def test_too_few_stop_the_start(check) -> None:
    """How many are needed, how many there are, and the setting to change."""
    with pytest.raises(SettingError) as refused:
        await check(4)

    assert str(refused.value) == (
        "database_url: a hub of 4 processes uses up to 32 connections and needs 8; PostgreSQL "
        "gives 5: raise the CONNECTION LIMIT of the role, or lower --workers"
    )


async def test_fewer_than_can_be_used_are_told(check) -> None:
    """The hub works with what it has; one process has none to spare."""
    assert (await check(2) or "").startswith("a hub of 2 processes uses up to 16 connections and")
    assert (await check(1) or "").endswith("gives 5: raise the CONNECTION LIMIT of the role")


@pytest.mark.parametrize(
    ("statement", "limit", "number"),
    [
        ("ALTER ROLE guest CONNECTION LIMIT -1", "its max_connections", 97),
        ("ALTER ROLE guest CONNECTION LIMIT 200", "its max_connections", 97),
        ('ALTER DATABASE "{}" CONNECTION LIMIT 4', "the CONNECTION LIMIT of the database", 4),
        ("ALTER ROLE guest SUPERUSER", "its max_connections", 100),
    ],
)
@pytest.mark.usefixtures("check")
async def test_the_narrowest_limit_counts(
    postgres_database_url: str, statement: str, limit: str, number: int
) -> None:
    """PostgreSQL keeps three for superusers, who know no limit but the server's."""
    name = postgres_database_url.rpartition("/")[2]
    query(postgres_database_url, statement.format(name))
    url = postgres_database_url.replace("hub@", "guest@")
    database = open_database(Settings(database_url=url))

    assert await database.read(seats.given) == seats.Seats(number, limit)
    await database.close()


async def test_enough_is_not_worth_a_word(database_url: str) -> None:
    """Nor is SQLite, which has no such limit."""
    database = open_database(Settings(database_url=database_url))

    assert await seats.check(database, 1) is None
    await database.close()
