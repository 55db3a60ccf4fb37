"""Many callers, one piece of work: what is asked for at the same time is done together.

There is no timer. An idle batcher flushes at the end of the loop's current turn, so that calls of
the same turn share one flush; a busy one collects until its flight has landed. Load alone makes
the batches grow.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from functools import partial
from typing import Any, Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")
R = TypeVar("R")

Work = Callable[[list[T]], Awaitable[Sequence[R | Exception]]]


MOST_GATHERING = 0.01
"""Seconds."""


class Full(Exception):
    """So many items wait already that this one is not taken."""


class Late(Exception):
    """The item waited longer than its caller can; what was in work by then may still be done."""


class Closed(Full):
    """The batcher takes nothing any more."""


class Waits(Struct, frozen=True):
    """How long things may wait.

    A batch costs nearly the same whether it carries one item or a hundred, and those who were just
    answered often come back at once. So the next batch is held for as many as were answered, for
    at most the share `gather` of the time that the last one took.
    """

    patience: float | None = None
    """After so many seconds a caller is told `Late`."""
    gather: float = 0.0


class Patience:
    """Tells those who wait too long that they are late, with one timer for all of them."""

    def __init__(self, seconds: float) -> None:
        """Everybody may wait so many seconds."""
        self._seconds = seconds
        self._ends: deque[tuple[float, asyncio.Future[Any]]] = deque()

    def lend(self, answer: asyncio.Future[Any]) -> None:
        """Wait for this answer from now on."""
        loop = answer.get_loop()
        end = loop.time() + self._seconds
        if not self._ends:
            loop.call_at(end, self._look, loop)
        self._ends.append((end, answer))

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        while self._ends and (self._ends[0][1].done() or self._ends[0][0] <= now):
            _, answer = self._ends.popleft()
            if not answer.done():
                answer.set_exception(Late())
        if self._ends:
            loop.call_at(self._ends[0][0], self._look, loop)


class Batcher(Generic[T, R]):
    """Collects single items and hands them to `work` in batches, answering each caller on its own.

    `work` gets one to `most` items in the order of their arrival and returns one answer per item,
    in the same order. An `Exception` among the answers is raised to that item's caller alone; one
    that `work` raises, to every caller of the batch. At most `flights` batches are in work at once,
    and at most `room` items wait for theirs.
    """

    def __init__(
        self,
        work: Work[T, R],
        *,
        most: int = 128,
        room: int = 10_000,
        flights: int = 1,
        waits: Waits = Waits(),  # noqa: B008 - it is frozen
    ) -> None:
        """Prepare; no loop has to be running yet."""
        self._patience = Patience(waits.patience) if waits.patience else None
        self._work = work
        self._most = most
        self._room = room
        self._flights = flights
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._flying: set[asyncio.Task[None]] = set()
        self._summoned = False
        self._closed = False
        self._gather = waits.gather
        self._expected = 0
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def waiting(self) -> int:
        """The number of items whose batch has not started."""
        return len(self._waiting)

    async def submit(self, item: T) -> R:
        """Return the answer to this item, after the batch it went with is done.

        Raises `Full` at once when there is no room, `Closed` after `close`, and what `work` has to
        say about the item. A cancelled caller withdraws an item that still waits; a batch in work
        goes on, for the others' sake.
        """
        if self._closed:
            raise Closed
        if len(self._waiting) >= self._room:
            raise Full
        # Asked for once: what looks like an attribute asks the kernel for the process's number.
        loop = self._loop = self._loop or asyncio.get_running_loop()
        answer: asyncio.Future[R] = loop.create_future()
        self._waiting.append((item, answer))
        if self._patience:
            self._patience.lend(answer)
        if self._timer is None:
            self._summon(loop)
        elif len(self._waiting) >= self._expected:
            self._stop_gathering()
            self._summon(loop)
        return await answer

    async def close(self) -> None:
        """Refuse new items, and return when all that were admitted have their answers."""
        self._closed = True
        while self._waiting or self._flying:
            self._launch()
            if self._flying:
                await asyncio.wait(self._flying)

    def _summon(self, loop: asyncio.AbstractEventLoop) -> None:
        """See to it that `_launch` runs once at the end of this turn of the loop."""
        if not self._summoned and len(self._flying) < self._flights:
            self._summoned = True
            loop.call_soon(self._launch)

    def _launch(self) -> None:
        self._summoned = False
        self._stop_gathering()
        while len(self._flying) < self._flights and (batch := self._next_batch()):
            # A context of its own: the log lines of a flight are not those of its first caller.
            assert self._loop is not None
            loop = self._loop
            flight = loop.create_task(self._fly(batch), context=Context())
            self._flying.add(flight)
            flight.add_done_callback(partial(self._land, len(batch), loop.time()))

    def _next_batch(self) -> list[tuple[T, asyncio.Future[R]]]:
        batch: list[tuple[T, asyncio.Future[R]]] = []
        while self._waiting and len(batch) < self._most:
            item, answer = self._waiting.popleft()
            if not answer.done():
                batch.append((item, answer))
        return batch

    async def _fly(self, batch: list[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await self._work([item for item, _ in batch])
            pairs = list(zip(batch, results, strict=True))
        except Exception as error:  # noqa: BLE001 - not handled here, but raised to every caller
            for _, answer in batch:
                _settle(answer, error)
        except BaseException:
            for _, answer in batch:
                answer.cancel()
            raise
        else:
            for (_, answer), result in pairs:
                _settle(answer, result)

    def _land(self, carried: int, began: float, flight: asyncio.Task[None]) -> None:
        self._flying.discard(flight)
        loop = flight.get_loop()
        if self._gather and carried > 1 and not self._closed:
            self._expected = carried + len(self._waiting)
            # Whatever held the last batch up: a caller who comes alone is not held for long.
            wait = min((loop.time() - began) * self._gather, MOST_GATHERING)
            self._timer = loop.call_later(wait, self._gathered, loop)
        elif self._waiting:
            self._summon(loop)

    def _gathered(self, loop: asyncio.AbstractEventLoop) -> None:
        self._stop_gathering()
        if self._waiting:
            self._summon(loop)

    def _stop_gathering(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None


def _settle(answer: asyncio.Future[R], result: R | Exception) -> None:
    """Give the caller its result, unless it has gone."""
    if answer.done():
        return
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)
