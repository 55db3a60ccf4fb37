"""What the read side answers, on either store."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub import ids
from hub.services.hub import Hub
from tests.hub.api.conftest import Business

JANE = {"phoneE164": "+15551234567", "displayName": "Jane"}
BAD_FILTERS: list[tuple[str, dict[str, Any]]] = [
    ("/messages", {"limit": 0}),
    ("/messages", {"limit": 101}),
    ("/messages", {"limit": "many"}),
    ("/messages", {"cursor": "nonsense"}),
    ("/messages", {"cursor": "=" * 22}),
    ("/messages", {"direction": "sideways"}),
    ("/messages", {"customerId": "msg_01kb3e9v5hf0zt3tbwq6s1m8nd"}),
    ("/messages", {"conversationId": "42"}),
    ("/messages", {"since": "yesterday"}),
    ("/messages", {"since": "2026-01-31T12:00:00"}),
    ("/messages", {"channel": "\0"}),
    ("/customers", {"phoneE164": "555"}),
    ("/customers", {"email": ""}),
    ("/customers", {"q": "a" * 201}),
    ("/conversations", {"status": "lost"}),
    ("/conversations", {"status": "null"}),
    ("/messages", {"since": "null"}),
    ("/messages", {"since": "1769860800"}),
    ("/sessions", {"keyId": "key_"}),
    ("/events", {"type": "message.exploded"}),
]
RESOURCES = {"messages": "msg", "customers": "cus", "conversations": "con", "sessions": "vs"}


async def test_key_is_told_whose_it_is(bakery: Business) -> None:
    """The credential test of every integration."""
    me = await bakery.get("/me")

    assert me["ok"] is True
    assert (me["organization"]["slug"], me["organization"]["name"]) == ("bakery", "Bakery")
    assert (me["key"]["kind"], me["key"]["label"]) == ("server", "tests")
    assert me["key"]["prefix"] == bakery.key.prefix
    assert me["limits"] == {"perMinute": 10_000, "readsPerMinute": 10_000}
    assert me["apiVersion"] == "v1"


async def test_message_is_flat_and_complete(bakery: Business) -> None:
    """Everything is present, also what is unknown; its customer is in it."""
    place = await bakery.say("hi", customer=JANE, providerMessageId="p1")

    message = await bakery.get(f"/messages/{place['id']}")

    customer = message.pop("customer")
    moments = [message.pop(name) for name in ("occurredAt", "createdAt", "updatedAt")]
    assert message == {
        "id": place["id"],
        "conversationId": place["conversationId"],
        "customerId": place["customerId"],
        "sessionId": place["sessionId"],
        "direction": "inbound",
        "channel": "api",
        "type": "text",
        "body": "hi",
        "status": "received",
        "error": None,
        "providerMessageId": "p1",
        "attachments": [],
        "reactions": [],
        "replyToId": None,
        "author": {"kind": "customer", "name": "Jane"},
        "seq": 1,
    }
    assert all(datetime.fromisoformat(moment).tzinfo == UTC for moment in moments)
    assert all(len(moment) == len("2026-01-31T12:00:00.000Z") for moment in moments)
    assert customer == await bakery.get(f"/customers/{place['customerId']}")
    assert (customer["phoneE164"], customer["displayName"]) == ("+15551234567", "Jane")
    assert customer["lastMessageAt"] == moments[1]
    assert customer["whatsapp"] is None


async def test_reply_of_the_business_is_outbound(bakery: Business) -> None:
    """It is the API's word, not the customer's, and counts on in the conversation."""
    place = await bakery.say("hi", customer=JANE)
    reply = await bakery.say("hello", direction="outbound", customerId=place["customerId"])

    message = await bakery.get(f"/messages/{reply['id']}")

    assert (message["direction"], message["status"], message["seq"]) == ("outbound", "sent", 2)
    assert message["author"] == {"kind": "api", "name": None}
    assert message["conversationId"] == place["conversationId"]


async def test_pages_hold_everything_once_newest_first(bakery: Business) -> None:
    """Also when messages arrive while somebody pages."""
    sent = [(await bakery.say(str(number)))["id"] for number in range(7)]
    seen: list[str] = []
    cursor: dict[str, str] = {}

    for _ in range(4):
        page = await bakery.get("/messages", limit=2, **cursor)
        seen += [message["id"] for message in page["data"]]
        await bakery.say("meanwhile")
        cursor = {"cursor": page["nextCursor"]}

    assert page["nextCursor"] is None
    assert seen == sent[::-1]


async def test_messages_are_filtered(bakery: Business) -> None:
    """Every condition has to hold."""
    one = await bakery.say("one", customer=JANE)
    before = datetime.now(UTC)
    two = await bakery.say("two", visitor={"visitorId": "v2"})
    out = await bakery.say("out", direction="outbound", conversationId=two["conversationId"])

    async def found(**query: Any) -> list[str]:
        return [message["id"] for message in (await bakery.get("/messages", **query))["data"]]

    assert await found() == [out["id"], two["id"], one["id"]]
    assert await found(direction="outbound") == [out["id"]]
    assert await found(channel="widget") == []
    assert await found(customerId=one["customerId"]) == [one["id"]]
    assert await found(conversationId=two["conversationId"]) == [out["id"], two["id"]]
    assert await found(conversationId=two["conversationId"], direction="inbound") == [two["id"]]
    assert await found(since=before.isoformat()) == [out["id"], two["id"]]
    assert await found(since=(before + timedelta(hours=1)).isoformat()) == []


async def test_bad_filter_is_named(bakery: Business) -> None:
    """400 and the parameter's name, with a sentence."""
    for path, query in BAD_FILTERS:
        status, problem = await bakery.refused(path, **query)
        assert (status, problem["error"]) == (400, "Validation failed"), query
        assert list(problem["details"]["fieldErrors"]) == list(query)


async def test_what_is_another_business_s_is_not_there(bakery: Business, florist: Business) -> None:
    """Its ids answer as ids that never were, alone and as filters."""
    place = await bakery.say("hi", customer=JANE)
    theirs = {
        "messages": place["id"],
        "customers": place["customerId"],
        "conversations": place["conversationId"],
        "sessions": place["sessionId"],
    }

    for resource, kind in RESOURCES.items():
        never = ids.wire(kind, ids.new())
        refusals = [
            await florist.refused(f"/{resource}/{name}") for name in (theirs[resource], never, "x")
        ]
        assert refusals == [(404, {"error": "Not found"})] * 3
        assert (await florist.get(f"/{resource}"))["data"] == []
    for query in ({"customerId": place["customerId"]}, {"conversationId": place["conversationId"]}):
        assert (await florist.get("/messages", **query))["data"] == []
    assert (await florist.get("/customers", phoneE164="+15551234567"))["data"] == []
    assert (await florist.get("/events"))["data"] == []
    change = await florist.client.patch(
        f"/conversations/{place['conversationId']}", json={"status": "closed"}
    )
    assert change.status_code == 404


async def test_conversation_is_closed_and_opened_again(bakery: Business) -> None:
    """Each change leaves one event; the customer's next message opens it as well."""
    place = await bakery.say("hi", customer=JANE)
    path = f"/conversations/{place['conversationId']}"

    async def change(status: str) -> Any:
        reply = await bakery.client.patch(path, json={"status": status})
        assert reply.status_code == 200, reply.text
        return reply.json()

    closed = await change("closed")
    await change("closed")
    await change("pending")
    await change("open")
    await change("closed")
    await bakery.say("hi again", customer=JANE)

    assert (closed["ok"], closed["id"], closed["status"]) == (
        True,
        place["conversationId"],
        "closed",
    )
    assert (await bakery.get(path))["status"] == "open"
    assert [name for name in await bakery.events() if name.startswith("conversation")] == [
        "conversation.created",
        "conversation.closed",
        "conversation.reopened",
        "conversation.closed",
        "conversation.reopened",
    ]


async def test_conversations_are_filtered(bakery: Business) -> None:
    """By status and by customer."""
    one = await bakery.say("one", customer=JANE)
    two = await bakery.say("two", visitor={"visitorId": "v2"})
    await bakery.client.patch(f"/conversations/{one['conversationId']}", json={"status": "closed"})

    async def found(**query: Any) -> list[str]:
        return [item["id"] for item in (await bakery.get("/conversations", **query))["data"]]

    assert await found() == [two["conversationId"], one["conversationId"]]
    assert await found(status="closed") == [one["conversationId"]]
    assert await found(customerId=two["customerId"]) == [two["conversationId"]]


@pytest.mark.parametrize("body", [{"status": "gone"}, {"status": None}, {}])
async def test_conversation_takes_only_its_statuses(bakery: Business, body: Any) -> None:
    """The field is named."""
    place = await bakery.say()

    reply = await bakery.client.patch(f"/conversations/{place['conversationId']}", json=body)

    assert (reply.status_code, list(reply.json()["details"]["fieldErrors"])) == (400, ["status"])


async def test_session_holds_every_field_that_is_captured(bakery: Business) -> None:
    """The table of the API reference, and whose session it is."""
    visitor = {
        "visitorId": "v1",
        "externalUserId": "u_42",
        "externalEmail": "jane@example.com",
        "externalName": "Jane",
        "path": "/pricing",
        "referer": "https://www.example.com/",
    }
    place = await bakery.say("hi", visitor=visitor)
    await bakery.say("again", visitor=visitor)

    session = await bakery.get(f"/sessions/{place['sessionId']}")

    moments = [session.pop("firstSeenAt"), session.pop("lastSeenAt")]
    assert moments == sorted(moments)
    assert session == {
        "id": place["sessionId"],
        "keyId": ids.wire("key", bakery.key.id),
        "visitorId": "v1",
        "customerId": place["customerId"],
        "conversationId": place["conversationId"],
        "ipAddress": "127.0.0.1",
        "userAgent": bakery.client.headers["user-agent"],
        "referer": "https://www.example.com/",
        "landingPath": "/pricing",
        "countryCode": None,
        "city": None,
        "externalUserId": "u_42",
        "externalEmail": "jane@example.com",
        "externalName": "Jane",
        "verified": True,
        "messageCount": 2,
    }


async def test_sessions_are_filtered(bakery: Business) -> None:
    """By visitor, customer, key and time of first sight."""
    one = await bakery.say(visitor={"visitorId": "v1"})
    two = await bakery.say(visitor={"visitorId": "v2"})

    async def found(**query: Any) -> list[str]:
        return [session["id"] for session in (await bakery.get("/sessions", **query))["data"]]

    assert await found() == [two["sessionId"], one["sessionId"]]
    assert await found(visitorId="v1") == [one["sessionId"]]
    assert await found(customerId=two["customerId"]) == [two["sessionId"]]
    assert await found(keyId=ids.wire("key", bakery.key.id)) == [two["sessionId"], one["sessionId"]]
    assert await found(keyId=ids.wire("key", ids.new())) == []
    assert await found(since="2100-01-01T00:00:00Z") == []


@pytest.mark.parametrize("path", ["/me", "/messages", "/customers", "/events", "/event-types"])
async def test_reading_needs_a_server_key(hub: Hub, bakery: Business, path: str) -> None:
    """No key is 401, a widget's is 403; an answer tells the limit."""
    widget = await hub.keys.create(
        bakery.organization.id, "widget", "w", ["https://www.example.com"]
    )

    without = await bakery.client.get(path, headers={"authorization": ""})
    wrong = await bakery.client.get(path, headers={"authorization": f"Bearer {widget.plaintext}"})
    right = await bakery.client.get(path)

    assert without.status_code == 401
    assert without.json()["error"] == "Invalid or revoked API key"
    assert wrong.status_code == 403
    assert wrong.json()["error"] == "This endpoint requires a server key"
    assert right.headers["x-ratelimit-limit"] == "10000"
