"""A new hub on PostgreSQL takes its first customers in as it takes the later ones."""

import pytest

from tests.bench.ground import fill
from tests.support.databases import query

pytestmark = pytest.mark.server
CUSTOMERS = 4_000
READ = """
    SELECT relname, sum(idx_tup_read)::bigint FROM pg_stat_user_indexes
    WHERE relname IN ('message', 'customer_identity', 'visitor_session', 'conversation')
    GROUP BY relname
"""


async def test_look_up_of_a_new_hub_reads_what_it_looks_for(postgres_database_url: str) -> None:
    """Not all that the business has, each time: that grows with the square of what comes in."""
    await fill(postgres_database_url, CUSTOMERS)

    read = dict(query(postgres_database_url, READ))

    assert max(read.values()) < CUSTOMERS * 100, read
