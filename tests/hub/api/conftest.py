"""The API of a hub with two businesses, in the test's own process, on either store."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from msgspec import Struct

from hub.app import create_app
from hub.auth.limits import MemoryLimiter
from hub.contracts import Caller
from hub.services.hub import Hub
from hub.services.open import open_hub
from hub.settings import Settings
from hub.store.admin.records import ApiKey, Organization

SECRET = "a secret that only tests use, long enough for any check"


class Business(Struct, frozen=True):
    """A business, and a client that calls with its server key."""

    organization: Organization
    key: ApiKey
    caller: Caller
    client: httpx.AsyncClient

    async def get(self, path: str, **query: Any) -> Any:
        """Return what a successful GET answers."""
        reply = await self.client.get(path, params=query)
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def post(self, path: str, **body: Any) -> Any:
        """Return what a successful POST answers."""
        reply = await self.client.post(path, json=body)
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def say(self, body: str = "hello", **fields: Any) -> Any:
        """Store an inbound message, by default of visitor `v1`; return the reply."""
        fields = fields or {"visitor": {"visitorId": "v1"}}
        return await self.post("/messages", body=body, **fields)

    async def events(self) -> list[str]:
        """Return the names of what happened, oldest first."""
        return [event["type"] for event in (await self.get("/events"))["data"]][::-1]

    async def refused(self, path: str, **query: Any) -> tuple[int, Any]:
        """Return status and body of a GET that is refused, without the request's id."""
        reply = await self.client.get(path, params=query)
        assert reply.status_code >= 400, reply.text
        return reply.status_code, {k: v for k, v in reply.json().items() if k != "requestId"}


@pytest.fixture
async def hub(database_url: str) -> AsyncIterator[Hub]:
    """An open hub over an empty database."""
    rates = {"ingest_rate_per_min": 10_000, "read_rate_per_min": 10_000}
    hub = await open_hub(Settings(database_url=database_url, hub_secret=SECRET, **rates))
    yield hub
    await hub.close()


@pytest.fixture
async def app(hub: Hub) -> Any:
    """The web app."""
    return create_app(hub.settings, hub, MemoryLimiter())


@pytest.fixture
async def bakery(hub: Hub, app: Any) -> AsyncIterator[Business]:
    """A business."""
    async for business in _business(hub, app, "bakery"):
        yield business


@pytest.fixture
async def florist(hub: Hub, app: Any) -> AsyncIterator[Business]:
    """Another business of the same hub."""
    async for business in _business(hub, app, "florist"):
        yield business


async def _business(hub: Hub, app: Any, slug: str) -> AsyncIterator[Business]:
    organization = await hub.organizations.create(slug, slug.title())
    new = await hub.keys.create(organization.id, "server", "tests")
    caller = Caller(
        kind="server", organization_id=organization.id, credential=b"", key_id=new.key.id
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://hub/api/v1",
        headers={"authorization": f"Bearer {new.plaintext}"},
    ) as client:
        yield Business(organization, new.key, caller, client)
