"""Who is blocked is refused by every endpoint of the widget, from the next request on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest

from hub.services.forms import now
from hub.store import tables
from tests.contract.routes import API, MESSAGE, ROUTES
from tests.support.app import ORIGIN, PEER, Api, MakeApi, make_business, serving

WIDGET = [route for route in ROUTES if route.door == "widget"]
PATHS = [route.path for route in WIDGET]
PROOF = {"X-Visitor": "v_1." + "s" * 22}
NEXT_DOOR = ("198.51.100.8", 40000)
each = pytest.mark.parametrize("route", WIDGET, ids=PATHS)


async def key_of(api: Api):
    """Return the id of the business's widget key."""
    return next(k.id for k in await api.hub.keys.all(api.business.id) if k.kind == "widget")


async def block_visitor(api: Api, name: str = "v_1"):
    """Block a visitor of the business's key."""
    return await api.hub.blocks.visitor(api.business.id, await key_of(api), name, "abuse")


async def block_network(api: Api, network: str = f"{PEER[0]}/32", **facts):
    """Block a network."""
    return await api.hub.blocks.network(api.business.id, network, "abuse", **facts)


async def visit(api: Api, peer=PEER, headers=PROOF, **body) -> httpx.Response:
    """Send a message from the widget."""
    client = api.client(api.business.widget_headers, peer=peer)
    return await client.post("/widget/messages", json={"body": "hi", **body}, headers=headers)


async def ask(api: Api, route) -> httpx.Response:
    """Call an endpoint of the widget as a visitor that proves itself."""
    path = route.path.removeprefix(API)
    return await api.widget.request(route.method, path, json=route.body, headers=PROOF)


@each
@pytest.mark.parametrize("block", [block_visitor, block_network])
async def test_every_endpoint_refuses_in_one_form(api: Api, route, block) -> None:
    """403 that the page can read, and that asks it to stay away for ten minutes."""
    await visit(api)
    await block(api)

    reply = await ask(api, route)

    assert (reply.status_code, reply.json()["code"]) == (403, "blocked")
    assert reply.headers["retry-after"] == "600"
    assert reply.headers["access-control-allow-origin"] == ORIGIN
    assert "retry-after" in reply.headers["access-control-expose-headers"].lower()
    assert "x-ratelimit-limit" not in reply.headers


async def test_a_block_holds_from_the_next_request_to_its_removal(api: Api) -> None:
    """Nothing is remembered in between: each request is decided by what stands then."""
    statuses = [(await visit(api)).status_code]
    made = await block_visitor(api)
    statuses.append((await visit(api)).status_code)
    await api.hub.blocks.remove(api.business.id, made.id)
    statuses.append((await visit(api)).status_code)
    await block_network(api)
    statuses.append((await visit(api)).status_code)

    assert statuses == [200, 403, 200, 403]
    assert await api.count(tables.message) == 2


async def test_another_process_refuses_too(api: Api, database) -> None:
    """A block that one process made holds in another that has just let the visitor in."""
    async with _beside(api, database) as other:
        before = (await visit(other)).status_code
        await block_network(api)

        assert (before, (await visit(other)).status_code) == (200, 403)


async def test_the_neighbours_are_let_in(api: Api) -> None:
    """Another visitor, another key's namesake, another address, another business."""
    await block_visitor(api)
    namesake = await api.hub.keys.create(api.business.id, "widget", "second", [ORIGIN])
    other = await make_business(api.hub, f"{api.business.slug}-other")
    headers = {**api.business.widget_headers, "Authorization": f"Bearer {namesake.plaintext}"}

    replies = [
        await visit(api, headers={"X-Visitor": "v_2." + "s" * 22}),
        await api.client(headers).post("/widget/messages", json=MESSAGE, headers=PROOF),
        await api.client(other.widget_headers).post("/widget/messages", json=MESSAGE),
    ]
    await block_network(api)
    replies += [
        await visit(api, peer=NEXT_DOOR, headers={"X-Visitor": "v_2." + "s" * 22}),
        await api.client(other.widget_headers).post("/widget/messages", json=MESSAGE),
    ]

    assert [reply.status_code for reply in replies] == [200] * 5


async def test_a_visitor_that_only_the_body_names_is_known(api: Api) -> None:
    """Without `X-Visitor` a blocked name is as blocked."""
    await block_visitor(api)

    reply = await visit(api, headers={}, visitor={"visitorId": "v_1"})

    assert (reply.status_code, reply.json()["code"]) == (403, "blocked")


async def test_a_network_is_refused_before_anything_is_read(make_api: MakeApi) -> None:
    """Neither the rate nor a body that is no JSON is told to it, and its bucket stays full."""
    api = await make_api(widget_network_rate_per_min=1)
    await visit(api)
    made = await block_network(api)

    reply = await api.widget.post("/widget/messages", content=b"{")
    await api.hub.blocks.remove(api.business.id, made.id)
    api.clock.go_on(60)

    assert (reply.status_code, reply.json()["code"]) == (403, "blocked")
    assert (await visit(api)).status_code == 200


async def test_the_key_and_the_origin_come_first(api: Api) -> None:
    """Whether a network is blocked is told to nobody without a living key and its origin."""
    await block_network(api)
    evil = {"Origin": "https://evil.example.com"}

    replies = [
        await api.client({"Origin": ORIGIN}).post("/widget/messages", json=MESSAGE),
        await api.widget.post("/widget/messages", json=MESSAGE, headers=evil),
        await api.client({**api.business.bearer, "Origin": ORIGIN}).post("/widget/messages"),
    ]

    codes = [(reply.status_code, reply.json().get("code")) for reply in replies]
    assert codes == [(401, None), (403, "origin_not_allowed"), (403, "wrong_key_kind")]


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        ("198.51.0.0/16", "198.51.255.255", "198.52.0.0"),
        ("2001:db8::/64", "2001:db8::9:9", "2001:db8:0:1::9"),
        ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
        ("198.51.100.7/32", "::ffff:198.51.100.7", "198.51.100.8"),
    ],
)
async def test_a_network_holds_all_its_addresses(api: Api, network, inside, outside) -> None:
    """IPv4, IPv6, and IPv4 in IPv6 form."""
    await block_network(api, network)

    statuses = [(await visit(api, peer=(ip, 1))).status_code for ip in (inside, outside)]

    assert statuses == [403, 200]


@pytest.mark.parametrize("inside", ["198.51.0.0", "198.51.100.7", "198.51.255.255"])
async def test_a_large_network_is_seen_behind_small_ones(api: Api, inside) -> None:
    """Others within it that do not hold the address do not hide the one that does."""
    await block_network(api, "198.51.0.0/16")
    for small in ("198.51.0.128/32", "198.51.100.0/30", "198.51.100.8/29", "198.51.254.0/24"):
        await block_network(api, small)

    assert (await visit(api, peer=(inside, 1))).status_code == 403


async def test_an_end_ends_it(api: Api) -> None:
    """A block until a moment that is past refuses nobody."""
    await block_network(api, expires_at=now() + timedelta(hours=1))
    await api.hub.blocks.visitor(
        api.business.id, await key_of(api), "v_1", "abuse", now() + timedelta(hours=1)
    )
    during = (await visit(api)).status_code
    await api.change(tables.block, expires_at=now() - timedelta(seconds=1))

    assert (during, (await visit(api)).status_code) == (403, 200)


async def test_what_a_backend_sends_is_taken(api: Api) -> None:
    """By server key and by the legacy secret, for the same visitor from the same network."""
    await block_visitor(api)
    await block_network(api)
    body = {"body": "hi", "visitor": {"visitorId": "v_1"}}

    replies = [
        await api.server.post("/messages", json=body),
        await api.server.post("/ingest", json=body),
        await api.legacy.post("/ingest", json=body),
        await api.server.get("/messages"),
    ]

    assert [reply.status_code for reply in replies] == [200] * 4


@asynccontextmanager
async def _beside(api: Api, database) -> AsyncIterator[Api]:
    """Serve the same database a second time, for the same business."""
    async with serving(api.hub.settings, database) as other:
        yield Api(other.app, other.hub, other.clock, api.business)
