"""The outbox on either store: whose an event is, and what that costs among very many."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hub import ids
from hub.settings import Settings
from hub.store import outbox, short, tables
from hub.store.database import Database
from hub.store.opening import open_database
from hub.store.states import DONE, WAITING, NewEvent

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=1)
ORGANIZATION = ids.new()
MANY, SOME = 100_000, 30
# A plan that reads a table from its beginning to its end, in the words of SQLite and PostgreSQL.
WHOLE = ("SCAN event", "Seq Scan on event")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with a few events that wait."""
    database = open_database(Settings(database_url=database_url))
    await database.write(lambda c: _append(c, SOME, state=WAITING))
    yield database
    await database.close()


@pytest.fixture
async def crowded(database: Database) -> Database:
    """The same among very many events that are done, of which the store knows."""
    for _ in range(10):
        await database.write(lambda c: _append(c, MANY // 10))
    await database.write(lambda c: c.execute(sa.text("ANALYZE event")))
    return database


async def test_an_event_is_finished_by_whoever_holds_it_and_once(database: Database) -> None:
    """The lease's token decides: a worker that comes too late overwrites nothing."""
    first = await _claim(database, LATER)
    second = await _claim(database, LATER + outbox.LEASE)

    late = await database.write(lambda c: outbox.finish(c, first))
    done = await database.write(lambda c: outbox.finish(c, second))
    again = await database.write(lambda c: outbox.finish(c, second))

    assert (len(first.events), late, done, again) == (SOME, 0, SOME, 0)
    assert await _states(database) == {DONE: SOME}


async def test_what_is_given_back_waits_until_then(database: Database) -> None:
    """Nobody gets it before; of what was not claimed nothing is given back."""
    claimed = await _claim(database, LATER)
    back = await database.write(lambda c: outbox.give_back(c, claimed, LATER + outbox.LEASE / 2))
    nothing = outbox.Claim(claimed.token, [])

    assert back == SOME
    assert await database.write(lambda c: outbox.give_back(c, nothing, LATER)) == 0
    assert len((await _claim(database, LATER)).events) == 0
    assert len((await _claim(database, LATER + outbox.LEASE)).events) == SOME


async def test_a_step_leaves_no_statement_behind(database: Database) -> None:
    """What is compiled is kept for good: the hundredth claim compiles nothing that is new."""
    claimed = await _claim(database, LATER)
    await database.write(lambda c: outbox.give_back(c, claimed, LATER))
    await database.write(lambda c: outbox.finish(c, claimed))
    kept = short.compiled.cache_info().currsize

    for _ in range(3):
        await database.write(lambda c: outbox.give_back(c, claimed, LATER))
        await database.write(lambda c: outbox.finish(c, claimed))

    assert short.compiled.cache_info().currsize == kept


async def test_no_step_reads_the_events_that_are_done(crowded: Database) -> None:
    """Claiming, giving back and finishing go by an index, however many events there are."""
    claimed: list[outbox.Claim] = []

    plans = [
        await _plan(crowded, lambda c: claimed.append(outbox.claim(c, LATER, SOME))),
        await _plan(crowded, lambda c: outbox.give_back(c, claimed[0], LATER)),
        await _plan(crowded, lambda c: outbox.finish(c, claimed[0])),
    ]

    for plan in plans:
        assert plan
        assert not [step for step in plan for words in WHOLE if words in step], plan
    assert "event_waiting" in str(plans[0])


async def _claim(database: Database, now: datetime) -> outbox.Claim:
    return await database.write(lambda c: outbox.claim(c, now, 2 * SOME))


async def _states(database: Database) -> dict[str, int]:
    e = tables.event.c
    counted = sa.select(e.state, sa.func.count()).group_by(e.state)
    found = await database.read(lambda c: c.execute(counted).all())
    return dict(map(tuple, found))


async def _plan(database: Database, work: Callable[[sa.Connection], Any]) -> list[str]:
    """Do the work, and return how the store goes about the one statement in it."""

    def explained(connection: sa.Connection) -> list[str]:
        seen: list[tuple[str, Any]] = []

        def note(_: Any, __: Any, statement: str, given: Any, *___: Any) -> None:
            seen.append((statement, given))

        sa.event.listen(connection, "before_cursor_execute", note)
        work(connection)
        sa.event.remove(connection, "before_cursor_execute", note)
        ((statement, given),) = seen
        word = "EXPLAIN" if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        return [str(row[-1]) for row in connection.exec_driver_sql(f"{word} {statement}", given)]

    return await database.write(explained)


def _append(connection: sa.Connection, count: int, **fields: Any) -> None:
    new = [NewEvent(ORGANIZATION, "message.created", ids.new(), **fields) for _ in range(count)]
    outbox.append(connection, new, NOW)
