"""What both limiters promise: exact counts in any window, and figures that can be relied on."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import astuple

from hub.auth.limits import Bucket, Verdict, refusal

SECOND = 1_000_000
MINUTE = 60 * SECOND

OpenWorld = Callable[[], Any]

KEY = Bucket("key", 5)
NETWORK = Bucket("network", 3, 30)
VISITOR = Bucket("visitor", 2, 10)

gaps = st.integers(0, 3 * SECOND) | st.sampled_from([0, 1, SECOND, 10 * SECOND, 30 * SECOND])
calls = st.sampled_from([[KEY], [NETWORK, KEY], [VISITOR], [KEY, NETWORK, VISITOR]])


async def test_so_many_calls_as_the_limit_and_not_one_more(open_world: OpenWorld) -> None:
    """Five pass, each says how many are left and when the first one leaves; the sixth waits."""
    async with open_world() as world:
        verdicts = []
        for _ in range(6):
            verdicts += await world.limiter.take([KEY])
            await world.move(SECOND // 2)

    start = 1_800_000_000
    assert [astuple(verdict) for verdict in verdicts] == [
        *(("key", True, 5, left, start + 60, 0, 60) for left in (4, 3, 2, 1, 0)),
        ("key", False, 5, 0, start + 60, 58, 60),
    ]


async def test_a_call_leaves_the_window_to_the_microsecond(open_world: OpenWorld) -> None:
    """One microsecond before the minute is over the bucket is full, then it is not."""
    async with open_world() as world:
        one = [Bucket("one", 1)]
        await world.limiter.take(one)
        await world.move(MINUTE - 1)
        early = await world.limiter.take(one)
        await world.move(1)
        late = await world.limiter.take(one)

    assert [early[0].allowed, early[0].retry_after, late[0].allowed] == [False, 1, True]


async def test_refused_calls_do_not_count(open_world: OpenWorld) -> None:
    """Hammering at a full bucket does not put off the moment when there is room."""
    async with open_world() as world:
        for _ in range(KEY.limit):
            await world.limiter.take([KEY])
        for _ in range(200):
            await world.move(MINUTE // 201)
            assert refusal(await world.limiter.take([KEY]))
        await world.move(MINUTE // 200)

        assert not refusal(await world.limiter.take([KEY]))
        assert (await world.limiter.peek([KEY]))[0].remaining == KEY.limit - 1


async def test_one_full_bucket_leaves_the_others_as_they_were(open_world: OpenWorld) -> None:
    """All or none: what the visitor's bucket refuses costs the key and the network nothing."""
    async with open_world() as world:
        for _ in range(VISITOR.limit):
            await world.limiter.take([VISITOR])
        verdicts = await world.limiter.take([KEY, VISITOR, NETWORK])
        standing = await world.limiter.peek([KEY, NETWORK])

    assert [verdict.allowed for verdict in verdicts] == [True, False, True]
    assert [verdict.remaining for verdict in verdicts] == [5, 0, 3]
    assert [verdict.retry_after for verdict in verdicts] == [0, 10, 0]
    assert [verdict.remaining for verdict in standing] == [5, 3]
    assert refusal(verdicts) == verdicts[1]


async def test_peek_counts_nothing(open_world: OpenWorld) -> None:
    """Looking at a bucket a hundred times leaves all of it."""
    async with open_world() as world:
        empty = await world.limiter.peek([KEY])
        for _ in range(100):
            await world.limiter.peek([KEY])
        verdicts = await world.limiter.take([KEY])

    assert astuple(empty[0]) == ("key", True, 5, 5, 1_800_000_000, 0, 60)
    assert verdicts[0].remaining == 4


async def test_a_lowered_limit_says_when_there_is_room_under_it(open_world: OpenWorld) -> None:
    """Of five counted calls three must leave before a limit of three has room again."""
    async with open_world() as world:
        for _ in range(5):
            await world.limiter.take([KEY])
            await world.move(SECOND)
        lowered = [Bucket("key", 3)]
        (refused,) = await world.limiter.take(lowered)
        await world.move((refused.retry_after - 1) * SECOND)
        (too_early,) = await world.limiter.take(lowered)
        await world.move(SECOND)
        (honoured,) = await world.limiter.take(lowered)

    assert (refused.remaining, refused.retry_after) == (0, 57)
    assert [too_early.allowed, honoured.allowed] == [False, True]


async def test_a_call_with_no_bucket_is_allowed(open_world: OpenWorld) -> None:
    """Nothing to take is taken."""
    async with open_world() as world:
        assert await world.limiter.take([]) == []
        assert await world.limiter.peek([]) == []


@pytest.mark.parametrize("name", ["", "ü:\U0001f4a9", "a b\r\n\0", "\ud800", "x" * 5_000])
async def test_any_name_is_a_bucket_of_its_own(open_world: OpenWorld, name: str) -> None:
    """A name may hold what a visitor sent; it is counted, and neighbours are not."""
    async with open_world() as world:
        bucket, neighbour = Bucket(name, 1), Bucket(f"{name}.", 1)
        verdicts = [
            (await world.limiter.take([each]))[0].allowed for each in (bucket, bucket, neighbour)
        ]

    assert verdicts == [True, False, True]


async def test_a_log_longer_than_one_reading_leaves_at_once(open_world: OpenWorld) -> None:
    """A thousand calls of one instant all leave together."""
    async with open_world() as world:
        big = [Bucket("big", 1_000)]
        await asyncio.gather(*(world.limiter.take(big) for _ in range(1_000)))
        full = await world.limiter.peek(big)
        await world.move(SECOND)
        await world.limiter.take([KEY])
        await world.move(MINUTE - SECOND)
        (verdict,) = await world.limiter.take(big)

    assert full[0].remaining == 0
    assert (verdict.allowed, verdict.remaining) == (True, 999)


Pattern = list[tuple[int, list[Bucket]]]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50
)
@given(pattern=st.lists(st.tuples(gaps, calls), max_size=40))
@example(pattern=[(0, [VISITOR])] * 3 + [(10 * SECOND, [VISITOR])] * 2)
def test_whatever_the_arrivals_the_log_is_exact(open_world: OpenWorld, pattern: Pattern) -> None:
    """Each verdict is what counting by hand gives, and no window of any place holds too many."""

    async def story() -> tuple[list[int], list[list[Verdict]]]:
        instants, answers = [], []
        async with open_world() as world:
            for gap, buckets in pattern:
                await world.move(gap)
                instants.append(world.now)
                answers.append(await world.limiter.take(buckets))
        return instants, answers

    instants, answers = asyncio.run(story())

    counted: dict[str, list[int]] = {bucket.name: [] for bucket in (KEY, NETWORK, VISITOR)}
    for now, (_, buckets), verdicts in zip(instants, pattern, answers, strict=True):
        room = [len(within(counted, bucket, now)) < bucket.limit for bucket in buckets]
        if all(room):
            for bucket in buckets:
                counted[bucket.name].append(now)
        assert verdicts == [
            by_hand(bucket, within(counted, bucket, now), now, allowed=free)
            for bucket, free in zip(buckets, room, strict=True)
        ]
    for bucket in (KEY, NETWORK, VISITOR):
        for start in counted[bucket.name]:
            end = start + bucket.window_seconds * SECOND
            assert sum(start <= call < end for call in counted[bucket.name]) <= bucket.limit


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50
)
@given(pattern=st.lists(st.tuples(gaps, calls), min_size=1, max_size=30))
def test_waiting_as_long_as_one_is_told_leads_to_success(
    open_world: OpenWorld, pattern: Pattern
) -> None:
    """`Retry-After` and the reset second, honoured, end the refusal; they are never 0 or past."""

    async def story() -> None:
        async with open_world() as world:
            for gap, buckets in pattern:
                await world.move(gap)
                refused = refusal(await world.limiter.take(buckets))
                if refused is None:
                    continue
                assert 1 <= refused.retry_after <= refused.window_seconds
                until_reset = refused.reset_at * SECOND - world.now
                assert 0 < until_reset <= refused.retry_after * SECOND + SECOND
                await world.move(max(until_reset, refused.retry_after * SECOND))
                assert not refusal(await world.limiter.take(buckets))

    asyncio.run(story())


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50
)
@given(pattern=st.lists(gaps, max_size=40))
def test_what_remains_rises_only_when_a_call_has_left(
    open_world: OpenWorld, pattern: list[int]
) -> None:
    """`Remaining` is never negative, and inside a window it only falls."""

    async def story() -> list[tuple[int, Verdict]]:
        seen = []
        async with open_world() as world:
            for gap in pattern:
                await world.move(gap)
                seen.append((world.now, (await world.limiter.take([NETWORK]))[0]))
        return seen

    seen = asyncio.run(story())

    assert all(0 <= verdict.remaining <= NETWORK.limit for _, verdict in seen)
    for (before, earlier), (after, later) in pairwise(seen):
        if later.remaining > earlier.remaining:
            leaving = [at + 30 * SECOND for at, verdict in seen if verdict.allowed]
            assert any(before < leaves <= after for leaves in leaving)


def within(counted: dict[str, list[int]], bucket: Bucket, now: int) -> list[int]:
    """The calls that are in the bucket's window at this instant."""
    gone = now - bucket.window_seconds * SECOND
    return [call for call in counted[bucket.name] if call > gone]


def by_hand(bucket: Bucket, calls: list[int], now: int, *, allowed: bool) -> Verdict:
    """The verdict that these calls should give."""
    leaves = calls[0] + bucket.window_seconds * SECOND if calls else now
    return Verdict(
        bucket=bucket.name,
        allowed=allowed,
        limit=bucket.limit,
        remaining=bucket.limit - len(calls),
        reset_at=(leaves + SECOND - 1) // SECOND,
        retry_after=0 if allowed else (leaves - now + SECOND - 1) // SECOND,
        window_seconds=bucket.window_seconds,
    )
