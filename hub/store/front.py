"""The store as requests see it: nobody waits long for it, nothing new is taken while it is ill.

A request has 3.5 seconds, whatever the store does. It looks two things up at most (its key, its
visitor), each within `LOOKUP_SECONDS`, and then has one piece of work done: a message within
`hub.accept.batch.SECONDS`, whatever else within `WORK_SECONDS` after one look-up. Redis may take a
quarter of a second of it (docs/decisions/0014).
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hub.errors import Unavailable
from hub.store.database import Database, T, Trouble, Work

LOOKUP_SECONDS = 0.6
WORK_SECONDS = 2.4

R = TypeVar("R")


class Front:
    """A database for what comes from outside."""

    def __init__(self, database: Database, seconds: float = WORK_SECONDS) -> None:
        """Let callers wait so long for either verb."""
        self._database = database
        self._seconds = seconds

    @property
    def trouble(self) -> Trouble | None:
        """Say why calls are refused at the moment; None when they are not."""
        return self._database.trouble

    async def write(self, work: Work[T]) -> T:
        """Write; refuse at once while there is trouble.

        What finishes or undoes work does not come this way: it needs the room that is left.
        """
        if trouble := self.trouble:
            raise trouble.refusal()
        return await within(self._seconds, self._database.write(work))

    async def read(self, work: Work[T]) -> T:
        """Read, also while there is no room."""
        return await within(self._seconds, self._database.read(work))

    async def close(self) -> None:
        """Close the database."""
        await self._database.close()


async def within(seconds: float, work: Coroutine[Any, Any, R]) -> R:
    """Return what work on the store returns; raise `Unavailable` when that takes longer.

    The work is left to its own end, not cancelled: a unit that is cut off costs its connection, and
    a thread cannot be.
    """
    task = asyncio.create_task(work)
    # Nobody may be there to hear how it ends.
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    await asyncio.wait({task}, timeout=seconds)
    if not task.done():
        raise Unavailable("The database does not answer, try again")
    return task.result()
