"""A customer that two transactions learn about at once has what each of them learned."""

import asyncio
from datetime import UTC, datetime

import sqlalchemy as sa

from hub import ids
from hub.settings import Settings
from hub.store import rows
from hub.store.opening import open_database
from hub.store.states import CustomerState
from hub.store.tables import customer
from hub.store.write import customers

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


async def test_what_others_learned_meanwhile_stays(database_url: str) -> None:
    """Each read the customer before the other wrote; one learned a name, one an e-mail address."""
    database = open_database(Settings(database_url=database_url))
    known = CustomerState(ids.new(), ids.new(), phone_e164="+15550000001", fresh=True)
    await database.write(lambda c: rows.write(c, [customers.write([known])], NOW))
    read = [
        await database.read(lambda c: customers.find(c, known.organization_id, known.id))
        for _ in range(2)
    ]
    for state, name, value in zip(read, ("display_name", "email"), ("Jane", "j@x.y"), strict=True):
        assert state
        setattr(state, name, value)
        state.changed.add(name)

    await asyncio.gather(
        *(
            database.write(lambda c, state=state: rows.write(c, [customers.write([state])], NOW))
            for state in read
        )
    )

    c = customer.c
    row = await database.read(
        lambda connection: connection.execute(
            sa.select(c.display_name, c.email, c.phone_e164).where(c.id == known.id)
        ).one()
    )
    await database.close()
    assert tuple(row) == ("Jane", "j@x.y", "+15550000001")
