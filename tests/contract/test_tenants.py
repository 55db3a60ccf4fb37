"""One business never learns of another's things: their ids are as unknown as any."""

from typing import Any

import httpx

from hub import ids
from tests.contract.routes import API, HOOK, MESSAGE, ROUTES, Route
from tests.support.app import Api, MakeApi, make_business, unknown_id

FREE = {"ingest_rate_per_min": 10_000, "read_rate_per_min": 10_000}
KINDS: dict[str, ids.Kind] = {
    "message_id": "msg",
    "customer_id": "cus",
    "conversation_id": "con",
    "session_id": "vs",
    "block_id": "blk",
    "hook_id": "hook",
    "delivery_id": "dlv",
}
ANSWERS = {
    "message_id": "id",
    "customer_id": "customerId",
    "conversation_id": "conversationId",
    "session_id": "sessionId",
}
NAMING = [route for route in ROUTES if route.names_something and route.door == "server"]


def bare(reply: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """Return all of an answer but the count of its calls."""
    headers = {k: v for k, v in reply.headers.items() if not k.startswith("x-ratelimit")}
    return reply.status_code, reply.content, headers


async def strangers_things(api: Api) -> dict[str, str]:
    """Return an id of each kind that another business has."""
    other = await make_business(api.hub, f"{api.business.slug}-other")
    stored = await api.client(other.bearer).post("/messages", json=MESSAGE)
    block = await api.hub.blocks.network(other.id, "192.0.2.2", "spam")
    found = {name: stored.json()[answer] for name, answer in ANSWERS.items()}
    server = api.client(other.bearer)
    hook = (await server.post("/hooks", json=HOOK)).json()["id"]
    delivery = (await server.post(f"/hooks/{hook}/test")).json()["deliveryId"]
    named = {"block_id": ids.wire("blk", block.id), "hook_id": hook, "delivery_id": delivery}
    return found | named


async def ask(api: Api, route: Route, things: dict[str, str]) -> httpx.Response:
    """Call a route about a thing, always under the same request id."""
    path = route.path.removeprefix(API).format(**things)
    return await api.server.request(
        route.method, path, json=route.body, headers={"X-Request-Id": "same"}
    )


async def test_anothers_ids_are_unknown_ids_byte_for_byte(api: Api) -> None:
    """Status, body and headers of a stranger's id are those of an id that nobody has."""
    theirs = await strangers_things(api)
    nobodys = {name: unknown_id(kind) for name, kind in KINDS.items()}
    rubbish = dict.fromkeys(KINDS, "rubbish")

    for route in NAMING:
        answers = [bare(await ask(api, route, named)) for named in (theirs, nobodys, rubbish)]
        assert answers[0] == answers[1] == answers[2], route
        assert answers[0][0] == 404


async def test_anothers_ids_filter_nothing(make_api: MakeApi) -> None:
    """A stranger's id in a query finds what an unknown one finds: nothing."""
    api = await make_api(**FREE)
    theirs = await strangers_things(api)
    await api.server.post("/messages", json=MESSAGE)
    filters = {
        "/messages": {"customerId": "customer_id", "conversationId": "conversation_id"},
        "/conversations": {"customerId": "customer_id"},
        "/sessions": {"customerId": "customer_id"},
    }

    for path, names in filters.items():
        for name, thing in names.items():
            found = await api.server.get(path, params={name: theirs[thing]})
            assert found.json() == {"data": [], "nextCursor": None}, (path, name)


async def test_a_list_holds_the_businesss_own_things(api: Api) -> None:
    """No list shows a stranger's row, nor a filter by a value that both share."""
    await strangers_things(api)
    mine = (await api.server.post("/messages", json=MESSAGE)).json()
    own = {"/messages": "id", "/customers": "customerId", "/sessions": "sessionId"}
    for path, answer in own.items():
        found = (await api.server.get(path)).json()["data"]
        assert [item["id"] for item in found] == [mine[answer]]
    for path in ("/customers", "/sessions"):
        found = (await api.server.get(path, params={"visitorId": "v_matrix"})).json()["data"]
        assert len(found) == 1
    subjects = [event["data"] for event in (await api.server.get("/events")).json()["data"]]
    assert {subject["id"] for subject in subjects} <= set(mine.values())


async def test_anothers_ids_in_a_body_are_unknown(api: Api) -> None:
    """A message to a stranger's customer or conversation is refused as one to nobody."""
    theirs = await strangers_things(api)
    fields: dict[str, ids.Kind] = {"customerId": "cus", "conversationId": "con", "replyToId": "msg"}
    things = {"customerId": "customer_id", "conversationId": "conversation_id"}
    for name, kind in fields.items():
        body: dict[str, Any] = {"body": "hi", "direction": "outbound"}
        if name == "replyToId":
            body |= MESSAGE
        replies = [
            await api.server.post(
                "/messages", json={**body, name: thing}, headers={"X-Request-Id": "same"}
            )
            for thing in (theirs[things.get(name, "message_id")], unknown_id(kind))
        ]
        assert bare(replies[0]) == bare(replies[1])
        assert replies[0].status_code == 400


async def test_once_is_counted_per_business(api: Api) -> None:
    """The same `providerMessageId` of two businesses is two messages."""
    other = await make_business(api.hub, f"{api.business.slug}-other")
    body = {**MESSAGE, "providerMessageId": "p1"}

    replies = [
        await api.client(b.bearer).post("/messages", json=body) for b in (other, api.business)
    ]

    assert ["duplicate" in reply.json() for reply in replies] == [False, False]
