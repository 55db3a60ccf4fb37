"""A token of the site's backend proves who a visitor is; nothing else does."""

import logging
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest

from hub import logs
from hub.auth import identity
from hub.settings import Settings
from hub.store import tables
from tests.support.app import Api, MakeApi
from tests.support.identified import Visited
from tests.support.tokens import BAD, DAY, Site

EVERY = ["messages", "body", "events", "stream"]


@pytest.fixture
async def visited(api: Api) -> Visited:
    """A site whose widget key takes tokens, and needs none."""
    return await Visited.on(api)


async def status_of(visited: Visited, endpoint: str, token: str | None) -> tuple[int, str]:
    """Return how a call with this token ends, and the code of its refusal."""
    if endpoint == "stream":
        async with visited.follow(token=token) as events:
            return events.status, events.all[0].get("code", "")
    if endpoint == "events":
        reply = await visited.tell(token=token)
    elif endpoint == "body":
        reply = await visited.post("hi", identityToken=token)
    else:
        reply = await visited.post("hi", token=token)
    return reply.status_code, reply.json().get("code", "")


@pytest.mark.parametrize("endpoint", EVERY)
async def test_no_bad_token_comes_in(make_api: MakeApi, endpoint: str) -> None:
    """Not one of them, at any endpoint; and nothing is stored, shown or noted of the call."""
    rates = ("rate", "network_rate", "key_rate", "stream_rate", "event_rate")
    rates += ("new_visitors", "key_new_visitors")
    api = await make_api(**{f"widget_{name}_per_min": 10_000 for name in rates})
    visited = await Visited.on(api)

    ends = {
        kind: await status_of(visited, endpoint, make(visited.site)) for kind, make in BAD.items()
    }

    assert {kind: end for kind, end in ends.items() if end != (403, "identity_invalid")} == {}
    for table in (tables.message, tables.customer, tables.visitor_session, tables.widget_event):
        assert await api.count(table) == 0


@pytest.mark.parametrize("endpoint", EVERY)
async def test_what_a_key_asks_for(visited: Visited, endpoint: str) -> None:
    """Off looks at nothing, optional refuses the bad, required refuses none as well."""
    good, bad = visited.site.token(), "nonsense"
    ends: dict[str, Any] = {}
    for mode in ("off", "optional", "required"):
        await visited.ask(mode)
        ends[mode] = [await status_of(visited, endpoint, token) for token in (None, bad, good)]

    fine, invalid = (200, ""), (403, "identity_invalid")
    assert ends == {
        "off": [fine, fine, fine],
        "optional": [fine, invalid, fine],
        "required": [(403, "identity_required"), invalid, fine],
    }


async def test_a_key_without_a_secret_asks_for_nothing(api: Api) -> None:
    """As before there were tokens: one that somebody sends is not looked at."""
    headers = {"X-Visitor": "v_1." + "s" * 22, "X-Identity": "nonsense"}
    reply = await api.widget.post("/widget/messages", json={"body": "hi"}, headers=headers)

    assert reply.status_code == 200
    assert (await api.session_of(reply))["verified"] is False


async def test_the_header_wins(visited: Visited) -> None:
    """A good token in the body does not help a bad header, and a bad one does no harm."""
    good = visited.site.token()

    assert (await visited.post("hi", token="nonsense", identityToken=good)).status_code == 403
    reply = await visited.write("hi", token=good, identityToken="nonsense")
    assert (await visited.customer(reply))["externalUserId"] == "u_42"


async def test_an_empty_header_is_none(visited: Visited) -> None:
    """A browser that has no token may send the header all the same; the body's counts then."""
    await visited.ask("required")

    assert (
        await visited.post("hi", token="", identityToken=visited.site.token())
    ).status_code == 200
    assert (await visited.post("hi", token="")).json()["code"] == "identity_required"


async def test_two_headers_are_none(visited: Visited) -> None:
    """Which of two tokens counts must not depend on who reads them."""
    good = visited.site.token()
    headers = [("X-Visitor", "v_1." + "s" * 22), ("X-Identity", good), ("X-Identity", good)]

    reply = await visited.api.widget.post("/widget/messages", json={"body": "hi"}, headers=headers)

    assert (reply.status_code, reply.json()["code"]) == (403, "identity_invalid")


async def test_a_rotation_with_an_overlap(visited: Visited, monkeypatch) -> None:
    """Tokens of the old secret count for a day more; at once for nothing without an overlap."""
    old = visited.site
    new = await visited.rotate(overlap=True)
    assert [(await visited.post("hi", token=s.token())).status_code for s in (old, new)] == [
        200,
        200,
    ]

    later = identity.moment() + DAY * 1000
    monkeypatch.setattr(identity, "moment", lambda: later)
    sites = [Site(secret=s.secret, key_id=s.key_id, now=later // 1000) for s in (old, new)]
    assert [(await visited.post("hi", token=s.token())).status_code for s in sites] == [403, 200]

    newest = await visited.rotate()
    sites.append(Site(secret=newest.secret, key_id=newest.key_id, now=later // 1000))
    ends = [(await visited.post("hi", token=s.token())).status_code for s in sites]
    assert ends == [403, 403, 200]


async def test_a_token_is_for_one_key(visited: Visited) -> None:
    """Another key of the same business takes only its own, though the business is one."""
    origin = "https://other.example.com"
    keys, business = visited.api.hub.keys, visited.api.business
    other = await keys.create(business.id, "widget", "other", [origin])
    await visited.api.hub.identity.rotate(business.id, other.key.id)
    headers = {"Authorization": f"Bearer {other.plaintext}", "Origin": origin}

    async with visited.api.client(headers) as client:
        headers = {"X-Visitor": "v_1." + "s" * 22, "X-Identity": visited.site.token()}
        reply = await client.post("/widget/messages", json={"body": "hi"}, headers=headers)

    assert (reply.status_code, reply.json()["code"]) == (403, "identity_invalid")


async def test_guessing_costs_the_network(make_api: MakeApi) -> None:
    """Bad tokens empty the network's bucket: 429 then, whatever they say."""
    visited = await Visited.on(await make_api(widget_network_rate_per_min=3))

    ends = [await status_of(visited, "stream", "nonsense") for _ in range(4)]

    assert [status for status, _ in ends] == [403, 403, 403, 429]


async def test_a_page_may_send_the_header(visited: Visited) -> None:
    """The preflight allows it."""
    reply = await visited.api.client({"Origin": "https://shop.example.com"}).options(
        "/widget/messages",
        headers={"Access-Control-Request-Method": "POST"},
    )

    allowed = reply.headers["access-control-allow-headers"].split(", ")
    assert {"x-identity", "x-visitor"} <= set(allowed)


async def test_a_token_is_never_logged(visited: Visited) -> None:
    """Neither a good nor a bad one, nor a part of it, in the most talkative log."""
    token, bad = visited.site.token(name="Jane"), visited.site.token(exp=1)
    root = logging.getLogger()
    handlers, level, short_way = root.handlers, root.level, list(logs._short_way)
    told = StringIO()
    try:
        with redirect_stdout(told):
            logs.start(Settings(log_level="debug"))
            for one in (token, bad):
                for endpoint in EVERY:
                    await status_of(visited, endpoint, one)
            for handler in root.handlers:
                handler.flush()
    finally:
        logs._short_way[:] = short_way
        root.handlers = handlers
        root.setLevel(level)
        logging.captureWarnings(capture=False)

    assert told.getvalue().count("widget") >= 8
    parts = {part for one in (token, bad) for part in one.split(".")}
    assert not [part for part in parts if part in told.getvalue()]
