"""Callers that leave, and a batcher that closes: nobody else's work is lost."""

import asyncio

import pytest

from hub.batching import Batcher, Closed
from tests.hub.press import Press, turns


async def test_a_caller_that_leaves_before_the_flush_takes_its_item_along() -> None:
    """The item of a cancelled caller is not worked on; the others' are."""
    press = Press(shut=True)
    batcher = Batcher(press)
    calls = [asyncio.create_task(batcher.submit(0))]
    await turns()
    calls += [asyncio.create_task(batcher.submit(number)) for number in (1, 2, 3)]
    await turns()

    calls[2].cancel()
    press.gate.set()
    answers = await asyncio.gather(*calls, return_exceptions=True)

    assert press.batches == [[0], [1, 3]]
    assert [int, int, asyncio.CancelledError, int] == [type(answer) for answer in answers]


async def test_a_caller_that_leaves_during_the_flight_does_not_end_it() -> None:
    """The batch in work goes on, and its other callers get their answers."""
    press = Press(shut=True)
    batcher = Batcher(press)
    calls = [asyncio.create_task(batcher.submit(number)) for number in range(3)]
    await turns()

    calls[0].cancel()
    await turns()
    press.gate.set()
    answers = await asyncio.gather(*calls, return_exceptions=True)

    assert press.batches == [[0, 1, 2]]
    assert isinstance(answers[0], asyncio.CancelledError)
    assert answers[1:] == [2, 4]


async def test_when_every_waiting_caller_has_left_no_empty_batch_is_made() -> None:
    """Work is never called with nothing, and the batcher goes on serving."""
    press = Press()
    batcher = Batcher(press)
    call = asyncio.create_task(batcher.submit(1))
    await asyncio.sleep(0)
    call.cancel()
    await turns()

    assert press.batches == []
    assert await batcher.submit(2) == 4


async def test_close_answers_all_that_were_admitted_and_takes_no_more() -> None:
    """Draining loses nothing: one in work, four waiting, then the door is shut."""
    press = Press(shut=True)
    batcher = Batcher(press, most=2)
    before = asyncio.all_tasks()
    calls = [asyncio.create_task(batcher.submit(number)) for number in range(5)]
    await turns()
    closing = asyncio.create_task(batcher.close())
    await turns()

    with pytest.raises(Closed):
        await batcher.submit(9)
    still_open = not closing.done()
    press.gate.set()
    await closing

    assert still_open
    assert [call.result() for call in calls] == [0, 2, 4, 6, 8]
    assert before == asyncio.all_tasks()


async def test_close_of_a_batcher_whose_callers_have_left_returns() -> None:
    """Withdrawn items do not hold up the end, nor does an empty batcher."""
    press = Press()
    batcher = Batcher(press)
    call = asyncio.create_task(batcher.submit(1))
    await asyncio.sleep(0)
    call.cancel()

    await batcher.close()

    assert press.batches == []


async def test_close_does_not_leave_what_was_admitted_in_the_same_turn() -> None:
    """An item whose flush has only been asked for is answered before `close` returns."""
    press = Press()
    batcher = Batcher(press)
    call = asyncio.create_task(batcher.submit(1))
    await asyncio.sleep(0)

    await batcher.close()

    assert press.batches == [[1]]
    assert await call == 2


async def test_a_cancelled_flight_cancels_its_callers() -> None:
    """When the loop is torn down nobody is left waiting for an answer that cannot come."""

    async def work(items: list[int]) -> list[int]:
        raise asyncio.CancelledError

    call = asyncio.create_task(Batcher(work).submit(1))

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(call, 5)
