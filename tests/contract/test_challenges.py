"""A proof before a message: asked for once, good for its visitor, and used up by who is new."""

import asyncio

import pytest

from hub.auth import tickets
from hub.store import tables
from tests.support.app import ORIGIN, Api, MakeApi
from tests.support.riddles import ASKED, SECRET, Riddle, added, send, solved, told

WIDE = {"widget_network_rate_per_min": 1_000, "widget_rate_per_min": 1_000}
SPOILT = {
    "nothing": "",
    "no answer": "{ticket}",
    "an empty answer": "{ticket}.",
    "another answer": "{ticket}.{answer}x",
    "no ticket": ".{answer}",
    "another ticket": "A{ticket}.{answer}",
    "a space": "{ticket} .{answer}",
    "the answer alone": "{answer}",
    "a long answer": "{ticket}.{answer}" + "x" * 5_000,
}


@pytest.fixture
async def riddle(api: Api) -> Riddle:
    """The plugin, on."""
    return added(api)


async def test_a_new_visitor_is_asked_once(api: Api, riddle: Riddle) -> None:
    """Asked, answered, stored; the next message goes without."""
    asked = await send(api)
    stored_then = await api.count(tables.message)
    answered = await send(api, solved(asked))
    later = await send(api)

    assert [told(asked), answered.status_code, later.status_code] == [ASKED, 200, 200]
    assert stored_then == 0
    assert await api.count(tables.message) == 2


async def test_the_refusal_has_all_that_a_page_needs(api: Api, riddle: Riddle) -> None:
    """The plugin, its script, its data with the ticket; readable by the page."""
    reply = await send(api)

    body = reply.json()
    ticket = body["challenge"]["data"].pop("ticket")
    assert ticket
    assert body["challenge"] == {
        "plugin": "riddle",
        "script": "/riddle.js",
        "data": {"word": "drow30"},
    }
    assert set(body) == {"error", "code", "challenge", "requestId"}
    assert reply.headers["access-control-allow-origin"] == ORIGIN
    assert "retry-after" not in reply.headers


async def test_the_preflight_lets_the_answer_through(api: Api) -> None:
    """`X-Challenge` is among the headers that a page may send."""
    asking = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    reply = await api.client(asking).options("/widget/messages")

    allowed = reply.headers["access-control-allow-headers"].split(", ")
    assert (reply.status_code, "x-challenge" in allowed) == (204, True)


async def test_a_visitor_that_only_the_body_names_is_asked(api: Api, riddle: Riddle) -> None:
    """Without `X-Visitor` too, and its answer is good."""
    body = {"body": "hi", "visitor": {"visitorId": "v_1"}}
    asked = await api.widget.post("/widget/messages", json=body)
    headers = {"X-Challenge": solved(asked)}
    answered = await api.widget.post("/widget/messages", json=body, headers=headers)

    assert (told(asked), answered.status_code) == (ASKED, 200)


async def test_nobody_else_is_asked(api: Api, riddle: Riddle) -> None:
    """Backends, with a server key or the old secret, for a person nobody knows."""
    riddle.always = True
    body = {"body": "hi", "visitor": {"visitorId": "v_9"}}

    replies = [
        await api.server.post("/messages", json=body),
        await api.legacy.post("/ingest", json=body),
    ]

    assert [reply.status_code for reply in replies] == [200, 200]
    assert riddle.asked == []


@pytest.mark.parametrize("spoilt", SPOILT)
async def test_a_spoilt_answer_is_none(api: Api, riddle: Riddle, spoilt: str) -> None:
    """It is asked again, and the new challenge can be answered."""
    ticket, _, answer = solved(await send(api)).partition(".")

    again = await send(api, SPOILT[spoilt].format(ticket=ticket, answer=answer))

    assert told(again) == ASKED
    assert (await send(api, solved(again))).status_code == 200


async def test_an_answer_is_its_visitors(api: Api, riddle: Riddle) -> None:
    """Another visitor, and a namesake of another key, are asked for their own."""
    answer = solved(await send(api))
    key = await api.hub.keys.create(api.business.id, "widget", "second", [ORIGIN])
    headers = {**api.business.widget_headers, "Authorization": f"Bearer {key.plaintext}"}
    mine = {"X-Visitor": f"v_1.{SECRET}", "X-Challenge": answer}

    other_name = await send(api, answer, "v_2")
    other_key = await api.client(headers).post(
        "/widget/messages", json={"body": "hi"}, headers=mine
    )

    assert [told(other_name), told(other_key)] == [ASKED, ASKED]
    assert (await send(api, answer)).status_code == 200


async def test_an_answer_is_good_once_while_its_visitor_is_new(api: Api, riddle: Riddle) -> None:
    """A call that brings it and stores nothing has used it up."""
    answer = solved(await send(api))
    bad = await send(api, answer, json={})
    again = await send(api, answer)
    fresh = await send(api, solved(again))

    assert [bad.status_code, told(again), fresh.status_code] == [400, ASKED, 200]


async def test_of_many_calls_with_one_answer_one_comes_in(make_api: MakeApi) -> None:
    """All at once: whoever is still new and comes later is asked again."""
    api = await make_api(**WIDE)
    riddle = added(api)
    answer = solved(await send(api))
    riddle.asked.clear()

    replies = await asyncio.gather(*(send(api, answer) for _ in range(20)))

    new = sum(sender.is_new for sender in riddle.asked)
    good = [reply.status_code for reply in replies].count(200)
    assert good == 1 + len(riddle.asked) - new
    assert good + [told(reply) for reply in replies].count(ASKED) == 20


async def test_a_known_visitor_may_use_an_answer_again(api: Api, riddle: Riddle) -> None:
    """Where a plugin asks also those who are known, the answer holds for its minutes."""
    await send(api, solved(await send(api)))
    riddle.always = True
    asked = await send(api)
    answer = solved(asked)

    statuses = [(await send(api, answer)).status_code for _ in range(3)]

    assert (told(asked), statuses) == (ASKED, [200, 200, 200])


async def test_an_answer_ends(api: Api, riddle: Riddle, monkeypatch) -> None:
    """After its minutes it is none."""
    monkeypatch.setattr(tickets, "LIFE_SECONDS", 0)
    late = solved(await send(api))

    assert told(await send(api, late)) == ASKED
