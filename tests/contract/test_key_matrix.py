"""Every kind of credential on every route: who is let in where, from the list of routes."""

from datetime import UTC, datetime, timedelta

import httpx

from hub.auth import keys
from hub.ids import wire
from hub.store import tables
from tests.contract.routes import MESSAGE, ROUTES, Route, served
from tests.support.app import ORIGIN, Api, MakeApi, bearer, make_business

FREE = {"ingest_rate_per_min": 10_000, "read_rate_per_min": 10_000, "failed_keys_per_min": 10_000}
DEAD = {
    *("no credential", "malformed", "wrong checksum", "unknown"),
    *("revoked server", "revoked widget", "expired server", "expired widget"),
    *("rotated-out server", "rotated-out widget", "legacy secret that was rotated"),
}
LIVE = {"server", "widget", "legacy", "other server", "other widget", "other legacy"}
REACHES = {
    "server": {"server", "other server"},
    "server or legacy": {"server", "legacy", "other server", "other legacy"},
    "widget": {"widget", "other widget"},
}
KEYS = {"server", "widget", "other server", "other widget"}


async def dead_keys(api: Api) -> dict[str, str]:
    """Return keys of both kinds that were revoked, expired, and rotated out."""
    made, organization = {}, api.business.id
    for kind in ("server", "widget"):
        origins = [ORIGIN] if kind == "widget" else []
        for fate in ("revoked", "expired", "rotated-out"):
            soon = datetime.now(UTC) + timedelta(hours=1) if fate == "expired" else None
            key = await api.hub.keys.create(organization, kind, fate, origins, soon)
            made[f"{fate} {kind}"] = key.plaintext
            if fate == "revoked":
                await api.hub.keys.revoke(organization, key.key.id)
            if fate == "rotated-out":
                await api.hub.keys.rotate(organization, key.key.id)
    await expire(api)
    return made


async def expire(api: Api) -> None:
    """Let the end of every key that has one lie in the past."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    k = tables.api_key
    ended = k.update().where(k.c.expires_at.is_not(None), k.c.organization_id == api.business.id)
    await api.hub.database.write(lambda c: c.execute(ended.values(expires_at=past)))


async def credentials(api: Api) -> dict[str, dict[str, str]]:
    """Return the headers of every kind of credential."""
    mine, other = api.business, await make_business(api.hub, f"{api.business.slug}-other")
    rotated = mine.legacy_headers
    fresh = await api.hub.organizations.rotate_legacy_secret(mine.id)
    live = mine.server_key
    return {
        "server": mine.bearer,
        "widget": bearer(mine.widget_key),
        "legacy": {**mine.legacy_headers, "X-ChatHub-Secret": fresh},
        "legacy secret that was rotated": rotated,
        "no credential": {},
        "malformed": bearer("ck_live_short"),
        "wrong checksum": bearer(live[:-1] + ("a" if live[-1] != "a" else "b")),
        "unknown": bearer(keys.mint("server")),
        "other server": other.bearer,
        "other widget": bearer(other.widget_key),
        "other legacy": other.legacy_headers,
        **{name: bearer(key) for name, key in (await dead_keys(api)).items()},
    }


async def named_things(api: Api) -> dict[str, str]:
    """Return an id of the business for every name in a path."""
    stored = (await api.server.post("/messages", json=MESSAGE)).json()
    secrets = {"app_secret": "a", "verify_token": "t", "access_token": "x"}
    kept = await api.hub.kept("whatsapp").put(api.business.id, "1", {}, secrets)
    block = await api.hub.blocks.network(api.business.id, "192.0.2.2", "spam")
    return {
        "message_id": stored["id"],
        "customer_id": stored["customerId"],
        "conversation_id": stored["conversationId"],
        "session_id": stored["sessionId"],
        "connection_id": wire("cnx", kept.id),
        "block_id": wire("blk", block.id),
        **(await a_hook(api)),
    }


async def a_hook(api: Api) -> dict[str, str]:
    """Return the ids of a hook and of a delivery of it."""
    body = {"url": "https://example.com/named", "events": ["message.created"]}
    hook = (await api.server.post("/hooks", json=body)).json()["id"]
    delivery = (await api.server.post(f"/hooks/{hook}/test")).json()["deliveryId"]
    return {"hook_id": hook, "delivery_id": delivery}


def expected(route: Route, credential: str) -> int:
    """Return the status that this credential gets on this route."""
    if route.door in {"open", "signature"}:
        return route.status
    if credential in REACHES[route.door]:
        foreign = credential.startswith("other") and route.names_something
        return 404 if foreign else route.status
    return 403 if credential in KEYS else 401


async def call(api: Api, route: Route, ids: dict[str, str], **headers: str) -> httpx.Response:
    """Call a route from the widget's page."""
    path = "http://hub.test" + route.path.format(**ids)
    return await api.client({"Origin": ORIGIN, **headers}).request(
        route.method, path, json=route.body
    )


async def test_every_route_is_in_the_matrix(api: Api) -> None:
    """A route that nobody thought about fails here, and so does one that is gone."""
    assert served(api) == {(route.method, route.path) for route in ROUTES}


async def test_every_credential_on_every_route(make_api: MakeApi) -> None:
    """17 credentials on each route get exactly the expected status, in the one error shape."""
    api = await make_api(**FREE)
    ids, sent = await named_things(api), await credentials(api)
    assert set(sent) == DEAD | LIVE
    wrong = []
    for route in ROUTES:
        for name, headers in sent.items():
            reply = await call(api, route, ids, **headers)
            if reply.status_code != expected(route, name):
                wrong.append((route.method, route.path, name, reply.status_code))
            if reply.status_code >= 400:
                assert {"error", "requestId"} <= set(reply.json())

    assert wrong == []


async def test_a_key_with_the_wrong_prefix_never_crosses(api: Api) -> None:
    """Swapping the prefix of a real key makes no key: kinds are bound to their own secrets."""
    server, widget = api.business.server_key, api.business.widget_key
    crossed = [server.replace("ck_", "cwk_", 1), widget.replace("cwk_", "ck_", 1)]

    for key in crossed:
        for path in ("/messages", "/ingest", "/widget/messages"):
            reply = await api.client({**bearer(key), "Origin": ORIGIN}).post(path, json=MESSAGE)
            assert reply.status_code == 401


async def test_both_proofs_at_once_are_decided_by_the_key(api: Api) -> None:
    """A key with its own business's name is in; with another's it is 403, with a bad secret too."""
    other = await make_business(api.hub, f"{api.business.slug}-other")
    both = [
        ({**api.business.bearer, **api.business.legacy_headers}, 200),
        ({**api.business.bearer, **api.business.legacy_headers, "X-ChatHub-Secret": "no"}, 200),
        ({**api.business.bearer, **other.legacy_headers}, 403),
        ({**bearer("ck_live_no"), **api.business.legacy_headers}, 401),
        ({**bearer(api.business.widget_key), **api.business.legacy_headers}, 403),
    ]

    for headers, status in both:
        reply = await api.client(headers).post("/ingest", json=MESSAGE)
        assert reply.status_code == status, headers


async def test_a_rotation_with_overlap_keeps_the_old_secret(api: Api) -> None:
    """Both secrets of the key work until the day is over; then only the new one."""
    (key,) = [k for k in await api.hub.keys.all(api.business.id) if k.kind == "server"]
    fresh = await api.hub.keys.rotate(api.business.id, key.id, overlap=True)
    assert fresh.key.id == key.id
    both = [api.server, api.client(bearer(fresh.plaintext))]

    during = [(await client.get("/me")).status_code for client in both]
    past, s = datetime.now(UTC) - timedelta(seconds=1), tables.api_key_secret
    ended = s.update().where(s.c.expires_at.is_not(None), s.c.key_id == key.id)
    await api.hub.database.write(lambda c: c.execute(ended.values(expires_at=past)))
    after = [(await client.get("/me")).status_code for client in both]

    assert (during, after) == ([200, 200], [401, 200])


async def test_the_legacy_secret_can_be_switched_off_and_taken_over(api: Api) -> None:
    """Off is 401 for every caller; one that is used elsewhere can be set."""
    organizations, mine = api.hub.organizations, api.business
    await organizations.drop_legacy_secret(mine.id)
    off = await api.legacy.post("/ingest", json=MESSAGE)
    await organizations.set_legacy_secret(mine.id, mine.legacy_secret)

    assert off.status_code == 401
    assert (await api.legacy.post("/ingest", json=MESSAGE)).status_code == 200
