"""A store that is slow holds up no caller for long."""

import asyncio
from typing import Any

import pytest

from hub.services.hub import Hub
from tests.hub.api.conftest import Business

MESSAGE = {"body": "hello", "providerMessageId": "m1", "visitor": {"visitorId": "v1"}}


async def test_message_that_takes_too_long_is_503_and_may_be_stored(
    hub: Hub, bakery: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is not answered in time sends the same again and learns what became of it."""
    monkeypatch.setattr(hub._acceptor._batcher._patience, "_seconds", 1)
    write, going_on = hub.database.write_at_once, asyncio.Event()

    async def slow(work: Any) -> Any:
        await going_on.wait()
        return await write(work)

    monkeypatch.setattr(hub.database, "write_at_once", slow)
    async with asyncio.timeout(3):
        refused = await bakery.client.post("/messages", json=MESSAGE)
    waiting = hub.waiting
    going_on.set()
    again = await bakery.client.post("/messages", json=MESSAGE)

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert waiting == 0
    assert again.json()["duplicate"]
    assert len((await bakery.get("/messages"))["data"]) == 1
