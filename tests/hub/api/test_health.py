"""What the operator's machines are told."""

from typing import Any

import pytest

from hub import metrics
from hub.errors import Unavailable
from hub.services.hub import Hub
from hub.store.room import FULL
from tests.hub.api.conftest import Business

ROOT = "http://hub"


async def test_process_is_alive_and_ready(bakery: Business) -> None:
    """No key is needed."""
    alive = await bakery.client.get(f"{ROOT}/health/live", headers={"authorization": ""})
    ready = await bakery.client.get(f"{ROOT}/health/ready", headers={"authorization": ""})

    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    assert ready.status_code == 200
    assert ready.json() == {"status": "ready", "database": "well", "redis": "off"}


async def test_without_its_database_a_process_is_not_ready(
    hub: Hub, bakery: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, and the part that is ill is named; the process is alive all the same."""

    async def unreachable(_: Any) -> None:
        raise Unavailable

    monkeypatch.setattr(hub.database, "read", unreachable)

    ready = await bakery.client.get(f"{ROOT}/health/ready")

    assert ready.status_code == 503
    assert ready.json() == {"status": "ill", "database": "ill", "redis": "off"}
    assert (await bakery.client.get(f"{ROOT}/health/live")).status_code == 200


async def test_with_its_storage_full_a_process_is_degraded(
    hub: Hub, bakery: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Still 200, because reads go on; a message is refused with a time to come back."""
    monkeypatch.setattr(type(hub.database), "trouble", FULL)

    ready = await bakery.client.get(f"{ROOT}/health/ready")
    sent = await bakery.client.post("/messages", json={"body": "hi", "visitor": {"visitorId": "v"}})

    assert ready.status_code == 200
    assert ready.json() == {"status": "degraded", "database": "full", "redis": "off"}
    assert (sent.status_code, sent.headers["retry-after"]) == (503, "5")
    assert sent.json()["error"] == "Storage is full, try again later"
    assert (await bakery.client.get("/messages")).json()["data"] == []


async def test_bare_address_leads_to_the_reference(bakery: Business) -> None:
    """Whoever types the host finds something."""
    reply = await bakery.client.get(f"{ROOT}/")

    assert (reply.status_code, reply.headers["location"]) == (302, "/docs")


async def test_figures_count_requests_by_route(bakery: Business) -> None:
    """The route is the path's template, so that ids make no series of their own."""
    await bakery.client.get("/messages/msg_00000000000000000000000000")

    figures = (await bakery.client.get(f"{ROOT}/metrics")).text

    route = "/api/v1/messages/{message_id}"
    assert f'hub_requests_total{{method="GET",route="{route}",status="404"}}' in figures
    assert f'hub_request_seconds_bucket{{le="0.005",route="{route}"}}' in figures
    assert 'hub_refused_total{reason="not_found"}' in figures


def test_unknown_methods_share_one_series() -> None:
    """A caller cannot fill the memory with words of its own."""
    metrics.request("BREW", "/coffee", 405, 0.1)

    assert b'{method="other",route="/coffee",status="405"}' in metrics.exposition()
