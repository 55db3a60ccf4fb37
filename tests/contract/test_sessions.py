"""Visitor sessions: one open row per key and visitor, a new one after 30 days of silence."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from hub.store import tables
from tests.support.app import Api

VISITOR = {"visitorId": "v_1"}


async def write(api: Api, **body: Any) -> httpx.Response:
    """Send a message of the visitor."""
    reply = await api.server.post("/messages", json={"body": "hi", "visitor": VISITOR, **body})
    assert reply.status_code == 200, reply.text
    return reply


async def fall_silent(api: Api, silence: timedelta) -> None:
    """Let the visitor's last call be so long ago."""
    await api.change(tables.visitor_session, last_seen_at=datetime.now(UTC) - silence)


async def test_a_visitor_who_comes_back_in_time_goes_on(api: Api) -> None:
    """29 days and 23 hours of silence leave the session open."""
    first = await write(api)
    await fall_silent(api, timedelta(days=29, hours=23))

    again = await write(api)

    assert again.json()["sessionId"] == first.json()["sessionId"]
    assert (await api.session_of(again))["messageCount"] == 2


async def test_thirty_days_of_silence_end_a_session_and_delete_nothing(api: Api) -> None:
    """The next message opens a new session of the same person; the old one keeps its count."""
    first = await write(api)
    await fall_silent(api, timedelta(days=30, minutes=1))

    again = await write(api)

    assert again.json()["sessionId"] != first.json()["sessionId"]
    for name in ("visitorId", "customerId", "conversationId"):
        assert again.json()[name] == first.json()[name]
    old, new = await api.session_of(first), await api.session_of(again)
    assert (old["messageCount"], new["messageCount"]) == (1, 1)
    assert old["lastSeenAt"] < new["firstSeenAt"]


async def test_the_window_rolls_with_each_call(api: Api) -> None:
    """Twice 20 days of silence with a message between is no end."""
    first = await write(api)
    for _ in range(2):
        await fall_silent(api, timedelta(days=20))
        last = await write(api)

    assert last.json()["sessionId"] == first.json()["sessionId"]


async def test_the_first_message_after_the_silence_brings_its_own_referer(api: Api) -> None:
    """A new session has the landing page of its own first call."""
    await write(api, visitor={**VISITOR, "path": "/old"})
    await fall_silent(api, timedelta(days=31))

    session = await api.session_of(await write(api, visitor={**VISITOR, "path": "/new"}))

    assert session["landingPath"] == "/new"


async def test_a_visitor_has_one_session_per_key(api: Api) -> None:
    """The same visitor id under another key is another browser's session."""
    other = await api.hub.keys.create(api.business.id, "server", "other")
    theirs = await api.client({"Authorization": f"Bearer {other.plaintext}"}).post(
        "/messages", json={"body": "hi", "visitor": VISITOR}
    )

    assert theirs.json()["sessionId"] != (await write(api)).json()["sessionId"]


async def test_a_rotated_key_keeps_its_sessions(api: Api) -> None:
    """Rotation changes the secret of the same key, so the visitor goes on in its session."""
    first = await write(api)
    (key,) = [k for k in await api.hub.keys.all(api.business.id) if k.kind == "server"]
    fresh = await api.hub.keys.rotate(api.business.id, key.id)

    again = await api.client({"Authorization": f"Bearer {fresh.plaintext}"}).post(
        "/messages", json={"body": "hi", "visitor": VISITOR}
    )

    assert again.json()["sessionId"] == first.json()["sessionId"]


async def test_a_reply_does_not_wake_a_silent_session(api: Api) -> None:
    """An outbound message belongs to the last session, however long ago, and changes no time."""
    first = await write(api)
    await fall_silent(api, timedelta(days=40))
    before = await api.session_of(first)

    reply = await write(
        api, direction="outbound", visitor={}, customerId=first.json()["customerId"]
    )

    after = await api.session_of(first)
    assert reply.json()["sessionId"] == first.json()["sessionId"]
    assert (after["lastSeenAt"], after["messageCount"]) == (before["lastSeenAt"], 2)


async def test_a_session_goes_to_whoever_wrote_last(api: Api) -> None:
    """The visitor of one customer writes as another one who is known: the session is theirs now."""
    known, other = ({"phoneE164": f"+491511234567{digit}"} for digit in (1, 2))
    await write(api, customer=known, visitor={"visitorId": "v_2"})
    begun = await write(api, customer=other)

    again = await write(api, customer=known)

    assert again.json()["sessionId"] == begun.json()["sessionId"]
    assert again.json()["customerId"] != begun.json()["customerId"]
    assert (await api.session_of(again))["customerId"] == again.json()["customerId"]
