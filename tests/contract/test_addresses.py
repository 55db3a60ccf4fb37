"""Whom a message is for: addresses that disagree, borrowed identities, people out of reach."""

from typing import Any

import httpx

from hub.auth.limits import Bucket, ShareLimiter
from tests.support.app import Api

ADA = {"phoneE164": "+15550000001"}
BEN = {"phoneE164": "+15550000002"}


async def _to(api: Api, **body: Any) -> httpx.Response:
    return await api.server.post(
        "/messages", json={"body": "Yes!", "direction": "outbound", **body}
    )


def _fields(reply: httpx.Response) -> list[str]:
    return list(reply.json()["details"]["fieldErrors"])


async def test_a_customer_and_the_conversation_of_another_are_refused(api: Api) -> None:
    """Nothing is guessed: a reply for Ada never lands with Ben."""
    ada, ben = await api.send(customer=ADA), await api.send(customer=BEN)

    reply = await _to(
        api,
        customerId=ada.json()["customerId"],
        conversationId=ben.json()["conversationId"],
    )

    assert (reply.status_code, _fields(reply)) == (400, ["conversationId"])


async def test_a_reply_quotes_its_own_customer_only(api: Api) -> None:
    """A quote would show the text: another's message is not there."""
    ada, ben = await api.send(customer=ADA), await api.send(customer=BEN)
    to_ada = ada.json()["customerId"]

    own = await _to(api, customerId=to_ada, replyToId=ada.json()["id"])
    other = await _to(api, customerId=to_ada, replyToId=ben.json()["id"])

    assert own.status_code == 200
    assert (other.status_code, _fields(other)) == (400, ["replyToId"])


async def test_what_identifies_another_does_not_describe_a_customer(api: Api) -> None:
    """The phone is Ada's, the external id Ben's: Ada wins and does not wear Ben's id."""
    await api.send(customer=ADA)
    await api.send(customer=BEN, visitor={"externalUserId": "u_ben", "externalEmail": "b@x.io"})

    mixed = await api.send(
        customer=ADA, visitor={"externalUserId": "u_ben", "externalEmail": "b@x.io"}
    )

    customer = (await api.message_of(mixed))["customer"]
    assert (customer["phoneE164"], customer["externalUserId"], customer["email"]) == (
        ADA["phoneE164"],
        None,
        None,
    )


async def test_who_never_used_the_widget_cannot_be_written_to_there(api: Api) -> None:
    """The message is kept and failed with a reason; no visitor is made up for it."""
    asked = await api.send(customer=ADA)

    reply = await _to(api, customerId=asked.json()["customerId"], channel="widget")

    stored = await api.message_of(reply)
    assert (stored["status"], stored["error"]["code"]) == ("failed", "never_wrote")
    assert reply.json()["sessionId"] is None


async def test_a_person_has_one_visitor_however_they_are_addressed(api: Api) -> None:
    """By phone or by customer id: the derived visitor and its session are the same."""
    by_phone = await api.send(customer=ADA)

    by_id = await api.server.post(
        "/messages", json={"body": "again", "customerId": by_phone.json()["customerId"]}
    )

    for name in ("visitorId", "sessionId", "conversationId"):
        assert by_id.json()[name] == by_phone.json()[name]


async def test_a_visitor_beyond_ascii_is_one_in_header_and_body(api: Api) -> None:
    """`X-Visitor` is UTF-8, as the body is."""
    secret = "abcdefghijklmnopqrstuv"
    header = {"X-Visitor": f"v_é.{secret}".encode()}
    body = {"body": "hi", "visitor": {"visitorId": "v_é"}}

    named = await api.widget.post("/widget/messages", json=body)
    proved = await api.widget.post("/widget/messages", json={"body": "hi"}, headers=header)

    assert named.json()["visitorId"] == proved.json()["visitorId"] == "v_é"


async def test_processes_that_cannot_count_together_share_the_limit() -> None:
    """Three processes without Redis: together they allow no more than the limit."""
    bucket = Bucket("one", 60)
    processes = [ShareLimiter(3) for _ in range(3)]

    allowed = [(await one.take([bucket]))[0].allowed for one in processes for _ in range(60)]

    assert allowed.count(True) == bucket.limit
