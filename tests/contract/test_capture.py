"""The table of what is captured per visitor, row by row."""

from typing import Any

import httpx
import pytest

from hub.store import tables
from tests.support.app import Api, MakeApi

VISITOR = {
    "visitorId": "v_1",
    "externalUserId": "u_42",
    "externalEmail": "jane@example.com",
    "externalName": "Jane Doe",
    "path": "/pricing",
    "referer": "https://google.com/",
}
FIELDS = {
    *("id", "keyId", "visitorId", "customerId", "conversationId", "ipAddress", "userAgent"),
    *("referer", "landingPath", "countryCode", "city", "externalUserId", "externalEmail"),
    *("externalName", "verified", "messageCount", "firstSeenAt", "lastSeenAt"),
}


async def visit(api: Api, headers: dict[str, str] | None = None, **visitor: Any) -> httpx.Response:
    """Send one message of a visitor with the server key."""
    body = {"body": "hi", "visitor": {"visitorId": "v_1", **visitor}}
    reply = await api.server.post("/messages", json=body, headers=headers)
    assert reply.status_code == 200, reply.text
    return reply


async def test_a_session_has_every_field_of_the_table(api: Api) -> None:
    """All rows are there: what the call told, and null for what the worker adds later."""
    reply = await visit(api, {"User-Agent": "Browser/1"}, **VISITOR)

    session = await api.session_of(reply)

    assert set(session) == FIELDS
    kept = {name: session[name] for name in FIELDS if not name.endswith(("Id", "At", "id"))}
    assert kept == {
        "ipAddress": "198.51.100.7",
        "userAgent": "Browser/1",
        "referer": "https://google.com/",
        "landingPath": "/pricing",
        "countryCode": None,
        "city": None,
        "externalEmail": "jane@example.com",
        "externalName": "Jane Doe",
        "verified": True,
        "messageCount": 1,
    }
    assert (session["visitorId"], session["externalUserId"]) == ("v_1", "u_42")


async def test_the_user_agent_is_cut_to_500_characters(api: Api) -> None:
    """A longer one keeps its beginning; none at all is null."""
    long = await api.session_of(await visit(api, {"User-Agent": "a" * 499 + "bc"}))

    assert long["userAgent"] == "a" * 499 + "b"


async def test_a_missing_user_agent_is_null(api: Api) -> None:
    """The latest inbound call decides: an agent that is no longer sent is not kept."""
    await visit(api, {"User-Agent": "Browser/1"})
    del api.server.headers["User-Agent"]

    assert (await api.session_of(await visit(api)))["userAgent"] is None


async def test_referer_and_landing_path_are_the_first_that_came(api: Api) -> None:
    """Later pages change neither; a first call without them leaves the place open."""
    await visit(api)
    await visit(api, path="/pricing", referer="https://google.com/")
    session = await api.session_of(await visit(api, path="/about", referer="https://bing.com/"))

    assert (session["landingPath"], session["referer"]) == ("/pricing", "https://google.com/")


async def test_the_address_is_the_latest_callers(api: Api) -> None:
    """The socket's peer is kept verbatim, and a forwarded address is hearsay without a proxy."""
    hearsay = {"X-Forwarded-For": "203.0.113.9"}
    first = await api.session_of(await visit(api, hearsay))
    mobile = api.client(api.business.bearer, peer=("2001:db8::1", 1))
    reply = await mobile.post(
        "/messages", json={"body": "hi", "visitor": {"visitorId": "v_1"}}, headers=hearsay
    )

    assert first["ipAddress"] == "198.51.100.7"
    assert (await api.session_of(reply))["ipAddress"] == "2001:db8::1"


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("1.2.3.4, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 198.51.100.200", "203.0.113.9"),
        ("rubbish", "198.51.100.7"),
    ],
)
async def test_the_address_is_the_one_that_trusted_proxies_vouch_for(
    make_api: MakeApi, forwarded: str, address: str
) -> None:
    """Hops are believed from the right, as long as they are proxies of ours."""
    api = await make_api(trusted_proxies=("198.51.100.0/24",))

    session = await api.session_of(await visit(api, {"X-Forwarded-For": forwarded}))

    assert session["ipAddress"] == address


async def test_the_count_is_that_of_the_stored_messages(api: Api) -> None:
    """Every stored message counts once, in and out; a repeat and a refusal count nothing."""
    reply = await visit(api)
    for number in (1, 1, 2):
        await api.server.post(
            "/messages",
            json={
                "body": "hi",
                "visitor": {"visitorId": "v_1"},
                "providerMessageId": f"p{number}",
            },
        )
    await api.server.post("/messages", json={"body": "", "visitor": {"visitorId": "v_1"}})
    await api.server.post(
        "/messages",
        json={"body": "ho", "direction": "outbound", "customerId": reply.json()["customerId"]},
    )

    assert (await api.session_of(reply))["messageCount"] == await api.count(tables.message) == 4


async def test_each_message_is_one_line_of_the_event_log(api: Api) -> None:
    """`widget_event` gets a row per stored message, with the page it came from, and keeps it."""
    reply = await visit(api, path="/a")
    await visit(api, path="/b")

    logged = [(row.kind, row.path) for row in await api.rows(tables.widget_event)]
    await visit(api, path="/c")

    assert logged == [("message", "/a"), ("message", "/b")]
    assert await api.count(tables.widget_event) == 3
    assert (await api.session_of(reply))["messageCount"] == 3


async def test_what_a_browser_says_about_its_user_is_not_verified(api: Api) -> None:
    """A widget's session keeps the externals, marked as unproved."""
    reply = await api.widget.post("/widget/messages", json={"body": "hi", "visitor": VISITOR})

    session = await api.session_of(reply)

    assert session["verified"] is False
    assert (session["externalUserId"], session["externalName"]) == ("u_42", "Jane Doe")


async def test_the_legacy_secret_has_no_key_to_name(api: Api) -> None:
    """A session begun over `/ingest` with the secret has `keyId` null."""
    body = {"body": "hi", "visitor": {"visitorId": "v_1"}}
    by_secret = await api.legacy.post("/ingest", json=body)
    by_key = await api.server.post("/ingest", json=body)

    assert (await api.session_of(by_secret))["keyId"] is None
    assert (await api.session_of(by_key))["keyId"].startswith("key_")
