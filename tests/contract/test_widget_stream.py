"""`GET /api/v1/widget/stream`: what a visitor sees, and who sees nothing."""

import asyncio
from typing import Any

from tests.support.app import Api
from tests.support.streams import following

SECRET = "s" * 22
OTHER = "t" * 22
VISITOR = f"v_1.{SECRET}"


async def write(api: Api, body: str, visitor: str = VISITOR, **more: Any) -> dict[str, Any]:
    """Let a visitor write; return the answer."""
    sent = {"body": body, **more}
    reply = await api.widget.post("/widget/messages", json=sent, headers={"X-Visitor": visitor})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def answer(api: Api, to: dict[str, Any], body: str) -> dict[str, Any]:
    """Let the business answer in a visitor's conversation; return the answer of the call."""
    sent = {"direction": "outbound", "conversationId": to["conversationId"], "body": body}
    reply = await api.server.post("/messages", json=sent)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def test_history_comes_first_and_then_what_is_new(api: Api) -> None:
    """The config, what was said before, and a reply as soon as it is stored."""
    first = await write(api, "Hello", providerMessageId="m-1")
    async with following(api, VISITOR) as events:
        await events.count(1)
        await answer(api, first, "Good morning")
        await events.count(2)

    assert events.all[0] == {"type": "config"}
    mine, reply = events.messages
    assert {name: mine[name] for name in ("seq", "id", "cid", "from", "body")} == {
        "seq": 1,
        "id": first["id"],
        "cid": "m-1",
        "from": "visitor",
        "body": "Hello",
    }
    assert (reply["from"], reply["body"], reply["seq"]) == ("operator", "Good morning", 2)
    assert "cid" not in reply
    assert events.ids == [1, 2]


async def test_a_stream_that_came_before_the_first_message_sees_it(api: Api) -> None:
    """The panel is open before anything was written: the echo of the first message comes."""
    async with following(api, VISITOR) as events:
        await asyncio.sleep(0.1)
        await write(api, "Hello")
        await events.count(1, 1)

    assert events.bodies == ["Hello"]
