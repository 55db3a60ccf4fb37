"""`GET /api/v1/widget/stream`: what a visitor sees, in order, once, and for how long."""

import asyncio
import itertools

import pytest

from hub.api import audience
from hub.events.live import Hint, Live
from tests.support.app import Api, MakeApi
from tests.support.streams import answer, following, write

SECRET = "s" * 22
VISITOR = f"v_1.{SECRET}"
FREE = {
    "ingest_rate_per_min": 100_000,
    "widget_rate_per_min": 100_000,
    "widget_network_rate_per_min": 100_000,
    "widget_stream_rate_per_min": 100_000,
}


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """No hint arrives."""
    monkeypatch.setattr(Live, "hear", lambda _live, _hints: None)


async def test_history_comes_first_and_then_what_is_new(api: Api) -> None:
    """The config, what was said before, and a reply as soon as it is stored."""
    first = await write(api, "Hello", VISITOR, providerMessageId="m-1")
    async with following(api, VISITOR) as events:
        await events.count(1)
        await answer(api, first, "Good morning")
        await events.count(2, 1)

    assert events.all[0] == {"type": "config", "lang": "en"}
    mine, reply = events.messages
    assert mine.pop("at").endswith("Z")
    assert mine == {
        "type": "message",
        "seq": 1,
        "id": first["id"],
        "cid": "m-1",
        "from": "visitor",
        "body": "Hello",
    }
    assert (reply["from"], reply["body"], reply["seq"]) == ("operator", "Good morning", 2)
    assert "cid" not in reply
    assert events.ids == [first["id"], reply["id"]]


async def test_the_answer_is_one_that_nobody_keeps_or_holds_back(api: Api) -> None:
    """An event stream, stored and buffered nowhere, that its page may read."""
    async with following(api, VISITOR) as events:
        await events.until(lambda one: one.beats)

    told = events.headers
    assert told["content-type"] == "text/event-stream; charset=utf-8"
    assert told["cache-control"] == "no-store, no-transform"
    assert told["x-accel-buffering"] == "no"
    assert told["access-control-allow-origin"] == api.business.widget_headers["Origin"]
    assert told["vary"] == "Origin"
    assert told["x-ratelimit-limit"] == "60"


async def test_what_the_business_has_set_comes_first(api: Api) -> None:
    """Greeting and away text, as they are now."""
    changes = {"greeting": "Hi there", "away": "Back at nine"}
    await api.hub.organizations.change(api.business.id, changes)
    async with following(api, VISITOR) as events:
        pass

    config = {"type": "config", "lang": "en", "greeting": "Hi there", "presence": "Back at nine"}
    assert events.all == [config]


@pytest.mark.parametrize(
    ("languages", "asked", "heard"),
    [
        ("", "ar-EG,en;q=0.5", {"lang": "ar", "dir": "rtl"}),
        ("de,en", "ar, en;q=0.5", {"lang": "en"}),
        ("de,en", "ar", {"lang": "de"}),
        ("", "", {"lang": "en"}),
    ],
)
async def test_the_widget_speaks_the_visitors_language(
    api: Api, languages: str, asked: str, heard: dict[str, str]
) -> None:
    """The best that the business allows, with all words; English, which it knows, is not sent."""
    await api.hub.organizations.change(api.business.id, {"languages": languages})
    async with following(api, VISITOR, **{"Accept-Language": asked}) as events:
        pass

    (first,) = events.all
    assert len(first.pop("strings", {})) == (0 if heard["lang"] == "en" else 9)
    assert first == {"type": "config", **heard}


async def test_a_stream_that_came_before_the_first_message_sees_it(api: Api) -> None:
    """The panel is open before anything was written: the echo of the first message comes."""
    async with following(api, VISITOR) as events:
        await events.until(lambda e: e.all)
        await write(api, "Hello", VISITOR)
        await events.count(1, 1)

    assert events.bodies == ["Hello"]


async def test_the_last_hundred_are_told_to_who_comes_anew(make_api: MakeApi) -> None:
    """Of more, the oldest are left out; none is missing among the others."""
    api = await make_api(**FREE)
    for number in range(1, 131):
        first = await write(api, str(number), VISITOR)
    await answer(api, first, "131")
    async with following(api, VISITOR) as events:
        await events.count(100)

    assert events.seqs == list(range(32, 132))


@pytest.mark.parametrize(("seen", "seqs"), [(1, [2, 3]), (2, [3]), (3, [])])
async def test_who_comes_back_is_told_what_came_after(api: Api, seen: int, seqs: list[int]) -> None:
    """After the message that was seen last."""
    told = [await write(api, body, VISITOR) for body in "abc"]
    async with following(api, VISITOR, told[seen - 1]["id"]) as events:
        await events.count(len(seqs))
        await answer(api, told[0], "d")
        await events.count(len(seqs) + 1)

    assert events.seqs == [*seqs, 4]
    assert "moved" not in events.all[0]


@pytest.mark.parametrize("seen", ["3", "x", "msg_00000000000000000000000000", "another's"])
async def test_who_saw_another_talk_is_told_to_begin_anew(api: Api, seen: str) -> None:
    """What is not of the conversation counts for nothing, and is to be shown no more."""
    for body in "abc":
        await write(api, body, VISITOR)
    other = await write(api, "of somebody else", f"v_2.{'0' * 32}")
    async with following(api, VISITOR, other["id"] if seen == "another's" else seen) as events:
        await events.count(3)

    assert events.bodies == ["a", "b", "c"]
    assert events.all[0]["moved"] is True


async def test_long_messages_come_whole_and_in_order(make_api: MakeApi) -> None:
    """More than one piece takes, and any character."""
    api = await make_api(**FREE)
    bodies = [f"{n}\n\ndata: {'ü😀' * 7000}\r\n:" for n in range(30)]
    for body in bodies:
        await write(api, body, VISITOR)
    async with following(api, VISITOR) as events:
        await events.count(30)

    assert events.bodies == bodies


async def test_four_writers_at_once_are_seen_once_and_in_order(make_api: MakeApi) -> None:
    """A browser that is cut off again and again misses nothing and sees nothing twice."""
    api = await make_api(**FREE)
    first = await write(api, "first", VISITOR)
    seqs, last_id = [1], first["id"]

    async def writer(number: int) -> None:
        for count in range(25):
            if number % 2:
                await write(api, f"{number}-{count}", VISITOR)
            else:
                await answer(api, first, f"{number}-{count}")

    async def reader() -> None:
        nonlocal last_id
        for stay in itertools.cycle((1, 4, 9)):
            if seqs[-1] == 101:
                return
            async with following(api, VISITOR, last_id) as events:
                await events.until(lambda one, stay=stay: len(one.seqs) >= stay or 101 in one.seqs)
            seqs.extend(events.seqs)
            last_id = events.ids[-1]

    await asyncio.wait_for(asyncio.gather(reader(), *map(writer, range(4))), 60)

    assert seqs == list(range(1, 102))


@pytest.mark.usefixtures("deaf")
async def test_a_hint_that_is_lost_is_made_up_for(api: Api) -> None:
    """Without any hint a reply is found within some seconds, and the first message too."""
    async with following(api, VISITOR) as events:
        first = await write(api, "Hello", VISITOR)
        await answer(api, first, "Good morning")
        await events.count(2, audience.LOOK_SECONDS + 2)

    assert events.seqs == [1, 2]


async def test_a_hint_without_news_sends_nothing(api: Api) -> None:
    """The database is the truth: hints are looked at, not believed."""
    first = await write(api, "Hello", VISITOR)
    async with following(api, VISITOR) as events:
        await events.count(1)
        (row,) = [
            m for m in (await api.server.get("/messages")).json()["data"] if m["id"] == first["id"]
        ]
        assert row["seq"] == 1
        for topic in list(api.hub.live._listeners):
            api.hub.live.tell([Hint("message", api.business.id, topic)] * 3)
        await asyncio.sleep(0.3)

    assert events.seqs == [1]


async def test_typing_and_reading_are_told(api: Api) -> None:
    """An operator's typing is passed on; what was read in one tab is told to the others."""
    first = await write(api, "Hello", VISITOR)
    await answer(api, first, "Good morning")
    async with following(api, VISITOR) as events, following(api, VISITOR) as other:
        await events.count(2)
        for topic in list(api.hub.live._listeners):
            api.hub.live.tell([Hint("operator_typing", api.business.id, topic)])
        body = {"events": [{"type": "read", "seq": 2}, {"type": "typing"}]}
        reply = await api.widget.post("/widget/events", json=body, headers={"X-Visitor": VISITOR})
        await other.until(lambda one: one.of("read"))
        await events.until(lambda one: one.of("typing"))

    assert reply.json() == {"ok": True}
    assert other.of("read") == [{"type": "read", "seq": 2}]


async def test_it_beats_and_ends(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign of life comes when nothing else does; after its time the stream ends in order."""
    monkeypatch.setattr(audience, "BEAT_SECONDS", 0.2)
    monkeypatch.setattr(audience, "LIFE_SECONDS", 2.0)
    async with following(api, VISITOR) as events:
        await events.until(lambda one: one.beats >= 3)
        await events.until(lambda one: one.ended, 4)

    assert events.ended


async def test_a_stream_that_is_left_leaves_nothing(api: Api) -> None:
    """No listener and no stream is kept of a browser that hung up."""
    await write(api, "Hello", VISITOR)
    async with following(api, VISITOR) as events:
        await events.count(1)
        assert api.hub.live._listeners
    for _ in range(100):
        if not api.hub.live._listeners:
            break
        await asyncio.sleep(0.01)

    assert api.hub.live._listeners == {}
