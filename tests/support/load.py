"""Clients that send without a pause, beside whatever is done to the hub."""

import asyncio
from collections.abc import Iterator

from tests.support.app import Business
from tests.support.client import Line, in_parallel, until
from tests.support.hubs import Hub
from tests.support.ledger import Ledger

CLIENTS = 8
REACH_SECONDS = 60


class Load:
    """Sends until it is told to stop, each message until it is answered; keeps the ledger."""

    def __init__(self, hub: Hub, business: Business) -> None:
        """Begin."""
        self.ledger = Ledger()
        self._stopping = False
        self._task = asyncio.create_task(
            in_parallel(hub, business.bearer, self._numbers(), self._send, CLIENTS)
        )

    async def reach(self, number: int) -> None:
        """Return when so many more messages are acknowledged."""
        enough = self.ledger.answered + number
        await until(lambda: self._task.done() or self.ledger.answered >= enough, REACH_SECONDS)

    async def stop(self) -> None:
        """Return when everything that was begun is answered."""
        self._stopping = True
        await self._task

    def _numbers(self) -> Iterator[int]:
        number = 0
        while not self._stopping:
            yield number
            number += 1

    async def _send(self, line: Line, number: int) -> None:
        name, body = f"u{number}", f"{number} {'x' * (number % 90)}"
        self.ledger.attempt(name, body)
        person = {"phoneE164": f"+1555{number % 20:06}"}
        message = {"body": body, "providerMessageId": name, "customer": person}
        reply = await line.insist("/messages", message)
        assert reply.status == 200, reply
        self.ledger.answer(name, reply.body["id"])
