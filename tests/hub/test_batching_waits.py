"""How long a batcher lets callers wait, and what it waits for itself."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest

from hub import batching
from hub.batching import Batcher, Closed, Late, Waits
from tests.hub.press import Press, turns

LONG = 1_000.0


class Timed(Press):
    """Work that takes so many seconds, however the gate stands."""

    def __init__(self, seconds: float) -> None:
        """Remember also when each batch began."""
        super().__init__()
        self.seconds = seconds
        self.began: list[float] = []
        self.ended: list[float] = []

    async def __call__(self, items: list[int]) -> Sequence[int | Exception]:
        """Double numbers."""
        self.began.append(time.monotonic())
        await asyncio.sleep(self.seconds)
        answers = await super().__call__(items)
        self.ended.append(time.monotonic())
        return answers


async def test_one_who_is_late_is_told_and_the_others_of_the_batch_are_answered() -> None:
    """Patience runs from each caller's own beginning; the batch in work goes on."""
    press = Press(shut=True)
    batcher = Batcher(press, waits=Waits(patience=0.4))
    first = asyncio.create_task(batcher.submit(0))
    await turns()
    early = asyncio.create_task(batcher.submit(1))
    await asyncio.sleep(0.25)
    later = asyncio.create_task(batcher.submit(2))
    await turns()
    press.gate.set()
    assert await first == 0
    press.gate.clear()
    await turns()

    with pytest.raises(Late):
        await early
    press.gate.set()

    assert await later == 4
    assert press.batches == [[0], [1, 2]]


async def test_one_who_is_late_before_the_batch_starts_is_left_out_of_it() -> None:
    """Nobody waits for the answer any more, so nothing is done for it."""
    press = Press(shut=True)
    batcher = Batcher(press, waits=Waits(patience=0.1))
    calls = [asyncio.create_task(batcher.submit(0))]
    await turns()
    calls.append(asyncio.create_task(batcher.submit(1)))

    answers = await asyncio.gather(*calls, return_exceptions=True)
    press.gate.set()
    await batcher.close()

    assert [type(answer) for answer in answers] == [Late, Late]
    assert press.batches == [[0]]


async def test_all_callers_share_one_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred that come at different moments have one; who comes when it is over has the next."""
    loop: Any = asyncio.get_running_loop()
    call_at, timers = loop.call_at, []

    def counted(when: float, what: Any, *rest: Any, **more: Any) -> asyncio.TimerHandle:
        if getattr(what, "__name__", "") == "_look":
            timers.append(when)
        return call_at(when, what, *rest, **more)

    monkeypatch.setattr(loop, "call_at", counted)
    batcher = Batcher(Press(), waits=Waits(patience=0.2))
    for number in range(100):
        assert await batcher.submit(number) == number * 2
    at_first = len(timers)

    await asyncio.sleep(0.3)
    assert await batcher.submit(1) == 2

    assert (at_first, len(timers)) == (1, 2)


async def test_a_batch_waits_for_those_who_were_just_answered() -> None:
    """After a batch of three that left one waiting, the next starts when four are there."""
    press = Timed(0.05)
    batcher = Batcher(press, waits=Waits(gather=LONG))
    calls = [asyncio.create_task(batcher.submit(number)) for number in range(3)]
    await turns()
    last = asyncio.create_task(batcher.submit(3))
    await asyncio.gather(*calls)

    more = [asyncio.create_task(batcher.submit(number)) for number in (4, 5)]
    await turns(10)
    held = len(press.began)
    more.append(asyncio.create_task(batcher.submit(6)))
    async with asyncio.timeout(5):
        answers = await asyncio.gather(last, *more)

    assert (held, press.batches[1]) == (1, [3, 4, 5, 6])
    assert answers == [6, 8, 10, 12]
    await batcher.close()


async def test_a_batch_waits_no_longer_than_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who do not come back cost at most the share of the time that the last batch took."""
    monkeypatch.setattr(batching, "MOST_GATHERING", LONG)
    press = Timed(0.2)
    batcher = Batcher(press, waits=Waits(gather=0.5))
    await asyncio.gather(*(batcher.submit(number) for number in range(3)))

    assert await batcher.submit(3) == 6

    assert 0.05 < press.began[1] - press.ended[0] < 0.2
    await batcher.close()


async def test_a_slow_batch_does_not_make_the_next_one_wait_for_long() -> None:
    """Whatever held it up, the next one is held for 10 milliseconds at most."""
    press = Timed(0.5)
    batcher = Batcher(press, waits=Waits(gather=0.5))
    await asyncio.gather(*(batcher.submit(number) for number in range(3)))

    assert await batcher.submit(3) == 6

    assert press.began[1] - press.ended[0] < 0.2
    await batcher.close()


async def test_one_who_calls_alone_waits_for_nobody() -> None:
    """One call after the other: the batch before carried one, so nobody else is expected."""
    press = Press()
    batcher = Batcher(press, waits=Waits(gather=LONG))

    async with asyncio.timeout(5):
        answers = [await batcher.submit(number) for number in range(20)]

    assert answers == [number * 2 for number in range(20)]
    assert press.batches == [[number] for number in range(20)]


async def test_close_does_not_wait_for_those_who_might_come() -> None:
    """What has gathered so far is done at once, and nothing more is taken."""
    press = Timed(0.05)
    batcher = Batcher(press, waits=Waits(gather=LONG))
    await asyncio.gather(*(batcher.submit(number) for number in range(3)))
    call = asyncio.create_task(batcher.submit(3))
    await turns()
    held = len(press.began)

    async with asyncio.timeout(5):
        await batcher.close()

    assert (held, press.batches[1:]) == (1, [[3]])
    assert call.result() == 6
    with pytest.raises(Closed):
        await batcher.submit(4)
