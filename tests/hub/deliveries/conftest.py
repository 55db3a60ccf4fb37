"""A hub whose deliveries are worked off step by step, and a receiver."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from msgspec import Struct
from msgspec.structs import replace

from hub.app import create_app
from hub.auth.limits import MemoryLimiter
from hub.deliveries.dispatch import Dispatcher
from hub.services.hub import Hub
from hub.services.open import open_hub
from hub.settings import Settings
from hub.worker import Worker, means
from tests.support.receiver import Receiver

SECRET = "a secret that only tests use, long enough for any check"


class Desk(Struct):
    """A business's backend, and the worker of its hub with a clock that can be moved."""

    hub: Hub
    client: httpx.AsyncClient
    worker: Worker
    later: timedelta = timedelta(0)

    def now(self) -> datetime:
        """Return the time as the worker has it."""
        return datetime.now(UTC) + self.later

    async def post(self, path: str, **body: Any) -> Any:
        """Return what a successful POST answers."""
        reply = await self.client.post(path, json=body)
        assert reply.is_success, reply.text
        return reply.json()

    async def get(self, path: str, **query: Any) -> Any:
        """Return what a successful GET answers."""
        reply = await self.client.get(path, params=query)
        assert reply.is_success, reply.text
        return reply.json()

    async def hook(self, url: str, *events: str, **more: Any) -> Any:
        """Make a hook."""
        return await self.post("/hooks", url=url, events=events or ["message.created"], **more)

    async def say(self, body: str = "hello", **more: Any) -> Any:
        """Store a message."""
        return await self.post("/messages", body=body, visitor={"visitorId": "v1"}, **more)

    async def work(self) -> None:
        """Let the worker do all that is due now."""
        while await self.worker.step():
            pass
        self.worker.dispatcher.look()
        while await self.worker.dispatcher.step():
            await self.worker.dispatcher.settled()
        await self.worker.dispatcher.settled()

    async def deliveries(self, hook: Any, **query: Any) -> Any:
        """Return the log of a hook, newest first."""
        return (await self.get(f"/hooks/{hook['id']}/deliveries", **query))["data"]


@pytest.fixture
async def hub(database_url: str) -> AsyncIterator[Hub]:
    """An open hub that may send to loopback."""
    hub = await open_hub(
        Settings(
            database_url=database_url,
            hub_secret=SECRET,
            ingest_rate_per_min=10_000,
            read_rate_per_min=10_000,
            webhook_allow_http=True,
            webhook_allow_subnets=("127.0.0.1/32",),
        )
    )
    yield hub
    await hub.close()


@pytest.fixture
async def desk(hub: Hub) -> AsyncIterator[Desk]:
    """A business."""
    app: Any = create_app(hub.settings, hub, MemoryLimiter())
    organization = await hub.organizations.create("bakery", "Bakery")
    key = await hub.keys.create(organization.id, "server", "tests")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://hub/api/v1",
        headers={"authorization": f"Bearer {key.plaintext}"},
    ) as client:
        desk = Desk(hub, client, Worker(hub))
        desk.worker.dispatcher = Dispatcher(replace(means(hub), clock=desk.now))
        yield desk
        await desk.worker.dispatcher.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that takes everything."""
    async with Receiver().serving() as receiver:
        yield receiver
