"""Every bucket of the table fires, says so in its headers, opens again, and has its setting."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from msgspec import Struct

from tests.support.app import ORIGIN, PEER, Api, MakeApi, bearer

Send = Callable[[Api, int], Awaitable[httpx.Response]]
MESSAGE = {"body": "hi", "visitor": {"visitorId": "v_1"}}


class Limit(Struct, frozen=True):
    """One row of the table: its default, its setting, and how to use it up."""

    name: str
    default: int
    setting: str
    send: Send


async def server(api: Api, _: int) -> httpx.Response:
    """Send with the server key."""
    return await api.server.post("/messages", json=MESSAGE)


async def legacy(api: Api, turn: int) -> httpx.Response:
    """Send with the secret and the key in turns: the bucket is the business's."""
    return await (api.legacy if turn % 2 else api.server).post("/ingest", json=MESSAGE)


async def read(api: Api, _: int) -> httpx.Response:
    """Read with the server key."""
    return await api.server.get("/event-types")


async def visitor(api: Api, _: int) -> httpx.Response:
    """Send as one visitor."""
    return await api.widget.post("/widget/messages", json=MESSAGE)


async def network(api: Api, turn: int) -> httpx.Response:
    """Send as visitor after visitor from one network."""
    return await from_address(api, PEER[0], turn % 7)


async def key(api: Api, turn: int) -> httpx.Response:
    """Send from network after network."""
    return await from_address(api, f"203.0.113.{turn % 200}", turn % 7)


async def new_visitor(api: Api, turn: int) -> httpx.Response:
    """Send as somebody new each time, all from one network."""
    return await from_address(api, PEER[0], turn)


async def new_visitor_of_key(api: Api, turn: int) -> httpx.Response:
    """Send as somebody new each time, each from elsewhere."""
    return await from_address(api, f"2001:db8:0:{turn:x}::1", turn)


async def wrong_key(api: Api, turn: int) -> httpx.Response:
    """Try a key that is none."""
    return await api.client(bearer(f"ck_live_{turn}")).get("/me")


async def from_address(api: Api, address: str, number: int) -> httpx.Response:
    """Send as this visitor from there."""
    client = api.client(api.business.widget_headers, peer=(address, 40000))
    body = {"body": "hi", "visitor": {"visitorId": f"v_{number}"}}
    return await client.post("/widget/messages", json=body)


TABLE = [
    Limit("server key", 60, "ingest_rate_per_min", server),
    Limit("organization", 60, "ingest_rate_per_min", legacy),
    Limit("visitor", 30, "widget_rate_per_min", visitor),
    Limit("network", 120, "widget_network_rate_per_min", network),
    Limit("widget key", 1200, "widget_key_rate_per_min", key),
    Limit("reads", 120, "read_rate_per_min", read),
    Limit("new visitors of a network", 60, "widget_new_visitors_per_min", new_visitor),
    Limit("new visitors of a key", 600, "widget_key_new_visitors_per_min", new_visitor_of_key),
    Limit("failed keys", 60, "failed_keys_per_min", wrong_key),
]
TOO_MANY_TO_SEND = 200
each = pytest.mark.parametrize("limit", TABLE, ids=lambda limit: limit.name)
each_documented = pytest.mark.parametrize(
    "limit", [TABLE[0], TABLE[1], TABLE[2], TABLE[5]], ids=lambda limit: limit.name
)


def roomy(limit: Limit, allowed: int) -> dict[str, Any]:
    """Return settings under which this limit alone can be met."""
    wide = {other.setting: 100_000 for other in TABLE}
    return {**wide, limit.setting: allowed}


async def used_up(api: Api, limit: Limit, allowed: int) -> list[int]:
    """Use a limit up; return the statuses of one call more than it allows."""
    return [(await limit.send(api, turn)).status_code for turn in range(allowed + 1)]


@each
async def test_each_limit_fires_where_its_setting_says(make_api: MakeApi, limit: Limit) -> None:
    """Three are allowed, the fourth is 429 in the documented words, and it stores nothing."""
    api = await make_api(**roomy(limit, 3))
    allowed = 401 if limit.name == "failed keys" else 200

    statuses = await used_up(api, limit, 3)
    refused = await limit.send(api, 4)

    assert statuses == [allowed] * 3 + [429]
    told = {k: v for k, v in refused.json().items() if k != "requestId"}
    assert told == {"error": "Rate limit exceeded", "limit": 3, "windowSeconds": 60}
    assert refused.headers["x-ratelimit-limit"] == "3"
    assert refused.headers["x-ratelimit-remaining"] == "0"


@each
async def test_a_limit_opens_again_when_the_reply_says(make_api: MakeApi, limit: Limit) -> None:
    """`Retry-After` honoured succeeds; one second earlier it does not."""
    api = await make_api(**roomy(limit, 2))
    for turn in range(2):
        await limit.send(api, turn)
        api.clock.go_on(10)
    refused = await limit.send(api, 2)
    wait = int(refused.headers["retry-after"])

    api.clock.go_on(wait - 1)
    early = await limit.send(api, 3)
    api.clock.go_on(1)
    late = await limit.send(api, 4)

    assert wait == 40
    assert (early.status_code, late.status_code != 429) == (429, True)
    assert int(refused.headers["x-ratelimit-reset"]) == api.clock.now


@each
async def test_the_defaults_are_those_of_the_table(make_api: MakeApi, limit: Limit) -> None:
    """Without a setting the documented figure holds."""
    settings = roomy(limit, 1)
    del settings[limit.setting]
    api = await make_api(**settings)

    reply = await limit.send(api, 0)

    assert getattr(api.hub.settings, limit.setting) == limit.default
    if limit in {TABLE[0], TABLE[1], TABLE[2], TABLE[5]}:
        assert reply.headers["x-ratelimit-limit"] == str(limit.default)
    if limit.default <= TOO_MANY_TO_SEND:
        statuses = [(await limit.send(api, turn)).status_code for turn in range(1, limit.default)]
        assert 429 not in statuses
        assert (await limit.send(api, limit.default)).status_code == 429


@each_documented
async def test_the_headers_count_down(make_api: MakeApi, limit: Limit) -> None:
    """Every answer tells limit, rest, and the second at which the oldest call leaves."""
    api = await make_api(**roomy(limit, 3))
    began = api.clock.now
    seen = []
    for turn in range(3):
        told = (await limit.send(api, turn)).headers
        seen.append([int(told[f"x-ratelimit-{n}"]) for n in ("limit", "remaining", "reset")])
        api.clock.go_on(5)

    assert seen == [[3, rest, began + 60] for rest in (2, 1, 0)]


async def test_refusals_and_bad_bodies_carry_the_headers_too(make_api: MakeApi) -> None:
    """A 400, a 413 and a 415 have taken one call and say so."""
    api = await make_api(ingest_rate_per_min=10)
    large = {"content": b"x" * 70_000}
    bad: list[dict[str, Any]] = [{"json": {}}, large, {"data": {"a": "b"}}]

    rests = [
        (await api.server.post("/messages", **body)).headers["x-ratelimit-remaining"]
        for body in bad
    ]

    assert rests == ["9", "8", "7"]


async def test_the_window_slides(make_api: MakeApi) -> None:
    """No 60 seconds ever hold more than the limit: a bucket does not refill while it is drained."""
    api = await make_api(ingest_rate_per_min=6)
    admitted = []
    for _ in range(180):
        if (await server(api, 0)).status_code == 200:
            admitted.append(api.clock.now)
        api.clock.go_on(1)

    assert len(admitted) == 18
    for moment in admitted:
        assert sum(moment <= other < moment + 60 for other in admitted) <= 6


async def test_a_key_is_not_slowed_by_another(make_api: MakeApi) -> None:
    """The bucket is per key: a second key of the same business has its own 60."""
    api = await make_api(ingest_rate_per_min=1)
    other = await api.hub.keys.create(api.business.id, "server", "other")
    await server(api, 0)

    theirs = await api.client(bearer(other.plaintext)).post("/messages", json=MESSAGE)

    assert (await server(api, 0)).status_code == 429
    assert theirs.status_code == 200


async def test_a_forged_address_opens_no_new_bucket(make_api: MakeApi) -> None:
    """Without a trusted proxy, changing `X-Forwarded-For` leaves the network the same."""
    api = await make_api(widget_network_rate_per_min=2)
    statuses = []
    for number in range(4):
        reply = await api.widget.post(
            "/widget/messages",
            json={"body": "hi", "visitor": {"visitorId": f"v_{number}"}},
            headers={"X-Forwarded-For": f"203.0.113.{number}"},
        )
        statuses.append(reply.status_code)

    assert statuses == [200, 200, 429, 429]


async def test_an_ipv6_client_is_counted_by_its_network(make_api: MakeApi) -> None:
    """A /64 is one client, whatever of its addresses it writes from."""
    api = await make_api(widget_network_rate_per_min=2)

    statuses = [
        (await from_address(api, f"2001:db8::{number}", 1)).status_code for number in range(3)
    ]
    next_door = await from_address(api, "2001:db8:0:1::1", 1)

    assert statuses == [200, 200, 429]
    assert next_door.status_code == 200


async def test_the_header_decides_which_visitor_is_counted(make_api: MakeApi) -> None:
    """Names in the body change nothing when `X-Visitor` is sent: no bucket can be forked."""
    api = await make_api(widget_rate_per_min=2)
    statuses = []
    for number in range(3):
        reply = await api.widget.post(
            "/widget/messages",
            json={"body": "hi", "visitor": {"visitorId": f"v_{number}"}},
            headers={"X-Visitor": "v_1." + "s" * 22},
        )
        statuses.append(reply.status_code)

    assert statuses == [200, 200, 429]


async def test_a_body_that_cannot_be_read_costs_the_network(make_api: MakeApi) -> None:
    """Who sends rubbish without naming a visitor is counted by network."""
    api = await make_api(widget_network_rate_per_min=2)

    statuses = [
        (await api.widget.post("/widget/messages", content=b"{")).status_code for _ in range(3)
    ]

    assert statuses == [400, 400, 429]


async def test_a_wrong_key_does_not_lock_out_a_right_one(make_api: MakeApi) -> None:
    """The bucket of failed keys is for failures: the same network's good key works on."""
    api = await make_api(failed_keys_per_min=1)
    statuses = [(await wrong_key(api, turn)).status_code for turn in range(2)]

    assert statuses == [401, 429]
    assert (await server(api, 0)).status_code == 200


async def test_a_refused_page_can_read_when_to_come_back(make_api: MakeApi) -> None:
    """The 429 of a browser has the CORS headers that expose `Retry-After` and the figures."""
    api = await make_api(widget_rate_per_min=1)
    await visitor(api, 0)

    refused = await visitor(api, 1)

    exposed = refused.headers["access-control-expose-headers"].lower()
    assert refused.status_code == 429
    assert refused.headers["access-control-allow-origin"] == ORIGIN
    for name in ("retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"):
        assert name in exposed
