"""WhatsApp's webhook: verified, signed over raw bytes, stored before the 200, once each."""

import hmac
import json
from hashlib import sha256
from typing import Any

import httpx
import pytest
from msgspec import Struct

from hub.ids import wire
from hub.store import tables
from tests.support.app import Api, unknown_id

NUMBER, ACCOUNT = "106540352242922", "102290129340398"
SECRETS = {"app_secret": "meta-app-secret", "verify_token": "our token", "access_token": "EAAG"}
WA_ID = "554784178525"
WITH_NINE = "+5547984178525"


class Phone(Struct, frozen=True):
    """A connected number, as Meta calls it."""

    api: Api
    path: str

    async def call(self, body: Any, signature: str | None = None) -> httpx.Response:
        """Call the webhook as Meta does; the right signature unless another one is given."""
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        return await self.api.anonymous.post(
            self.path,
            content=content,
            headers={
                "Content-Type": "application/json",
                "X-Hub-Signature-256": signed(content) if signature is None else signature,
            },
        )


def signed(content: bytes, secret: str = SECRETS["app_secret"]) -> str:
    """Sign raw bytes as Meta does."""
    return "sha256=" + hmac.new(secret.encode(), content, sha256).hexdigest()


def text(number: int, body: str = "hi", sender: str = WA_ID) -> dict[str, Any]:
    """Return a text message."""
    return {
        "from": sender,
        "id": f"wamid.{number}",
        "timestamp": str(1_700_000_000 + number),
        "type": "text",
        "text": {"body": body},
    }


def status(number: int, what: str) -> dict[str, Any]:
    """Return a status of a message that we sent."""
    return {
        "id": f"wamid.{number}",
        "status": what,
        "timestamp": "1700000100",
        "recipient_id": WA_ID,
    }


def webhook(
    messages: list[Any], statuses: list[Any] | None = None, number: str = NUMBER
) -> dict[str, Any]:
    """Return the body of a call."""
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550000000", "phone_number_id": number},
        "contacts": [{"profile": {"name": "João"}, "wa_id": WA_ID}],
        "messages": messages,
        "statuses": statuses or [],
    }
    change = {"field": "messages", "value": value}
    return {"object": "whatsapp_business_account", "entry": [{"id": ACCOUNT, "changes": [change]}]}


@pytest.fixture
async def phone(api: Api) -> Phone:
    """A business with one connected number."""
    data = {"phone_number_id": NUMBER, "waba_id": ACCOUNT, "display_phone": "+15550000000"}
    kept = await api.hub.kept("whatsapp").put(api.business.id, NUMBER, data, SECRETS)
    return Phone(api, f"/channels/whatsapp/{wire('cnx', kept.id)}/webhook")


async def test_the_verification_echoes_the_challenge(phone: Phone) -> None:
    """Meta's GET gets the challenge as plain text; a wrong token or mode is 403."""
    query = {
        "hub.mode": "subscribe",
        "hub.verify_token": "our token",
        "hub.challenge": "1158201444",
    }
    good = await phone.api.anonymous.get(phone.path, params=query)
    assert (good.status_code, good.text) == (200, "1158201444")
    assert good.headers["content-type"].startswith("text/plain")

    for wrong in (
        {"hub.verify_token": "no"},
        {"hub.verify_token": ""},
        {"hub.verify_token": "our tokén"},
        {"hub.mode": "unsubscribe"},
    ):
        refused = await phone.api.anonymous.get(phone.path, params={**query, **wrong})
        assert refused.status_code == 403
        assert "1158201444" not in refused.text


async def test_an_unknown_connection_is_404(phone: Phone) -> None:
    """Verb and signature do not matter when nobody is called."""
    for name in (unknown_id("cnx"), "rubbish", unknown_id("msg")):
        path = f"/channels/whatsapp/{name}/webhook"
        assert (await phone.api.anonymous.get(path)).status_code == 404
        assert (await phone.api.anonymous.post(path, json={})).status_code == 404


async def test_a_wrong_signature_is_401_and_stores_nothing(phone: Phone) -> None:
    """Missing, malformed, of another secret, of other bytes: all the same refusal."""
    body = webhook([text(1)])
    content = json.dumps(body).encode()
    for signature in (
        "",
        "sha256=",
        "sha256=00",
        signed(content, "another secret"),
        signed(content + b" "),
        "sha1=" + signed(content).removeprefix("sha256="),
    ):
        reply = await phone.call(content, signature)
        assert (reply.status_code, reply.json()["code"]) == (401, "wrong_signature"), signature

    assert await phone.api.count(tables.message) == 0


async def test_the_signature_is_over_the_raw_bytes(phone: Phone) -> None:
    """Emoji, escapes, spaces and the order of keys are signed as they were sent."""
    body = webhook([text(1, "Olá \U0001f44b\U0001f3fd")])
    writings = [
        json.dumps(body, ensure_ascii=False, indent=3).encode(),
        json.dumps(body, ensure_ascii=True).encode().replace(b"wamid.1", b"wamid.2"),
        json.dumps(body, sort_keys=True).encode().replace(b"wamid.1", b"wamid.3") + b"\n",
    ]

    replies = [await phone.call(content) for content in writings]

    assert [reply.status_code for reply in replies] == [200] * 3
    rows = await phone.api.rows(tables.message)
    assert [row.body for row in rows] == ["Olá \U0001f44b\U0001f3fd"] * 3


async def test_everything_of_one_call_is_stored_before_the_200(phone: Phone) -> None:
    """Several messages of several people, over several entries, in one request."""
    body = webhook([text(number, f"text {number}") for number in range(3)])
    body["entry"] += webhook([text(10, "from another", "15551234567")])["entry"]

    reply = await phone.call(body)

    assert (reply.status_code, reply.json()) == (200, {"ok": True})
    rows = {row.provider_message_id: row for row in await phone.api.rows(tables.message)}
    assert sorted(rows) == ["wamid.0", "wamid.1", "wamid.10", "wamid.2"]
    assert {row.source for row in rows.values()} == {f"whatsapp:{NUMBER}"}
    assert {row.session_id for row in rows.values()} == {None}
    assert await phone.api.count(tables.customer) == 2
    assert [rows[f"wamid.{number}"].seq for number in range(3)] == [1, 2, 3]


async def test_a_repeated_call_is_stored_once(phone: Phone) -> None:
    """Meta sends again and in any order: each wamid is one row."""
    body = webhook([text(1), text(2), text(1)])

    replies = [await phone.call(sent) for sent in (body, body, webhook([text(2), text(3)]))]

    assert [reply.status_code for reply in replies] == [200] * 3
    rows = await phone.api.rows(tables.message)
    assert sorted(row.provider_message_id for row in rows) == ["wamid.1", "wamid.2", "wamid.3"]


async def test_a_number_without_its_nine_is_the_same_customer(phone: Phone) -> None:
    """WhatsApp's 554784178525 is the person a backend knows as +5547984178525."""
    known = await phone.api.send(customer={"phoneE164": WITH_NINE})

    await phone.call(webhook([text(1)]))

    (row,) = [r for r in await phone.api.rows(tables.message) if r.channel == "whatsapp"]
    assert wire("cus", row.customer_id) == known.json()["customerId"]
    assert await phone.api.count(tables.customer) == 1
    customer = (await phone.api.server.get(f"/customers/{known.json()['customerId']}")).json()
    assert (customer["phoneE164"], customer["displayName"]) == (WITH_NINE, "João")
    assert customer["whatsapp"]["waId"] == WA_ID


async def test_a_message_shows_what_meta_told(phone: Phone) -> None:
    """The wamid, the provider's time, no session, and the customer's own window."""
    await phone.call(webhook([text(1, "Olá")]))

    (message,) = (await phone.api.server.get("/messages")).json()["data"]

    assert (message["providerMessageId"], message["channel"]) == ("wamid.1", "whatsapp")
    assert (message["body"], message["type"]) == ("Olá", "text")
    assert message["occurredAt"] == "2023-11-14T22:13:21.000Z"
    assert message["sessionId"] is None


async def test_statuses_only_rise(phone: Phone) -> None:
    """In the same call as messages, late and twice: read stays read."""
    await phone.call(webhook([text(1)]))
    (row,) = await phone.api.rows(tables.message)
    reply = await phone.api.server.post(
        "/messages",
        json={
            "body": "Yes!",
            "direction": "outbound",
            "customerId": wire("cus", row.customer_id),
            "channel": "api",
        },
    )
    await phone.api.change(tables.message, source=f"whatsapp:{NUMBER}")
    await phone.api.hub.database.write(
        lambda c: c.execute(
            tables.message.update()
            .where(tables.message.c.direction == "outbound")
            .where(tables.message.c.organization_id == phone.api.business.id)
            .values(provider_message_id="wamid.9")
        )
    )
    seen = []
    for news in ([status(9, "delivered")], [status(9, "read"), status(9, "sent")]):
        sent = await phone.call(webhook([text(2)], [*news, status(404, "read"), {"odd": 1}]))
        assert sent.status_code == 200
        seen.append((await phone.api.message_of(reply))["status"])

    assert seen == ["delivered", "read"]


STRANGE: list[dict[str, Any]] = [
    {},
    {"object": "whatsapp_business_account", "entry": []},
    {"entry": [{"changes": [{"field": "account_update", "value": 7}]}]},
    webhook([{"id": 7}, None, "x", {"id": "wamid.x", "type": "new", "timestamp": "1"}]),
    webhook([text(1)], number="another number"),
    webhook([{**text(1), "timestamp": "9" * 40}]),
    webhook([{**text(1), "from": "x" * 400}]),
    webhook([{**text(1), "text": {"body": "a\0b"}}]),
    webhook([{**text(2), "from": "1\0", "id": "wamid.\0"}]),
    webhook([{**text(3), "text": {"body": "lone \ud800"}}]),
    webhook([{**text(4), "deep": json.loads("[" * 60 + "]" * 60), "huge": 10**30}]),
    webhook([{**text(1), "id": "w" * 400}]),
    webhook([text(1, "x" * 20_000)]),
    webhook([], [{**status(1, "failed"), "errors": [7]}]),
    webhook([], [{**status(1, "failed"), "errors": [{"code": {}, "title": 7}]}]),
]


async def test_whatever_is_signed_is_answered_200(phone: Phone) -> None:
    """What is not understood spoils nothing beside it: Meta would stop calling otherwise."""
    for number, strange in enumerate(STRANGE):
        fine = webhook([text(1_000 + number, "still here")])["entry"]

        whole = {**strange, "entry": [*strange.get("entry", []), *fine]}
        reply = await phone.call(json.dumps(whole).encode())

        assert reply.status_code == 200, (strange, reply.text)
        stored = {row.provider_message_id for row in await phone.api.rows(tables.message)}
        assert f"wamid.{1_000 + number}" in stored, strange


async def test_a_signed_body_that_nobody_understands_is_taken(phone: Phone) -> None:
    """200, because Meta repeats what is refused for days; nothing is stored, and the log tells."""
    for content in (b"", b"[]", b"\xff", b"[" * 30_000, b'{"entry": 7}', b'{"entry": [[]]}'):
        reply = await phone.call(content)
        assert (reply.status_code, reply.json()) == (200, {"ok": True}), content
    assert await phone.api.count(tables.message) == 0
