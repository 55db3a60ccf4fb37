"""The judges of this folder find what they are there to find: each is shown a hub that is broken.

The break is put into the hub's processes from outside, by Python that they run before anything
else; the product has no switch for any of it.
"""

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.faults.test_killed import Run, killed, stored
from tests.faults.test_limits_over_processes import LINES
from tests.faults.test_revocation import Four, around_the_end
from tests.support.client import UNLIMITED, Line, in_parallel, new_business
from tests.support.counted import Counted, fullest
from tests.support.databases import query
from tests.support.endings import revoke_server_key
from tests.support.hubs import Hub
from tests.support.ledger import Ledger
from tests.support.pressing import Report, judge, press
from tests.support.pressing import Run as Limited
from tests.support.redis import Redis
from tests.support.workers import PATIENT, lines_to_each

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(180)]

MakeHub = Callable[..., Hub]

ANSWER_BEFORE_COMMIT = """
import asyncio
from sqlalchemy.util import await_only
from hub.store.postgres import PostgresDatabase

durable = PostgresDatabase.write

async def write(self, work):
    if not hasattr(work, "keywords"):
        return await durable(self, work)
    answer = asyncio.get_running_loop().create_future()

    def early(connection):
        result = work(connection)
        if not answer.done():
            answer.set_result(result)
        await_only(asyncio.sleep(0.02))

    def tell(done):
        if not answer.done():
            answer.set_exception(done.exception())

    self.pending = asyncio.ensure_future(durable(self, early))
    self.pending.add_done_callback(tell)
    return await answer

PostgresDatabase.write_at_once = write
"""

NO_SECOND_LOOK = """
from hub.accept import callers

callers.refuse_dead = lambda *_: None
"""

READ_THEN_WRITE = """
import asyncio
from hub.auth.limits.shared_log import RedisLimiter, _read

async def run(self, calls):
    seconds, rest = await self._redis.time()
    now = seconds * 1_000_000 + rest
    answer = [now]
    for call in calls:
        keys = [f"{self._prefix}{bucket.name}" for bucket in call.buckets]
        logs = [[int(i) for i in await self._redis.lrange(key, 0, -1)] for key in keys]
        pairs = list(zip(logs, call.buckets))
        counted = call.taking and all(len(log) < bucket.limit for log, bucket in pairs)
        answer.append(int(counted))
        await asyncio.sleep(0.01)
        for key, log in zip(keys, logs):
            if counted:
                await self._redis.rpush(key, now)
                log.append(now)
            answer += [len(log), log[0] if log else 0]
    return _read(calls, answer)

RedisLimiter._run = run
"""


@pytest.fixture
def make_broken(make_hub: MakeHub, tmp_path: Path) -> MakeHub:
    """Make a hub that runs this Python first."""

    def make(words: str, **settings: str) -> Hub:
        (tmp_path / "sitecustomize.py").write_text(words)
        return make_hub(**UNLIMITED | PATIENT | settings, PYTHONPATH=str(tmp_path))

    return make


async def test_an_answer_before_the_commit_is_found(
    make_broken: MakeHub, postgres_database_url: str
) -> None:
    """A hub that answers 20 ms before its commit loses messages when it is killed: `lost`."""
    hub = make_broken(ANSWER_BEFORE_COMMIT, DATABASE_URL=postgres_database_url)

    with pytest.raises(AssertionError, match=r"lost=frozenset\(\{'"):
        await killed(hub, postgres_database_url, Run(kills=4, messages=2_000), "--workers", "2")


async def test_a_missing_unique_index_is_found(
    make_hub: MakeHub, postgres_database_url: str
) -> None:
    """Without the indexes that decide who was first, a repeat is stored again: `doubled`.

    Two of them stand in its way: the repeat's own, and that of the numbers in a conversation.
    """
    query(postgres_database_url, "DROP INDEX message_once")
    query(postgres_database_url, "ALTER TABLE message DROP CONSTRAINT message_seq")
    hub = make_hub(DATABASE_URL=postgres_database_url, **UNLIMITED)
    hub.start("--workers", "4")
    business = await new_business(postgres_database_url, "acme")
    ledger = Ledger()

    async def send(line: Line, number: int, kind: str = "once") -> None:
        name = f"{kind}-{number}"
        ledger.attempt(name, name)
        visitor = {"visitorId": f"v_{number}"}
        body = {"body": name, "providerMessageId": name, "visitor": visitor}
        reply = await line.insist("/messages", body)
        ledger.answer(name, reply.body["id"])

    # Of somebody who is known nothing else is new, whose index would notice.
    people = partial(send, kind="known")
    await in_parallel(hub, business.bearer, iter(range(50)), people, lines=8)
    work = itertools.chain.from_iterable([number] * 40 for number in range(50))
    await in_parallel(hub, business.bearer, work, send, lines=80)

    verdict = ledger.judge(stored(postgres_database_url))
    assert verdict.doubled
    assert verdict.drifted


@pytest.fixture
def broken_four(
    make_broken: MakeHub, postgres_database_url: str, own_redis: Redis
) -> Iterator[Four]:
    """Four processes that remember keys, and do not look again when they store."""
    settings = {"DATABASE_URL": postgres_database_url, "REDIS_URL": own_redis.url}
    hub = make_broken(NO_SECOND_LOOK, **settings)
    hub.start("--workers", "4")
    return Four(hub, postgres_database_url, own_redis)


async def test_a_key_that_is_only_remembered_is_found(broken_four: Four) -> None:
    """A hub that stores for whoever it remembers lets calls in after the revocation."""
    business = await new_business(broken_four.url, "acme")
    load = await around_the_end(
        broken_four, business, business.bearer, "/messages", revoke_server_key, 500
    )
    _, later = load.before_and_after()

    assert [sent for sent in later if sent.status == 200]
    assert {sent.name for sent in later} & {found.name for found in stored(broken_four.url)}


async def test_a_limiter_that_reads_before_it_writes_is_found(
    make_broken: MakeHub, postgres_database_url: str, redis_url: str
) -> None:
    """Without the script, calls that meet are let in together: more than the limit in a window."""
    run = Limited(limit=60, seconds=8)
    settings = {"DATABASE_URL": postgres_database_url, "REDIS_URL": redis_url}
    hub = make_broken(READ_THEN_WRITE, **settings, INGEST_RATE_PER_MIN=str(run.limit))
    hub.start("--workers", "4")
    business = await new_business(postgres_database_url, "acme")
    counted = Counted(redis_url, "messages:*")
    async with lines_to_each(hub, business.bearer, LINES) as lines:
        told = await press([line for mine in lines for line in mine], run, counted)

    assert fullest(counted.instants) > run.limit
    with pytest.raises(AssertionError):
        judge(Report(told, counted.instants), run, lambda _name, _value: None, "broken")
