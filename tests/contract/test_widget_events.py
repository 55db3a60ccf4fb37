"""`POST /api/v1/widget/events`, and what a stream notes: what visitors do and have seen."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from hub.accept import statuses
from hub.contracts import Outbound, Sent
from hub.events.live import Hint
from hub.ids import parse
from hub.store import tables
from tests.support.app import Api
from tests.support.streams import answer, following, write

SECRET = "s" * 22
OTHER = "t" * 22
VISITOR = f"v_1.{SECRET}"


async def tell(api: Api, *events: dict[str, Any], visitor: str = VISITOR) -> httpx.Response:
    """Send what a visitor did."""
    body = {"events": list(events)}
    return await api.widget.post("/widget/events", json=body, headers={"X-Visitor": visitor})


async def status_of(api: Api, reply: dict[str, Any]) -> str:
    """Return the status of a message."""
    status: str = (await api.server.get(f"/messages/{reply['id']}")).json()["status"]
    return status


async def becomes(api: Api, reply: dict[str, Any], status: str) -> None:
    """Return when a message has the status."""
    async with asyncio.timeout(5):
        while await status_of(api, reply) != status:  # noqa: ASYNC110 - no event is set
            await asyncio.sleep(0.02)


async def logged(api: Api) -> list[tuple[str, str | None]]:
    """Return kind and path of what the session's log holds."""
    return [(row.kind, row.path) for row in await api.rows(tables.widget_event)]


async def test_what_a_visitor_does_goes_into_its_log(api: Api) -> None:
    """In its order, with the page, beside the messages; typing is kept nowhere."""
    await write(api, "Hello", VISITOR)
    done = [
        {"type": "opened", "path": "/pricing"},
        {"type": "typing"},
        {"type": "read", "seq": 1},
        {"type": "closed"},
    ]

    reply = await tell(api, *done)

    assert (reply.status_code, reply.json()) == (200, {"ok": True})
    assert reply.headers["x-ratelimit-limit"] == "240"
    assert sorted(await logged(api), key=str) == sorted(
        [("message", None), ("opened", "/pricing"), ("read", None), ("closed", None)], key=str
    )


async def test_reading_makes_replies_read(api: Api) -> None:
    """Up to the number, and not beyond; each change is an event; a repeat changes nothing."""
    first = await write(api, "Hello", VISITOR)
    replies = [await answer(api, first, body) for body in "abc"]
    for _ in range(2):
        await tell(api, {"type": "read", "seq": 3})

    assert [await status_of(api, reply) for reply in replies] == ["read", "read", "queued"]
    assert await status_of(api, first) == "received"
    events = (await api.server.get("/events", params={"type": "message.status_updated"})).json()
    assert len(events["data"]) == 2


async def test_what_a_stream_has_sent_is_delivered(api: Api) -> None:
    """Live and replayed alike; one's own messages are not replies."""
    first = await write(api, "Hello", VISITOR)
    before = await answer(api, first, "before")
    async with following(api, VISITOR) as events:
        await events.count(2)
        await becomes(api, before, "delivered")
        live = await answer(api, first, "live")
        await events.count(3)
        await becomes(api, live, "delivered")
        assert (await tell(api, {"type": "read", "seq": 3})).json() == {"ok": True}

    assert [await status_of(api, one) for one in (first, before, live)] == [
        *("received", "read", "read"),
    ]


async def test_what_was_shown_is_not_made_sent_again(api: Api) -> None:
    """The worker that comes late with its news lowers nothing."""
    first = await write(api, "Hello", VISITOR)
    reply = await answer(api, first, "answer")
    await tell(api, {"type": "read", "seq": 2})
    ids = {
        name: parse(kind, reply[wire])
        for name, kind, wire in (
            ("message_id", "msg", "id"),
            ("conversation_id", "con", "conversationId"),
            ("customer_id", "cus", "customerId"),
        )
    }
    late: Any = Outbound(
        organization_id=api.business.id, channel="widget", body="", type="text", **ids
    )
    now = datetime.now(UTC)
    await api.hub.database.write(lambda c: statuses.sent(c, late, Sent(status="sent"), now))

    assert await status_of(api, reply) == "read"


async def test_who_never_wrote_leaves_nothing(api: Api) -> None:
    """An opened panel makes neither customer nor session."""
    reply = await tell(api, {"type": "opened"}, {"type": "typing"})

    assert reply.json() == {"ok": True}
    for table in (tables.widget_event, tables.customer, tables.visitor, tables.visitor_session):
        assert await api.count(table) == 0


async def test_a_name_without_its_secret_marks_nothing(api: Api) -> None:
    """Of a visitor whose secret is not known anybody could come; a wrong one is 403."""
    bare = {"body": "Hello", "visitor": {"visitorId": "v_1"}}
    first = (await api.widget.post("/widget/messages", json=bare)).json()
    reply = await answer(api, first, "answer")
    unknown = await tell(api, {"type": "read", "seq": 2})
    await write(api, "mine", VISITOR)
    wrong = await tell(api, {"type": "read", "seq": 2}, visitor=f"v_1.{OTHER}")

    assert (unknown.status_code, wrong.status_code) == (200, 403)
    assert await status_of(api, reply) == "queued"
    assert [kind for kind, _ in await logged(api)].count("read") == 0


async def test_typing_is_told_to_who_listens(api: Api) -> None:
    """To the business that the visitor writes to, with the conversation; and read, too."""
    first = await write(api, "Hello", VISITOR)
    heard: list[Hint] = []
    leave = api.hub.live.listen(api.business.id, heard.append)
    await tell(api, {"type": "typing"})
    await tell(api, {"type": "read", "seq": 1})
    leave()
    await tell(api, {"type": "typing"})

    conversation = parse("con", first["conversationId"])
    assert [(hint.word, hint.conversation_id) for hint in heard] == [
        ("visitor_typing", conversation),
        ("read", conversation),
    ]


@pytest.mark.parametrize(
    "events",
    [
        None,
        [{"type": "jumped"}],
        [{"type": "read", "seq": -1}],
        [{"type": "read", "seq": 2**31}],
        [{"type": "opened", "path": "/" + "x" * 2048}],
        [{"type": "closed"}] * 51,
    ],
)
async def test_what_is_no_event_is_told(api: Api, events: Any) -> None:
    """400 that names the field, and nothing is noted."""
    await write(api, "Hello", VISITOR)
    body = {} if events is None else {"events": events}
    reply = await api.widget.post("/widget/events", json=body, headers={"X-Visitor": VISITOR})

    assert reply.status_code == 400
    assert next(iter(reply.json()["details"]["fieldErrors"])).startswith("events")
    assert [kind for kind, _ in await logged(api)] == ["message"]
