"""Work for a batcher that the test can watch and hold up."""

import asyncio
from collections.abc import Sequence


class Press:
    """Work that doubles numbers, remembers its batches and waits at a gate when told to."""

    def __init__(self, *, shut: bool = False) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        self.in_work = 0
        self.most_in_work = 0
        if not shut:
            self.gate.set()

    async def __call__(self, items: list[int]) -> Sequence[int | Exception]:
        self.batches.append(items)
        self.in_work += 1
        self.most_in_work = max(self.most_in_work, self.in_work)
        try:
            await self.gate.wait()
        finally:
            self.in_work -= 1
        return [item * 2 for item in items]


async def turns(count: int = 3) -> None:
    """Let the loop turn a few times, so that everything that is ready has run."""
    for _ in range(count):
        await asyncio.sleep(0)
