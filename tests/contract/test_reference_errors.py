"""The error table of the API reference, row by row, keys and values exact."""

from typing import Any

import httpx
import pytest

from hub.auth import keys
from hub.services.inbox import Inbox
from hub.store import tables
from tests.contract.reference import documented
from tests.support.app import Api, MakeApi, bearer

GOOD = {"body": "hi", "customer": {"phoneE164": "+15551234567"}}
DEAD = {"error": "Invalid or revoked API key"}


def told(reply: httpx.Response) -> tuple[int, dict[str, Any]]:
    """Return a refusal's status and what the reference knows of its body."""
    return reply.status_code, documented(reply.json())


async def test_400_names_every_bad_field_at_once(api: Api) -> None:
    """Row 400: `Validation failed`, and `details.fieldErrors` with a sentence per field."""
    bad = {
        "direction": "sideways",
        "providerMessageId": 7,
        "customer": {"phoneE164": "5551234567", "displayName": "x" * 201},
        "visitor": {"visitorId": "v" * 256, "path": "p" * 2049, "externalEmail": ["a@b"]},
    }

    reply = await api.server.post("/messages", json=bad)

    status, body = told(reply)
    assert (status, body["error"]) == (400, "Validation failed")
    assert body["details"]["formErrors"] == []
    assert sorted(body["details"]["fieldErrors"]) == [
        "body",
        "customer.displayName",
        "customer.phoneE164",
        "direction",
        "providerMessageId",
        "visitor.externalEmail",
        "visitor.path",
        "visitor.visitorId",
    ]
    assert all(sentences for sentences in body["details"]["fieldErrors"].values())


@pytest.mark.parametrize("person", [{}, {"customer": {}}, {"visitor": {"externalName": "Jane"}}])
async def test_400_asks_for_an_identity(api: Api, person: dict[str, Any]) -> None:
    """Nobody to store it for: one `formErrors` entry that lists the four identities."""
    status, body = told(await api.server.post("/messages", json={"body": "hi", **person}))

    (sentence,) = body["details"]["formErrors"]
    assert (status, body["error"], body["details"]["fieldErrors"]) == (400, "Validation failed", {})
    for identity in (
        "customer.phoneE164",
        "visitor.externalUserId",
        "visitor.externalEmail",
        "visitor.visitorId",
    ):
        assert identity in sentence


async def test_400_leads_to_success_when_the_named_fields_are_mended(api: Api) -> None:
    """The recovery of the table: read `details.fieldErrors` and resend."""
    bad = {"body": "", "customer": {"phoneE164": "0"}}
    fields = (await api.server.post("/messages", json=bad)).json()["details"]["fieldErrors"]

    mended = {"body": "hi", "customer": {"phoneE164": "+15551234567"}}

    assert sorted(fields) == ["body", "customer.phoneE164"]
    assert (await api.server.post("/messages", json=mended)).status_code == 200


async def test_401_says_the_same_for_every_cause(api: Api) -> None:
    """Row 401: missing, malformed, mistyped, unknown and revoked keys cannot be told apart."""
    hub, business = api.hub, api.business
    revoked = await hub.keys.create(business.id, "server", "old")
    await hub.keys.revoke(business.id, revoked.key.id)
    live = business.server_key
    mistyped = live[:-1] + ("a" if live[-1] != "a" else "b")
    causes = [
        {},
        {"Authorization": ""},
        {"Authorization": live},
        {"Authorization": f"Basic {live}"},
        *(bearer(text) for text in ("", "ck_live_", "x" * 500, mistyped, live + "A", live.lower())),
        bearer(keys.mint("server")),
        bearer(revoked.plaintext),
    ]

    answers = [told(await api.client(cause).post("/messages", json=GOOD)) for cause in causes]

    assert answers == [(401, DEAD)] * len(causes)
    assert await api.count(tables.message) == 0


async def test_401_for_the_legacy_secret(api: Api) -> None:
    """A wrong secret, an unknown business and a missing half are the same refusal."""
    slug, secret = api.business.slug, api.business.legacy_secret
    causes = [
        {"X-ChatHub-Org": slug},
        {"X-ChatHub-Secret": secret},
        {"X-ChatHub-Org": slug, "X-ChatHub-Secret": secret + "x"},
        {"X-ChatHub-Org": "nobody", "X-ChatHub-Secret": secret},
    ]

    answers = [told(await api.client(cause).post("/ingest", json=GOOD)) for cause in causes]

    assert answers == [(401, DEAD)] * len(causes)


async def test_403_for_the_wrong_kind_of_key(api: Api) -> None:
    """Row 403: a widget key on a server's route gets the documented sentence."""
    for path in ("/messages", "/ingest"):
        answer = told(await api.widget.post(path, json=GOOD))
        assert answer == (403, {"error": "This endpoint requires a server key"})

    status, body = told(await api.server.post("/widget/messages", json=GOOD))
    assert (status, body) == (403, {"error": "This endpoint requires a widget key"})


async def test_403_for_an_origin_that_is_not_allowed(api: Api) -> None:
    """Row 403: another page, no page, and two pages at once are all refused."""
    key = bearer(api.business.widget_key)
    body = {"body": "hi", "visitor": {"visitorId": "v_1"}}
    for origin in ("https://evil.example.com", "null", "", None):
        headers = key if origin is None else {**key, "Origin": origin}
        reply = await api.client(headers).post("/widget/messages", json=body)
        assert told(reply) == (403, {"error": "Origin not allowed for this key"}), origin
        assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("http://hub.test", "/api/v1/message"),
        ("http://hub.test", "/api/v1/"),
        ("http://hub.test", "/api/messages"),
        ("http://hub.test", "/messages"),
        ("http://hub.test", "/api/v2/messages"),
    ],
)
async def test_404_for_a_mistyped_endpoint(api: Api, base: str, path: str) -> None:
    """Row 404: an unknown path is told without a key, in the one shape."""
    reply = await api.anonymous.post(base + path, json=GOOD)

    assert told(reply) == (404, {"error": "Not found"})


async def test_405_for_a_wrong_verb(api: Api) -> None:
    """A known path with a wrong verb has the one shape, and names the verbs that are right."""
    reply = await api.server.put("/messages", json=GOOD)

    assert told(reply) == (405, {"error": "Method not allowed"})
    assert {"GET", "POST"} <= set(reply.headers["allow"].split(", "))


async def test_429_is_exact(make_api: MakeApi) -> None:
    """Row 429: an integer `Retry-After`, and the limit with its window in the body."""
    api = await make_api(ingest_rate_per_min=2)
    for _ in range(2):
        assert (await api.send()).status_code == 200

    reply = await api.send()

    assert told(reply) == (429, {"error": "Rate limit exceeded", "limit": 2, "windowSeconds": 60})
    assert int(reply.headers["retry-after"]) >= 1


async def test_413_and_415_have_the_one_shape(api: Api) -> None:
    """More than 64 KiB, or something that is not declared as JSON, is refused in our words."""
    large = await api.server.post("/messages", json={**GOOD, "padding": "x" * 65_536})
    form = await api.server.post("/messages", data={"body": "hi"})

    assert (large.status_code, "65536 bytes" in large.json()["error"]) == (413, True)
    assert told(form) == (415, {"error": "Send the body as application/json"})
    assert set(large.json()) == set(form.json()) == {"error", "requestId"}


async def test_500_tells_nothing_but_where_to_write(
    make_api: MakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 500: our bug shows a request id and the address to write to, and nothing of its cause."""
    api = await make_api(support_email="help@acme.example")

    async def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(Inbox, "messages", fail)
    reply = await api.server.get("/messages")

    assert reply.status_code == 500
    assert reply.json() == {
        "error": "Internal error",
        "requestId": reply.headers["x-request-id"],
        "support": "help@acme.example",
    }
