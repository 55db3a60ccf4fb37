"""How many connections may be in use at once."""

import asyncio
import random

from hub.errors import Unavailable

WAIT_SECONDS = 2.0
AGAIN_SECONDS = (5.0, 15.0)


class Places:
    """A place for each connection in use; who finds none waits for one, but not for long.

    A server that has no room for one more connection is not ill: the place stays empty for a while
    (`withhold`), and the connections that there are do the work.
    """

    def __init__(self, most: int) -> None:
        """So many at once at most."""
        self._free = asyncio.Semaphore(most)

    async def take(self, end: float) -> None:
        """Take a place; raise `Unavailable` when none is free in two seconds or at the `end`."""
        now = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(min(end, now + WAIT_SECONDS)):
                await self._free.acquire()
        except TimeoutError as error:
            raise Unavailable from error

    def give_back(self) -> None:
        """Let the next one have the place."""
        self._free.release()

    def withhold(self) -> None:
        """Give the place back after a while, at no moment that many processes share."""
        wait = random.uniform(*AGAIN_SECONDS)  # noqa: S311 - no secret
        asyncio.get_running_loop().call_later(wait, self._free.release)
