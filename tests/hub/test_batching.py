"""What callers of a batcher may rely on."""

import asyncio
from contextvars import ContextVar
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.batching import Batcher, Full
from tests.hub.press import Press, turns

request_id: ContextVar[str] = ContextVar("request_id", default="none")


async def test_simultaneous_items_share_one_flush_and_each_gets_its_own_answer() -> None:
    """Ten calls of one turn are one batch, in the order they came."""
    press = Press()
    batcher = Batcher(press)

    answers = await asyncio.gather(*(batcher.submit(number) for number in range(10)))

    assert [list(range(10))] == press.batches
    assert [number * 2 for number in range(10)] == answers


async def test_an_idle_batcher_starts_at_the_end_of_the_turn() -> None:
    """No timer delays a lone call: its work begins two turns of the loop later."""
    press = Press()
    call = asyncio.create_task(Batcher(press).submit(1))

    await turns(3)

    assert press.batches == [[1]]
    assert await call == 2


async def test_a_batch_holds_at_most_so_many() -> None:
    """Ten items at four a batch are three batches, nothing lost, nothing reordered."""
    press = Press()
    batcher = Batcher(press, most=4)

    await asyncio.gather(*(batcher.submit(number) for number in range(10)))

    assert press.batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


async def test_what_comes_during_a_flight_goes_together_with_the_next() -> None:
    """One flight at a time; the five that waited for it to land share the second."""
    press = Press(shut=True)
    batcher = Batcher(press)
    first = asyncio.create_task(batcher.submit(0))
    await turns()
    others = [asyncio.create_task(batcher.submit(number)) for number in range(1, 6)]
    await turns()
    waiting = batcher.waiting

    press.gate.set()
    await asyncio.gather(first, *others)

    assert waiting == 5
    assert press.batches == [[0], [1, 2, 3, 4, 5]]
    assert press.most_in_work == 1


async def test_so_many_flights_are_in_work_as_allowed() -> None:
    """With two flights the second batch does not wait for the first, the third does."""
    press = Press(shut=True)
    batcher = Batcher(press, most=1, flights=2)
    calls = [asyncio.create_task(batcher.submit(number)) for number in range(5)]
    await turns()
    started = len(press.batches)

    press.gate.set()
    await asyncio.gather(*calls)

    assert started == 2
    assert press.most_in_work == 2
    assert press.batches == [[0], [1], [2], [3], [4]]


async def test_an_exception_among_the_answers_is_for_that_caller_alone() -> None:
    """One poisoned item fails; its neighbours of the same batch are answered."""

    async def work(items: list[int]) -> list[int | Exception]:
        return [KeyError(item) if item == 2 else item for item in items]

    batcher = Batcher(work)

    answers = await asyncio.gather(*(batcher.submit(n) for n in range(4)), return_exceptions=True)

    assert [answer for answer in answers if not isinstance(answer, BaseException)] == [0, 1, 3]
    assert isinstance(answers[2], KeyError)


async def test_an_exception_of_the_flight_is_for_all_of_it_and_for_nobody_else() -> None:
    """The batch that failed says so to each; the next batch is a fresh try."""

    async def work(items: list[int]) -> list[int]:
        if 0 in items:
            raise OSError("the disk is full")
        return items

    batcher = Batcher(work, most=2)

    answers = await asyncio.gather(*(batcher.submit(n) for n in range(4)), return_exceptions=True)

    assert [OSError, OSError, int, int] == [type(answer) for answer in answers]


async def test_too_few_answers_fail_the_batch_and_leave_nobody_waiting() -> None:
    """A work function that loses an item cannot give callers each other's answers."""

    async def work(items: list[int]) -> list[int]:
        return items[1:]

    batcher = Batcher(work)

    answers = await asyncio.gather(*(batcher.submit(n) for n in range(3)), return_exceptions=True)

    assert [ValueError] * 3 == [type(answer) for answer in answers]


async def test_a_full_room_refuses_at_the_door_and_keeps_its_word_to_the_rest() -> None:
    """Waiting items are bounded; what is in work does not count, and room comes back."""
    press = Press(shut=True)
    batcher = Batcher(press, room=2)
    admitted = [asyncio.create_task(batcher.submit(0))]
    await turns()
    admitted += [asyncio.create_task(batcher.submit(number)) for number in (1, 2)]
    await turns()

    with pytest.raises(Full):
        await batcher.submit(3)
    press.gate.set()

    assert await asyncio.gather(*admitted) == [0, 2, 4]
    assert await batcher.submit(4) == 8


async def test_a_flight_does_not_log_under_the_name_of_its_first_caller() -> None:
    """Context variables of a caller, such as its request id, do not reach the shared work."""
    seen: list[str] = []

    async def work(items: list[int]) -> list[int]:
        seen.append(request_id.get())
        return items

    batcher = Batcher(work)
    token = request_id.set("req-1")
    await batcher.submit(1)
    request_id.reset(token)

    assert seen == ["none"]


Deed = st.sampled_from(["answer", "fail", "leave", "leave later"])


@given(
    deeds=st.lists(Deed, max_size=60),
    most=st.integers(1, 9),
    flights=st.integers(1, 3),
    pace=st.integers(1, 5),
)
def test_every_caller_gets_its_own_answer_once_whatever_the_others_do(
    deeds: list[str], most: int, flights: int, pace: int
) -> None:
    """Failures and departures in any mixture: each item is worked on once, in order."""

    async def story() -> tuple[list[Any], list[int]]:
        worked: list[int] = []

        async def work(items: list[int]) -> list[int | Exception]:
            assert 1 <= len(items) <= most
            worked.extend(items)
            await turns(pace)
            return [KeyError(i) if deeds[i] == "fail" else i for i in items]

        batcher = Batcher(work, most=most, flights=flights)
        calls = []
        for number, deed in enumerate(deeds):
            calls.append(asyncio.create_task(batcher.submit(number)))
            if number % pace == 0:
                await asyncio.sleep(0)
            if deed == "leave":
                calls[number].cancel()
            if deed == "leave later":
                asyncio.get_running_loop().call_soon(calls[number].cancel)
        answers = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 10)
        await batcher.close()
        return answers, worked

    answers, worked = asyncio.run(story())

    expected = {"answer": int, "fail": KeyError}
    for number, (deed, answer) in enumerate(zip(deeds, answers, strict=True)):
        assert type(answer) is expected.get(deed, asyncio.CancelledError)
        assert deed not in expected or number == getattr(answer, "args", [answer])[0]
    assert worked == sorted(set(worked))
    assert {i for i, deed in enumerate(deeds) if deed in expected} <= set(worked)
