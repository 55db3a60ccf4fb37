"""The short way of a statement fails as the long one does: wherever its connection is lost."""

import pytest
import sqlalchemy as sa

from hub.store import short
from hub.store.database import Connection
from hub.store.postgres import PostgresDatabase
from tests.hub.store.test_postgres import fails
from tests.support.postgres import Postgres

pytestmark = pytest.mark.server
_ONE = sa.select(sa.literal(1))


@pytest.mark.parametrize("statements", [0, 1])
async def test_a_lost_connection_is_no_fault_of_ours(
    own_postgres: Postgres, statements: int
) -> None:
    """Before the transaction begins and within it: `Unavailable`, and the next work is well."""

    def work(connection: Connection) -> None:
        for _ in range(statements):
            assert short.records(connection, _ONE, {}) == [(1,)]
        connection.connection.driver_connection.terminate()
        short.records(connection, _ONE, {})

    database = PostgresDatabase(own_postgres.url())

    await fails(database.write(work))
    after = await database.write(lambda connection: short.records(connection, _ONE, {}))
    await database.close()

    assert after == [(1,)]
