"""Messages that go on while something is done to the hub, and how each was answered."""

import asyncio
import time
from itertools import count
from typing import Any

from msgspec import Struct

from tests.support.client import Line
from tests.support.ledger import Ledger

PAUSE_SECONDS = 0.02


class Answer(Struct, frozen=True):
    """One call: when it was begun and answered, and how."""

    name: str
    began: float
    answered: float
    status: int
    after: str | None

    @property
    def seconds(self) -> float:
        """Return how long it took."""
        return self.answered - self.began


class Traffic:
    """Messages to each host or process until it is told to stop, and what each answered."""

    def __init__(
        self, path: str, lines: list[list[Line]], ledger: Ledger, people: int | None = None
    ) -> None:
        """Send over these lines, the first list to the first host or process.

        All lines write for the same `people`, so many; without a number each for a visitor of its
        own, so that nobody waits for a lock that another holds.
        """
        self._path = path
        self._people = people
        self._lines = lines
        self._ledger = ledger
        self.answers: list[list[Answer]] = [[] for _ in lines]
        self.over = asyncio.Event()

    async def run(self) -> None:
        """Send on every line at once."""
        await asyncio.gather(
            *(
                self._send_on(line, host, place)
                for host, mine in enumerate(self._lines)
                for place, line in enumerate(mine)
            )
        )

    def body(self, name: str) -> dict[str, Any]:
        """Return the message of this name."""
        line, _, number = name.rpartition("-")
        visitor = line if self._people is None else int(number) % self._people
        return {"body": name, "providerMessageId": name, "visitor": {"visitorId": f"v_{visitor}"}}

    def begun_since(self, host: int, moment: float) -> list[Answer]:
        """Return what was begun at a host since then, by its beginning."""
        found = [answer for answer in self.answers[host] if answer.began >= moment]
        return sorted(found, key=lambda answer: answer.began)

    async def _send_on(self, line: Line, host: int, place: int) -> None:
        for number in count():
            if self.over.is_set():
                return
            name, began = f"{host}-{place}-{number}", time.monotonic()
            self._ledger.attempt(name, name)
            reply = await line.post(self._path, self.body(name))
            after = reply.header("Retry-After")
            self.answers[host].append(Answer(name, began, time.monotonic(), reply.status, after))
            if reply.status == 200:
                self._ledger.answer(name, reply.body["id"])
            await asyncio.sleep(PAUSE_SECONDS)
