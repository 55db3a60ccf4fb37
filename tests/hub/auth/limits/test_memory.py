"""The logs in memory: as large as the calls of a window, corrected when a call is undone."""

from itertools import count

import pytest

from hub.auth.limits import Bucket, MemoryLimiter, refusal

KEY = Bucket("key", 3)


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    """A clock at zero."""
    return Clock()


@pytest.fixture
def limiter(clock: Clock) -> MemoryLimiter:
    """A limiter with nothing counted."""
    return MemoryLimiter(clock, wall=lambda: 1_800_000_000.0)


async def test_idle_buckets_are_forgotten(clock: Clock, limiter: MemoryLimiter) -> None:
    """An endless stream of new visitors takes the memory of one window, not of all time."""
    most = 0
    for number in range(10_000):
        clock.seconds += 0.1
        await limiter.take([Bucket(f"visitor:{number}", 30), Bucket("network", 10_000)])
        most = max(most, len(limiter))

    assert 600 <= most <= 610


async def test_after_a_flood_a_few_calls_take_out_what_it_left(
    clock: Clock, limiter: MemoryLimiter
) -> None:
    """Forgetting keeps up with remembering: each call forgets more than it can add."""
    for number in range(1_000):
        await limiter.take([Bucket(f"visitor:{number}", 30)])
    clock.seconds += 60
    for number in range(500):
        await limiter.take([Bucket(f"later:{number}", 30)])

    assert len(limiter) == 500


async def test_refused_calls_take_no_memory(limiter: MemoryLimiter) -> None:
    """Behind a full bucket a caller cannot make the hub remember anything."""
    full = Bucket("network", 1)
    await limiter.take([full])
    for number in range(100):
        assert refusal(await limiter.take([full, Bucket(f"visitor:{number}", 30)]))
        await limiter.peek([Bucket(f"seen:{number}", 30)])

    assert len(limiter) == 1


async def test_a_bucket_in_use_is_never_forgotten(clock: Clock, limiter: MemoryLimiter) -> None:
    """Whatever else comes and goes, a bucket that is called keeps its count."""
    bucket = Bucket("steady", 6)
    allowed = []
    for number in range(600):
        clock.seconds += 1
        await limiter.take([Bucket(f"passer:{number}", 1)])
        allowed += [verdict.allowed for verdict in await limiter.take([bucket])]

    assert [sum(allowed[start : start + 60]) for start in range(541)] == [6] * 541
    assert len(limiter._logs["steady"]._stamps) <= 12


async def test_a_call_can_be_given_back(limiter: MemoryLimiter) -> None:
    """What turned out not to happen leaves its place to another; more than all cannot be undone."""
    for _ in range(3):
        await limiter.take([KEY])
    limiter.give_back([KEY])
    again = [(await limiter.take([KEY]))[0].allowed for _ in range(2)]
    for _ in range(10):
        limiter.give_back([KEY, Bucket("never", 1)])

    assert again == [True, False]
    assert (await limiter.peek([KEY]))[0].remaining == 3


async def test_giving_back_does_not_touch_what_has_left_the_window(
    clock: Clock, limiter: MemoryLimiter
) -> None:
    """However often it is undone, the next call is counted as one."""
    for seconds in (0, 50, 50):
        clock.seconds = seconds
        await limiter.take([KEY])
    clock.seconds = 61
    before = (await limiter.peek([KEY]))[0].remaining
    for _ in range(5):
        limiter.give_back([KEY])
    limiter.count([KEY])
    after = (await limiter.peek([KEY]))[0].remaining

    assert (before, after) == (1, 2)


async def test_what_was_allowed_elsewhere_counts_even_beyond_the_limit(
    clock: Clock, limiter: MemoryLimiter
) -> None:
    """Five calls counted against three: two more than the limit must leave before there is room."""
    for _ in range(5):
        limiter.count([KEY])
        clock.seconds += 1
    (verdict,) = await limiter.take([KEY])

    assert (verdict.allowed, verdict.remaining, verdict.retry_after) == (False, 0, 57)


async def test_the_wall_clock_decides_nothing(clock: Clock) -> None:
    """Set forwards or back by a day, it neither frees nor locks out: only the clock counts."""
    days = count(1_800_000_000, -86_400)
    limiter = MemoryLimiter(clock, wall=lambda: float(next(days)))
    allowed = [(await limiter.take([KEY]))[0].allowed for _ in range(5)]
    clock.seconds = 60
    allowed += [(await limiter.take([KEY]))[0].allowed]

    assert allowed == [True, True, True, False, False, True]


@pytest.mark.parametrize("start", [0.1, 2_014.986, 65_535.471, 1e7 + 0.1])
async def test_fractions_of_a_second_do_not_round_against_the_caller(
    clock: Clock, limiter: MemoryLimiter, start: float
) -> None:
    """Sixty seconds after a call of any instant its place is free."""
    clock.seconds = start
    for _ in range(3):
        await limiter.take([KEY])
    (refused,) = await limiter.take([KEY])
    clock.seconds = start + refused.retry_after
    (honoured,) = await limiter.take([KEY])

    assert (refused.retry_after, honoured.allowed) == (60, True)
