"""Who is refused a visitor's stream, in which order, and what a stranger sees: nothing."""

import asyncio
import secrets
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from hub.api import audience
from hub.store import tables
from tests.support.app import ORIGIN, Api, MakeApi, bearer, make_business
from tests.support.streams import answer, following, write

SECRET = "s" * 22
OTHER = "t" * 22
VISITOR = f"v_1.{SECRET}"
PATHS = ("/widget/stream", "/widget/events")
FREE = {
    "failed_keys_per_min": 100_000,
    "widget_stream_rate_per_min": 100_000,
    "widget_event_rate_per_min": 100_000,
}


async def knock(api: Api, path: str, **headers: str | None) -> httpx.Response:
    """Ask for the stream, or send an event, as a browser on the page; None leaves a header out."""
    names = {"x_visitor": "X-Visitor"}
    sent = {**api.business.widget_headers, "X-Visitor": VISITOR}
    sent |= {names.get(name, name.title()): text for name, text in headers.items() if text}
    for name, text in headers.items():
        if text is None:
            del sent[names.get(name, name.title())]
    method = "GET" if path == PATHS[0] else "POST"
    body = None if method == "GET" else {"events": []}
    return await api.client(sent).request(method, path, json=body)


@pytest.mark.parametrize("path", PATHS)
async def test_refusals_come_in_the_one_order(make_api: MakeApi, path: str) -> None:
    """401, 403 of kind, of origin, of secret, then 429; the page can read what it may know."""
    api = await make_api(widget_stream_rate_per_min=1, widget_event_rate_per_min=1)
    await write(api, "Hello", VISITOR)
    if path == PATHS[0]:
        async with following(api, VISITOR) as events:
            assert events.status == 200
    else:
        assert (await knock(api, path)).status_code == 200
    bad = {"x_visitor": f"v_1.{OTHER}", "origin": "https://evil.example"}

    unknown = await knock(api, path, authorization="Bearer cwk_live_no", **bad)
    kind = await knock(api, path, authorization=f"Bearer {api.business.server_key}", **bad)
    origin = await knock(api, path, **bad)
    secret = await knock(api, path, x_visitor=f"v_1.{OTHER}")
    many = await knock(api, path)

    codes = [reply.json().get("code") for reply in (unknown, kind, origin, secret, many)]
    statuses = [reply.status_code for reply in (unknown, kind, origin, secret, many)]
    assert statuses == [401, 403, 403, 403, 429]
    assert codes == [
        *(None, "wrong_key_kind", "origin_not_allowed", "visitor_secret_mismatch", None),
    ]
    assert many.headers["x-ratelimit-limit"] == "1"
    assert int(many.headers["retry-after"]) >= 1
    for reply in (secret, many):
        assert reply.headers["access-control-allow-origin"] == ORIGIN
    assert "access-control-allow-origin" not in origin.headers


async def test_who_is_refused_for_good_is_told_to_stay_away(api: Api) -> None:
    """401 and 403 of the stream carry `Retry-After: 600`, and the page may read it."""
    await write(api, "Hello", VISITOR)
    dead = await knock(api, PATHS[0], authorization="Bearer cwk_live_no")
    wrong = await knock(api, PATHS[0], x_visitor=f"v_1.{OTHER}")

    assert [reply.headers["retry-after"] for reply in (dead, wrong)] == ["600", "600"]
    assert dead.headers["access-control-allow-origin"] == ORIGIN
    assert "Retry-After" in dead.headers["access-control-expose-headers"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "header", [None, "v_1", "v_1.", "v_1.short", f".{SECRET}", f"v 1.{SECRET}"]
)
async def test_a_name_without_a_secret_opens_nothing(
    api: Api, path: str, header: str | None
) -> None:
    """A missing, cut or unreadable proof is 403, whoever knows key and name."""
    await write(api, "Hello", VISITOR)

    reply = await knock(api, path, x_visitor=header)

    assert (reply.status_code, reply.json()["code"]) == (403, "visitor_secret_missing")


@pytest.mark.parametrize("guesses", [300, pytest.param(10_000, marks=pytest.mark.heavy)])
async def test_guesses_read_nothing(make_api: MakeApi, guesses: int) -> None:
    """So many secrets for a known name are as many refusals."""
    api = await make_api(**FREE)
    await write(api, "Hello", VISITOR)

    replies = [
        await knock(api, PATHS[0], x_visitor=f"v_1.{secrets.token_urlsafe(16)}")
        for _ in range(guesses)
    ]

    assert {reply.status_code for reply in replies} == {403}
    assert all("Hello" not in reply.text for reply in replies)


async def test_another_key_of_the_same_business_reads_nothing(api: Api) -> None:
    """A visitor belongs to the key that it came with: under another one the name is new."""
    await write(api, "Hello", VISITOR)
    other = await api.hub.keys.create(api.business.id, "widget", "other", [ORIGIN])
    stranger = await make_business(api.hub, f"{api.business.slug}-other")

    for key in (other.plaintext, stranger.widget_key):
        async with following(api, VISITOR, **bearer(key)) as events:
            await asyncio.sleep(0.2)
        assert (events.status, events.messages) == (200, [])


async def test_two_visitors_of_one_customer_see_their_own(api: Api) -> None:
    """That they are one person was never proved by a browser: neither reads the other's."""
    first = await write(api, "from one", VISITOR)
    (known,) = await api.rows(tables.customer_identity)
    twin = tables.customer_identity.insert().values({**known._mapping, "match_key": "v_2"})
    await api.hub.database.write(lambda c: c.execute(twin))
    second = await write(api, "from two", f"v_2.{OTHER}")
    await answer(api, second, "to the last")
    assert first["conversationId"] == second["conversationId"]
    seen: dict[str, Any] = {}
    read = {"events": [{"type": "read", "seq": 3}]}
    for visitor in (VISITOR, f"v_2.{OTHER}"):
        async with following(api, visitor) as events:
            await events.count(1)
            headers = {"X-Visitor": f"v_2.{OTHER}"}
            await api.widget.post("/widget/events", json=read, headers=headers)
            await asyncio.sleep(0.2)
        seen[visitor] = events.bodies
        assert bool(events.of("read")) == (visitor != VISITOR)

    assert seen == {VISITOR: ["from one"], f"v_2.{OTHER}": ["from two", "to the last"]}


async def test_what_was_said_before_the_secret_stays_unread(api: Api) -> None:
    """A visitor that came without a secret takes one, and reads from then on."""
    bare = {"body": "before", "visitor": {"visitorId": "v_1"}}
    assert (await api.widget.post("/widget/messages", json=bare)).status_code == 200
    async with following(api, VISITOR) as events:
        await asyncio.sleep(0.2)
        assert events.messages == []
        await api.change(tables.message, created_at=datetime(2020, 1, 1, tzinfo=UTC))
        after = await write(api, "after", VISITOR)
        await answer(api, after, "Good morning")
        await events.count(2)

    assert events.bodies == ["after", "Good morning"]


async def test_who_waited_for_a_name_that_another_took_is_sent_away(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two browsers claim a name before it wrote: the first message decides, the other ends."""
    monkeypatch.setattr(audience, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(audience, "UNSURE_SECONDS", 0.2)
    async with following(api, f"v_1.{OTHER}") as thief, following(api, VISITOR) as mine:
        await write(api, "Hello", VISITOR)
        await mine.count(1)
        await thief.until(lambda one: one.ended)

    assert thief.messages == []


async def test_a_reply_that_failed_is_not_shown(api: Api) -> None:
    """What the business was told is not delivered does not appear."""
    first = await write(api, "Hello", VISITOR)
    reply = await answer(api, first, "never sent")
    m = tables.message
    failed = m.update().where(m.c.body == "never sent", m.c.organization_id == api.business.id)
    await api.hub.database.write(lambda c: c.execute(failed.values(status="failed")))
    await answer(api, first, "sent")
    async with following(api, VISITOR) as events:
        await events.count(2)

    assert reply["ok"]
    assert events.bodies == ["Hello", "sent"]


@pytest.mark.parametrize("fate", ["revoked", "rotated", "expired", "origin taken away"])
async def test_open_streams_end_with_their_key(api: Api, fate: str) -> None:
    """Within 5 seconds; the next knock is refused."""
    (key,) = [k for k in await api.hub.keys.all(api.business.id) if k.kind == "widget"]
    k, now = tables.api_key, datetime.now(UTC)
    mine = k.update().where(k.c.id == key.id)
    async with following(api, VISITOR) as events:
        if fate == "revoked":
            await api.hub.keys.revoke(api.business.id, key.id)
        elif fate == "rotated":
            await api.hub.keys.rotate(api.business.id, key.id)
        else:
            change = {"expires_at": now} if fate == "expired" else {"allowed_origins": []}
            await api.hub.database.write(lambda c: c.execute(mine.values(**change)))
        await events.until(lambda one: one.ended, 5)

    assert (await knock(api, PATHS[0])).status_code in {401, 403}


async def test_the_preflight_of_both_is_answered(api: Api) -> None:
    """A browser may send the headers that the stream needs."""
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization,x-visitor,last-event-id",
    }
    for path in PATHS:
        reply = await api.client(asked).request("OPTIONS", path)
        assert (reply.status_code, reply.headers["access-control-allow-origin"]) == (204, ORIGIN)
        assert "last-event-id" in reply.headers["access-control-allow-headers"]
        assert "GET" in reply.headers["access-control-allow-methods"]
