"""Whose message it is when a token proves who the visitor is: nobody is merged silently."""

import asyncio

import pytest

from hub.store import tables
from tests.support.app import Api
from tests.support.identified import Visited

PERSON = {"customer": {"phoneE164": "+15551234567"}, "visitor": {"externalUserId": "u_42"}}


@pytest.fixture
async def visited(api: Api) -> Visited:
    """A site whose widget key takes tokens, and needs none."""
    return await Visited.on(api)


@pytest.mark.parametrize("way", ["header", "body"])
async def test_a_token_says_who_the_customer_is(visited: Visited, way: str) -> None:
    """Id, address and name of the token, in a session that is verified; in header or body."""
    token = visited.site.token(email="jane@example.com", name="Jane")
    sent = {"token": token} if way == "header" else {"identityToken": token}

    reply = await visited.write("hi", **sent)

    customer, session = await visited.customer(reply), await visited.session(reply)
    told = {"externalUserId": "u_42", "email": "jane@example.com", "displayName": "Jane"}
    assert {name: customer[name] for name in told} == told
    assert session["verified"] is True
    assert [session[f"external{name}"] for name in ("UserId", "Email", "Name")] == list(
        told.values()
    )
    kept = await visited.api.rows(tables.customer_identity)
    assert {row.kind: row.verified_by for row in kept} == {
        "external_id": "identity_token",
        "email": "identity_token",
    }


async def test_what_the_page_says_beside_a_token_counts_for_nothing(visited: Visited) -> None:
    """Name and address come from the token alone: the page's word is no proof."""
    claims = {"externalUserId": "u_1", "externalEmail": "boss@example.com", "externalName": "Boss"}

    reply = await visited.write("hi", token=visited.site.token(), **claims)

    customer, session = await visited.customer(reply), await visited.session(reply)
    assert [customer[name] for name in ("externalUserId", "email", "displayName")] == [
        "u_42",
        None,
        None,
    ]
    assert (session["externalUserId"], session["externalName"]) == ("u_42", None)


async def test_a_person_who_is_known_is_found(visited: Visited) -> None:
    """A customer whom a backend named comes by the widget: one customer, from any browser."""
    known = (await visited.api.send(**PERSON)).json()
    token = visited.site.token()

    there = [await visited.write("hi", visitor, token) for visitor in ("v_1", "v_2")]

    assert {reply["customerId"] for reply in there} == {known["customerId"]}


async def test_who_wrote_before_becomes_the_person(visited: Visited) -> None:
    """Nobody was known as u_42: the visitor's own customer is, and its talk goes on."""
    before = await visited.write("hi")
    after = await visited.write("it is me", token=visited.site.token())

    assert after["conversationId"] == before["conversationId"]
    assert (await visited.customer(before))["externalUserId"] == "u_42"


async def test_nobody_is_merged_silently(visited: Visited) -> None:
    """Who wrote before as somebody else goes on as the person; an event names both."""
    known = (await visited.api.send(**PERSON)).json()
    before = await visited.write("hi")
    after = await visited.write("it is me", token=visited.site.token())
    later = await visited.write("without a token")

    assert after["customerId"] == known["customerId"] != before["customerId"]
    assert later["conversationId"] == before["conversationId"]
    query = {"type": "customer.identity_conflict"}
    (event,) = (await visited.api.server.get("/events", params=query)).json()["data"]
    assert event["data"] == {
        "customerId": known["customerId"],
        "otherCustomerId": before["customerId"],
        "identity": {"kind": "visitor", "value": "v_1"},
    }


async def test_two_people_at_one_browser_stay_two(visited: Visited) -> None:
    """Whoever signs in next is not taken for the one before, nor are those who do not sign in."""
    first = await visited.write("before")
    jane = await visited.write("Jane", token=visited.site.token())
    john = await visited.write("John", token=visited.site.token(sub="u_1"))
    fresh = [await visited.write("x", "v_2", visited.site.token(sub=sub)) for sub in ("u_2", "u_3")]
    nobody = await visited.write("nobody", "v_2")

    assert jane["customerId"] == first["customerId"]
    everyone = [jane, john, *fresh, nobody]
    assert len({reply["customerId"] for reply in everyone}) == len(everyone)
    ids = [(await visited.customer(reply))["externalUserId"] for reply in everyone]
    assert ids == ["u_42", "u_1", "u_2", "u_3", None]


async def test_an_address_joins_no_two_ids(visited: Visited) -> None:
    """Somebody with another id and the same address is somebody else; an event tells of it."""
    address = "jane@example.com"
    jane = await visited.write("Jane", "v_1", visited.site.token(email=address))
    other = await visited.write("not Jane", "v_2", visited.site.token(sub="u_1", email=address))

    assert other["customerId"] != jane["customerId"]
    assert (await visited.customer(other))["email"] is None
    query = {"type": "customer.identity_conflict"}
    (event,) = (await visited.api.server.get("/events", params=query)).json()["data"]
    assert event["data"]["identity"] == {"kind": "email", "value": address}


async def test_an_address_finds_who_has_no_id_yet(visited: Visited) -> None:
    """A customer whom the business knows by address alone, and now by id too."""
    known = await visited.api.send(customer={}, visitor={"externalEmail": "jane@example.com"})
    reply = await visited.write("hi", token=visited.site.token(email="Jane@example.com"))

    assert reply["customerId"] == known.json()["customerId"]
    assert (await visited.customer(reply))["externalUserId"] == "u_42"


async def test_a_claim_does_not_describe_who_is_known(visited: Visited) -> None:
    """In a browser that is a known person's by now, the page's word fills no gap of theirs."""
    await visited.write("before")
    proved = await visited.write("signed in", token=visited.site.token())
    claims = {"externalEmail": "boss@example.com", "externalName": "Boss"}
    claimed = await visited.write("signed out", **claims)

    assert claimed["customerId"] == proved["customerId"]
    customer = await visited.customer(proved)
    assert (customer["email"], customer["displayName"]) == (None, None)
    assert (await visited.session(claimed))["verified"] is False


async def test_a_session_is_of_one_proof(visited: Visited) -> None:
    """With a token, without, with one again: three sessions, each with its own messages."""
    token = visited.site.token()
    replies = [
        await visited.write(str(i), token=t) for i, t in enumerate((token, None, None, token))
    ]

    assert len({reply["sessionId"] for reply in replies}) == 3
    found = [await visited.session(reply) for reply in replies]
    assert [(one["verified"], one["messageCount"]) for one in found] == [
        (True, 1),
        (False, 2),
        (False, 2),
        (True, 1),
    ]


async def test_both_at_once_are_counted_right(visited: Visited) -> None:
    """Calls with and without a token that share a batch: no message is lost or counted twice."""
    token = visited.site.token()
    calls = [visited.write(str(i), token=token if i % 3 else None) for i in range(12)]
    replies = await asyncio.gather(*calls)

    sessions = await visited.api.rows(tables.visitor_session)
    messages = await visited.api.rows(tables.message)
    assert sum(session.message_count for session in sessions) == len(messages) == 12
    assert len([session for session in sessions if session.closed_at is None]) == 1
    proven = {session.id: session.verified for session in sessions}
    by_body = {message.body: proven[message.session_id] for message in messages}
    assert by_body == {str(i): bool(i % 3) for i in range(12)}
    assert len({reply["id"] for reply in replies}) == 12
