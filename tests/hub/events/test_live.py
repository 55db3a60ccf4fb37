"""Hints: who hears which, here and in other processes, and what happens without Redis."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import redis

from hub import ids
from hub.events import relay
from hub.events.live import Hint, Live, topic_of_visitor
from hub.events.relay import CHANNEL, RedisRelay
from tests.support.redis import Redis

ORGANIZATION, CONVERSATION = ids.new(), ids.new()
HINT = Hint("message", ORGANIZATION, CONVERSATION, topic_of_visitor(ORGANIZATION, ids.new(), "v"))


@pytest.mark.parametrize("topic", [HINT.organization_id, HINT.conversation_id, HINT.visitor])
def test_a_hint_is_heard_by_its_topics(topic: object) -> None:
    """Of the organization, the conversation and the visitor; and of no other."""
    live = Live(alone=True)
    heard: list[Hint] = []
    leave = live.listen(topic, heard.append)
    live.listen(ids.new(), lambda hint: heard.append(hint) or pytest.fail("not meant"))
    live.tell([HINT])
    leave()
    leave()
    live.tell([HINT])

    assert heard == [HINT]


def test_a_listener_that_fails_or_leaves_harms_no_other() -> None:
    """The teller hears nothing of it, and the others hear all."""
    live = Live(alone=True)
    heard: list[Hint] = []

    def fail(_: Hint) -> None:
        leave()
        raise ValueError

    leave = live.listen(ORGANIZATION, fail)
    live.listen(ORGANIZATION, heard.append)
    live.tell([HINT, HINT])

    assert heard == [HINT, HINT]


def test_it_knows_whether_hints_come() -> None:
    """Alone it is sure; one of many without a relay is not."""
    assert Live(alone=True).sure
    assert not Live(alone=False).sure
    assert not Live(alone=False).heard


@pytest.mark.parametrize("other", [(ids.new(), "v"), (ids.UUID(int=1), "w")])
def test_a_visitor_is_one_of_its_own_key(other: tuple[ids.UUID, str]) -> None:
    """Another key or another name is another topic."""
    mine = topic_of_visitor(ORGANIZATION, ids.UUID(int=1), "v")

    assert mine == topic_of_visitor(ORGANIZATION, ids.UUID(int=1), "v")
    assert mine != topic_of_visitor(ORGANIZATION, *other)


Make = Callable[[str], tuple[Live, list[Hint]]]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Make the two ends of a relay, as processes have them."""
    relays: list[RedisRelay] = []

    def process(url: str) -> tuple[Live, list[Hint]]:
        live, heard = Live(alone=False), list[Hint]()
        live.listen(ORGANIZATION, heard.append)
        live.relay = RedisRelay(url, live.hear)
        live.relay.start()
        relays.append(live.relay)
        return live, heard

    yield process
    for one in relays:
        await one.close()


async def until(answer: Callable[[], bool], seconds: float = 5) -> None:
    """Return when the answer is yes."""
    async with asyncio.timeout(seconds):
        while not answer():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.01)


async def test_a_hint_crosses_to_the_others_once(make: Make, redis_url: str) -> None:
    """The teller's own listeners hear it at once and not again."""
    (here, mine), (there, others) = make(redis_url), make(redis_url)
    await until(lambda: here.sure and there.sure)
    here.tell([HINT])
    assert mine == [HINT]
    await until(lambda: bool(others))
    await asyncio.sleep(0.1)

    assert (mine, others) == ([HINT], [HINT])


async def test_what_is_told_in_one_turn_goes_as_one(make: Make, redis_url: str) -> None:
    """A hundred hints are one message of Redis."""
    (here, _), (there, others) = make(redis_url), make(redis_url)
    await until(lambda: here.sure and there.sure)
    with redis.Redis.from_url(redis_url) as client:
        before = client.info("commandstats").get("cmdstat_publish", {"calls": 0})["calls"]
        for _ in range(100):
            here.tell([HINT])
        await until(lambda: len(others) == 100)
        after = client.info("commandstats")["cmdstat_publish"]["calls"]

    assert after - before == 1


async def test_who_is_not_listened_to_only_tells(make: Make, redis_url: str) -> None:
    """A worker has no listeners: it costs Redis and itself nothing to hear what others tell."""
    there, others = make(redis_url)
    await until(lambda: there.sure)
    worker = Live(alone=False)
    worker.relay = RedisRelay(redis_url, worker.hear)
    worker.tell([HINT])
    await until(lambda: others == [HINT])
    with redis.Redis.from_url(redis_url) as client:
        assert client.pubsub_numsub(CHANNEL) == [(CHANNEL.encode(), 1)]
    await worker.relay.close()


async def test_what_is_no_letter_is_passed_over(make: Make, redis_url: str) -> None:
    """Somebody else's words on the channel end nothing."""
    (here, _), (there, others) = make(redis_url), make(redis_url)
    await until(lambda: here.sure and there.sure)
    with redis.Redis.from_url(redis_url) as client:
        client.publish(CHANNEL, b"\xc1 no letter")
    here.tell([HINT])
    await until(lambda: bool(others), 2)

    assert there.sure


@pytest.mark.parametrize("fault", ["kill", "freeze"])
async def test_without_redis_nobody_waits_and_it_says_so(
    make: Make, own_redis: Redis, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It finds out by itself, goes on when Redis is back, and keeps a bounded number meanwhile."""
    monkeypatch.setattr(relay, "PING_SECONDS", 0.3)
    (here, mine), (there, others) = make(own_redis.url), make(own_redis.url)
    await until(lambda: here.sure and there.sure)
    getattr(own_redis, fault)()
    await until(lambda: not here.sure and not there.sure)
    for _ in range(2 * relay.MOST):
        here.tell([HINT])
    assert len(mine) == 2 * relay.MOST
    assert len(here.relay._waiting) <= relay.MOST
    own_redis.start() if fault == "kill" else own_redis.thaw()
    await until(lambda: here.sure and there.sure)
    others.clear()
    here.tell([HINT])
    await until(lambda: bool(others))
