"""What our answers hold beyond the API reference: all of it is listed here, and only here."""

from typing import Any

import httpx

from tests.contract.reference import DOCUMENTED
from tests.support.app import PEER, Api, MakeApi
from tests.support.riddles import added as added_riddle
from tests.support.riddles import send

BODY = {"body": "hi", "providerMessageId": "p1", "customer": {"phoneE164": "+15551234567"}}

ADDITIONS = {
    "stored": {"conversationId"},
    "repeat": {"conversationId"},
    "repeat with another body": {"conversationId", "bodyMatches"},
    "reply": {"conversationId", "status"},
    "400": {"requestId"},
    "401": {"requestId"},
    "403 wrong kind": {"requestId", "code"},
    "403 origin": {"requestId", "code"},
    "403 challenge": {"requestId", "code", "challenge"},
    "403 blocked": {"requestId", "code"},
    "404": {"requestId"},
    "405": {"requestId"},
    "413": {"requestId"},
    "415": {"requestId"},
    "429": {"requestId"},
}


def added(reply: httpx.Response) -> set[str]:
    """Return the keys of an answer that the reference does not know."""
    body: dict[str, Any] = reply.json()
    return set(body) - DOCUMENTED


async def answers(api: Api) -> dict[str, httpx.Response]:
    """Return one answer of every kind; the last of the five calls of `/messages` is too many."""
    server = api.server
    return {
        "stored": await server.post("/messages", json=BODY),
        "repeat": await server.post("/messages", json=BODY),
        "repeat with another body": await server.post("/messages", json={**BODY, "body": "ho"}),
        "reply": await server.post(
            "/messages", json={**BODY, "direction": "outbound", "providerMessageId": "p2"}
        ),
        "400": await server.post("/messages", json={}),
        "429": await server.post("/messages", json=BODY),
        "401": await api.anonymous.post("/messages", json=BODY),
        "403 wrong kind": await api.widget.post("/messages", json=BODY),
        "403 origin": await api.widget.post(
            "/widget/messages", json=BODY, headers={"Origin": "https://evil.example.com"}
        ),
        "403 challenge": await challenged(api),
        "403 blocked": await blocked(api),
        "404": await api.anonymous.post("/nothing"),
        "405": await server.put("/messages"),
        "413": await server.post("/ingest", json={**BODY, "padding": "x" * 65_536}),
        "415": await server.post("/ingest", data=BODY),
    }


async def challenged(api: Api) -> httpx.Response:
    """Return what a visitor is told of whom a proof is asked."""
    added_riddle(api)
    return await send(api)


async def blocked(api: Api) -> httpx.Response:
    """Return what a visitor is told whose network is kept out."""
    await api.hub.blocks.network(api.business.id, PEER[0], "abuse")
    return await send(api)


async def test_the_additions_to_the_reference_are_these(make_api: MakeApi) -> None:
    """Every kind of answer has the reference's keys and those of the list, no other."""
    api = await make_api(ingest_rate_per_min=5)

    replies = await answers(api)

    assert {kind: added(reply) for kind, reply in replies.items()} == ADDITIONS
    assert replies["repeat with another body"].json()["bodyMatches"] is False
    for kind, reply in replies.items():
        if kind[0].isdigit():
            assert reply.status_code == int(kind[:3])
            assert reply.json()["requestId"] == reply.headers["x-request-id"]
