"""A message that goes past its lane is answered as one that takes it."""

from typing import Any

import httpx
import pytest

from tests.support.app import Api

MESSAGE = {"body": "hi", "customer": {"phoneE164": "+15551234567"}, "providerMessageId": "m1"}
CHANGING = {"requestId", "duplicate"}


def shape(reply: httpx.Response) -> tuple[int, list[tuple[str, str]], dict[str, Any]]:
    """Return status, headers and body, without what differs from call to call."""
    changing = {"x-request-id", "content-length", "x-ratelimit-remaining", "x-ratelimit-reset"}
    headers = [
        (name, "" if name in changing else value) for name, value in reply.headers.multi_items()
    ]
    body = reply.json()
    return reply.status_code, headers, {k: v for k, v in body.items() if k not in CHANGING}


@pytest.mark.parametrize("channel", ["server", "widget", "legacy"])
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"json": MESSAGE}, 200),
        ({"json": {**MESSAGE, "body": 3}}, 400),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"content": b"{}", "headers": {"Content-Type": "text/plain"}}, 415),
        ({"content": b"x" * 70_000, "headers": {"Content-Type": "application/json"}}, 413),
        ({"json": MESSAGE, "headers": {"Authorization": "Bearer no"}}, 401),
    ],
)
async def test_a_slash_at_the_end_changes_nothing(
    api: Api, channel: str, sent: dict[str, Any], status: int
) -> None:
    """Litestar's way and the lane's: the same headers in the same order, the same body."""
    client: httpx.AsyncClient = getattr(api, channel)
    path = {"server": "/messages", "widget": "/widget/messages", "legacy": "/ingest"}[channel]
    if channel == "widget":
        sent = {**sent, "headers": {"X-Visitor": "v1.0123456789abcdef", **sent.get("headers", {})}}

    by_lane = await client.post(path, **sent)
    by_router = await client.post(f"{path}/", **sent)

    assert by_lane.status_code == status, by_lane.text
    assert shape(by_router) == shape(by_lane)


async def test_a_full_bucket_is_told_the_same_way(make_api: Any) -> None:
    """429 counts both ways together."""
    api: Api = await make_api(ingest_rate_per_min=2)

    replies = [await api.server.post(f"/messages{end}", json=MESSAGE) for end in ("", "/", "", "/")]

    assert [reply.status_code for reply in replies] == [200, 200, 429, 429]
    assert shape(replies[2]) == shape(replies[3])


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/messages", "/widget/messages", "/ingest"])
async def test_another_method_is_refused_in_our_shape(api: Api, method: str, path: str) -> None:
    """405 with the headers that every answer has, and no message."""
    reply = await api.server.request(method, path, json=MESSAGE)

    assert reply.status_code == 405
    assert reply.json()["error"] == "Method not allowed"
    assert reply.headers["x-request-id"] == reply.json()["requestId"]
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "POST" in reply.headers["allow"]
