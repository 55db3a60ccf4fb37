"""A call with several faults is refused for the first in order: 401, 403, 429, 413/415, 400."""

from typing import Any

import pytest

from tests.support.app import PEER, Api, MakeApi, bearer
from tests.support.riddles import added, send

LARGE = b'{"x":"' + b"x" * 65_536 + b'"}'
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
WORST: dict[str, Any] = {"content": LARGE, "headers": FORM}


async def empty(api: Api) -> None:
    """Use up the one call of a minute."""
    await api.send()


@pytest.mark.parametrize("path", ["/messages", "/ingest", "/widget/messages"])
async def test_a_dead_key_comes_before_everything(make_api: MakeApi, path: str) -> None:
    """401 although origin, rate, size, type and body are wrong too."""
    api = await make_api(ingest_rate_per_min=1)
    await empty(api)

    reply = await api.client(bearer("ck_live_no")).post(path, **WORST)

    assert reply.status_code == 401
    assert "x-ratelimit-limit" not in reply.headers


async def test_the_wrong_kind_comes_before_the_rate(make_api: MakeApi) -> None:
    """403 although the business has no call left and the body is no JSON."""
    api = await make_api(ingest_rate_per_min=1)
    await api.legacy.post("/ingest", json={"body": "hi", "visitor": {"visitorId": "v"}})

    assert (await api.widget.post("/ingest", **WORST)).status_code == 403


async def test_the_origin_comes_before_the_rate(make_api: MakeApi) -> None:
    """403 although the network has no call left."""
    api = await make_api(widget_network_rate_per_min=1)
    await api.widget.post("/widget/messages", json={})

    worst = await api.widget.post(
        "/widget/messages", content=LARGE, headers={"Origin": "https://evil.example.com", **FORM}
    )

    assert worst.status_code == 403


async def test_who_is_kept_out_comes_before_a_challenge_and_that_before_the_body(
    make_api: MakeApi,
) -> None:
    """Blocked, then the secret, then the network's rate, then the challenge, then the body."""
    api = await make_api(widget_network_rate_per_min=2)
    await send(api)
    added(api).always = True
    stolen = {"X-Visitor": "v_1." + "t" * 22}
    rubbish = {"content": LARGE}

    secret = await api.widget.post("/widget/messages", **rubbish, headers={**FORM, **stolen})
    asked = await send(api, **rubbish)
    many = await send(api, **rubbish)
    block = await api.hub.blocks.network(api.business.id, PEER[0], "abuse")
    kept_out = await send(api, **rubbish)
    await api.hub.blocks.remove(api.business.id, block.id)

    codes = [reply.json().get("code") for reply in (secret, asked, many, kept_out)]
    assert codes == ["visitor_secret_mismatch", "challenge", None, "blocked"]
    assert [many.status_code, kept_out.status_code] == [429, 403]


async def test_the_rate_comes_before_size_and_type(make_api: MakeApi) -> None:
    """429 although the body is too large and no JSON."""
    api = await make_api(ingest_rate_per_min=1)
    await empty(api)

    assert (await api.server.post("/messages", **WORST)).status_code == 429


async def test_size_and_type_come_before_the_body(api: Api) -> None:
    """413 and 415 are told without a look at what the body holds."""
    broken = b"{" * 70_000

    assert (await api.server.post("/messages", content=broken)).status_code == 413
    assert (await api.server.post("/messages", content=b"{", headers=FORM)).status_code == 415
    assert (await api.server.post("/messages", content=b"{")).status_code == 400


async def test_a_path_comes_before_the_key(api: Api) -> None:
    """404 and 405 need no key."""
    assert (await api.anonymous.post("/message")).status_code == 404
    assert (await api.anonymous.delete("/messages")).status_code == 405
