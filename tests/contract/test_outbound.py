"""Replies: stored, counted, sent where the customer last wrote, and no trace of a visitor."""

from typing import Any

import httpx

from hub.worker import Worker
from tests.support.app import Api, unknown_id

PERSON = {"phoneE164": "+15551234567"}
TOLD = ("ipAddress", "userAgent", "referer", "landingPath", "lastSeenAt", "externalName")


async def reply_to(api: Api, message: httpx.Response, **body: Any) -> httpx.Response:
    """Answer the customer of a message."""
    whole = {"body": "Yes!", "direction": "outbound", "customerId": message.json()["customerId"]}
    reply = await api.server.post(
        "/messages", json={**whole, **body}, headers={"User-Agent": "Backend/2"}
    )
    assert reply.status_code == 200, reply.text
    return reply


async def test_a_reply_joins_the_last_session_and_changes_nothing_else(api: Api) -> None:
    """Same conversation and session, counted; address, agent and pages stay the visitor's."""
    first = await api.send(visitor={"visitorId": "v_1", "path": "/a", "externalName": "Jane"})
    before = await api.session_of(first)

    reply = await reply_to(
        api, first, visitor={"path": "/b", "referer": "https://x.example", "externalName": "Joe"}
    )

    after = await api.session_of(first)
    for name in ("conversationId", "sessionId", "visitorId"):
        assert reply.json()[name] == first.json()[name]
    assert after["messageCount"] == 2
    assert {name: after[name] for name in TOLD} == {name: before[name] for name in TOLD}
    assert reply.json()["status"] == "sent"


async def test_a_reply_to_nobody_yet_begins_a_session(api: Api) -> None:
    """Who was never heard of gets a customer, a conversation and a first session."""
    reply = await api.send(direction="outbound")

    assert reply.status_code == 200
    assert (await api.session_of(reply))["messageCount"] == 1


async def test_a_reply_goes_where_the_customer_last_wrote(api: Api) -> None:
    """The widget's visitor is answered in the widget's conversation, not on the API's."""
    asked = await api.widget.post(
        "/widget/messages", json={"body": "hi", "visitor": {"visitorId": "v_1"}}
    )

    reply = await reply_to(api, asked)

    stored = await api.message_of(reply)
    assert reply.json()["conversationId"] == asked.json()["conversationId"]
    assert (stored["channel"], reply.json()["status"]) == ("widget", "queued")


async def test_the_channel_of_a_reply_can_be_chosen(api: Api) -> None:
    """`channel` overrides where the customer last wrote."""
    asked = await api.widget.post(
        "/widget/messages", json={"body": "hi", "visitor": {"visitorId": "v_1"}}
    )

    reply = await reply_to(api, asked, channel="api")

    assert reply.json()["conversationId"] != asked.json()["conversationId"]
    assert (await api.message_of(reply))["channel"] == "api"


async def test_a_conversation_can_be_addressed(api: Api) -> None:
    """`conversationId` stands in for an identity, and decides the channel."""
    asked = await api.widget.post(
        "/widget/messages", json={"body": "hi", "visitor": {"visitorId": "v_1"}}
    )
    body = {"body": "Yes!", "direction": "outbound"}

    reply = await api.server.post(
        "/messages", json={**body, "conversationId": asked.json()["conversationId"]}
    )

    assert reply.json()["conversationId"] == asked.json()["conversationId"]
    for name, kind in (("conversationId", "con"), ("customerId", "cus")):
        refused = await api.server.post("/messages", json={**body, name: unknown_id(kind)})
        assert (refused.status_code, list(refused.json()["details"]["fieldErrors"])) == (
            400,
            [name],
        )


async def test_a_queued_reply_becomes_sent_when_its_channel_took_it(lone_api: Api) -> None:
    """The worker hands it to the widget, once, and the message says so."""
    api = lone_api
    asked = await api.widget.post(
        "/widget/messages", json={"body": "hi", "visitor": {"visitorId": "v_1"}}
    )
    reply = await reply_to(api, asked)
    worker = Worker(api.hub)

    while await worker.step():
        pass

    assert (await api.message_of(reply))["status"] == "sent"


async def test_replies_count_on_in_the_conversation(api: Api) -> None:
    """`seq` has no gaps over both directions."""
    first = await api.send()
    sent = [first, await reply_to(api, first), await api.send(), await reply_to(api, first)]

    assert [(await api.message_of(message))["seq"] for message in sent] == [1, 2, 3, 4]


async def test_a_repeated_reply_is_one_message(api: Api) -> None:
    """Once means once for replies too, and the repeat tells the status."""
    first = await api.send()
    replies = [await reply_to(api, first, providerMessageId="r1") for _ in range(2)]

    assert replies[0].json()["id"] == replies[1].json()["id"]
    assert (replies[1].json()["duplicate"], replies[1].json()["status"]) == (True, "sent")
    assert (await api.session_of(first))["messageCount"] == 2
