"""The sample calls of the API reference, sent as they stand there."""

import re
from typing import Any

import httpx

from hub.store import tables
from tests.contract.reference import documented
from tests.support.app import Api

CURL = (
    b'{\n"body": "hi from curl",\n"direction": "inbound",\n'
    b'"customer": { "phoneE164": "+15551234567", "displayName": "Curl Test" }\n}'
)
FULL = {
    "direction": "inbound",
    "body": "Hi, do you ship to Canada?",
    "providerMessageId": "site-msg-abc123",
    "customer": {"phoneE164": "+15551234567", "displayName": "Jane Doe"},
    "visitor": {
        "visitorId": "v_browser_or_session_id",
        "externalUserId": "u_42",
        "externalEmail": "jane@example.com",
        "externalName": "Jane Doe",
        "path": "/pricing",
        "referer": "https://google.com/",
    },
}
IDENTITIES: list[dict[str, Any]] = [
    {"customer": {"phoneE164": "+15551234567"}},
    {"visitor": {"externalUserId": "u_42"}},
    {"visitor": {"externalEmail": "jane@example.com"}},
    {"visitor": {"visitorId": "v_1"}},
]
KINDS = {"id": "msg_", "customerId": "cus_", "sessionId": "vs_"}


def assert_stored(reply: httpx.Response) -> None:
    """The 200 of the reference: its keys, and ids that carry their kind."""
    body = documented(reply.json())
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
    assert set(body) == {"ok", "id", "customerId", "sessionId", "visitorId"}
    assert body["ok"] is True
    for name, kind in KINDS.items():
        assert re.fullmatch(kind + "[0-7][0-9a-hjkmnp-tv-z]{25}", body[name]), body


async def test_the_smoke_test_of_the_reference(api: Api) -> None:
    """The first curl line stores a message under the name and phone it gives."""
    reply = await api.server.post(
        "/messages", content=CURL, headers={"Content-Type": "application/json"}
    )

    assert_stored(reply)
    stored = await api.message_of(reply)
    assert (stored["body"], stored["direction"]) == ("hi from curl", "inbound")
    assert (stored["customer"]["displayName"], stored["customer"]["phoneE164"]) == (
        "Curl Test",
        "+15551234567",
    )


async def test_the_whole_body_of_the_reference(api: Api) -> None:
    """Every field of the documented body is taken and can be read again."""
    reply = await api.server.post("/messages", json=FULL)

    assert_stored(reply)
    assert reply.json()["visitorId"] == "v_browser_or_session_id"
    stored, session = await api.message_of(reply), await api.session_of(reply)
    customer = stored["customer"]
    assert (stored["body"], stored["providerMessageId"]) == (FULL["body"], "site-msg-abc123")
    assert [customer[name] for name in ("displayName", "phoneE164", "email", "externalUserId")] == [
        "Jane Doe",
        "+15551234567",
        "jane@example.com",
        "u_42",
    ]
    assert (session["referer"], session["landingPath"]) == ("https://google.com/", "/pricing")


async def test_the_code_sample_of_the_reference(api: Api) -> None:
    """A customer known by phone alone is enough, and direction is inbound."""
    body = {"body": "Hi, do you ship to Canada?", "customer": {"phoneE164": "+15551234567"}}

    reply = await api.server.post("/messages", json=body)

    assert_stored(reply)
    assert (await api.message_of(reply))["direction"] == "inbound"


async def test_each_of_the_four_identities_is_enough(api: Api) -> None:
    """Phone, external id, e-mail or visitor: one of them, and each makes a session."""
    for identity in IDENTITIES:
        assert_stored(await api.server.post("/messages", json={"body": "hi", **identity}))


async def test_a_caller_without_a_visitor_gets_a_stable_one(api: Api) -> None:
    """The visitor id is derived from the strongest identity, so a second message has the same."""
    for identity in IDENTITIES[:3]:
        replies = [
            await api.server.post("/messages", json={"body": "hi", **identity}) for _ in range(2)
        ]
        first, second = (reply.json() for reply in replies)
        assert first["visitorId"]
        assert (first["visitorId"], first["sessionId"]) == (
            second["visitorId"],
            second["sessionId"],
        )


async def test_a_repeat_is_told_as_a_duplicate_with_its_id(api: Api) -> None:
    """The idempotent retry of the reference: 200, `duplicate`, the id of the first time."""
    first = await api.server.post("/messages", json=FULL)
    again = await api.server.post("/messages", json=FULL)

    assert (again.status_code, documented(again.json())) == (
        200,
        {**documented(first.json()), "duplicate": True},
    )
    assert await api.count(tables.message) == 1


async def test_the_widget_call_of_the_reference(api: Api) -> None:
    """A browser with its key and origin sends for its visitor."""
    body = {"body": "hi", "visitor": {"visitorId": "v_1", "path": "/", "referer": ""}}

    reply = await api.widget.post("/widget/messages", json=body)

    assert_stored(reply)
    assert reply.json()["visitorId"] == "v_1"


async def test_in_app_identity_shows_its_name(api: Api) -> None:
    """What the host's page tells about its user names the visitor's customer."""
    visitor = {
        "visitorId": "v_1",
        "externalUserId": "u_42",
        "externalEmail": "jane@acme.com",
        "externalName": "Jane Doe",
    }

    reply = await api.widget.post("/widget/messages", json={"body": "hi", "visitor": visitor})

    customer = (await api.message_of(reply))["customer"]
    assert (customer["displayName"], customer["email"]) == ("Jane Doe", "jane@acme.com")


async def test_the_legacy_endpoint_takes_both_proofs(api: Api) -> None:
    """`/ingest` works with organization and secret, and with a server key."""
    for client in (api.legacy, api.server):
        assert_stored(await client.post("/ingest", json={"body": "hi", **IDENTITIES[0]}))


async def test_one_source_for_both_endpoints(api: Api) -> None:
    """An id that was sent to `/ingest` is a repeat on `/messages`: callers migrate in between."""
    first = await api.legacy.post("/ingest", json=FULL)
    again = await api.server.post("/messages", json=FULL)

    assert again.json() == {**first.json(), "duplicate": True}
