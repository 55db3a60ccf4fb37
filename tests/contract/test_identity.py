"""Who is who: identities find one customer in any writing, and nobody is merged silently."""

from typing import Any

import httpx
import pytest

from hub.store import tables
from tests.support.app import Api, bearer, make_business

PHONE = "+15551234567"


async def write(api: Api, **body: Any) -> httpx.Response:
    """Send a message with the server key."""
    reply = await api.server.post("/messages", json={"body": "hi", **body})
    assert reply.status_code == 200, reply.text
    return reply


async def customer_of(api: Api, **body: Any) -> str:
    """Return whose message it became."""
    found: str = (await write(api, **body)).json()["customerId"]
    return found


async def visit(api: Api, visitor_id: str = "v_1", **visitor: Any) -> httpx.Response:
    """Send a message from the widget."""
    body = {"body": "hi", "visitor": {"visitorId": visitor_id, **visitor}}
    reply = await api.widget.post("/widget/messages", json=body)
    assert reply.status_code == 200, reply.text
    return reply


@pytest.mark.parametrize(
    "writings",
    [
        ("+5547984178525", "+554784178525"),
        ("+5511987654321", "+551187654321"),
        ("+525512345678", "+5215512345678"),
    ],
    ids=["Brazil", "Brazil, other area", "Mexico"],
)
async def test_two_writings_of_one_number_are_one_customer(
    api: Api, writings: tuple[str, str]
) -> None:
    """Brazil's ninth digit and Mexico's old 1 make no second person, in either order."""
    short, long = writings
    first = await customer_of(api, customer={"phoneE164": short})

    assert await customer_of(api, customer={"phoneE164": long}) == first
    assert await api.count(tables.customer) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("+554733334444", "+5547933334444"), ("+15551234567", "+15551234568")],
    ids=["a Brazilian landline", "another number"],
)
async def test_two_numbers_are_two_customers(api: Api, one: str, other: str) -> None:
    """A landline never had a ninth digit: what looks alike stays apart."""
    first = await customer_of(api, customer={"phoneE164": one})

    assert await customer_of(api, customer={"phoneE164": other}) != first


async def test_capitals_in_an_address_make_no_second_customer(api: Api) -> None:
    """E-mail is compared without capitals and shown as it was sent first."""
    first = await customer_of(api, visitor={"externalEmail": "Jane@Example.com"})

    assert await customer_of(api, visitor={"externalEmail": "jane@example.COM"}) == first
    customer = (await api.server.get(f"/customers/{first}")).json()
    assert customer["email"] == "jane@example.COM"


async def test_identities_that_come_together_lead_to_one_customer(api: Api) -> None:
    """Once phone, external id, e-mail and visitor came in one call, each alone finds the person."""
    visitor = {"visitorId": "v", "externalUserId": "u_42", "externalEmail": "jane@example.com"}
    first = await customer_of(api, customer={"phoneE164": PHONE}, visitor=visitor)

    alone = [{"customer": {"phoneE164": PHONE}}]
    alone += [{"visitor": {name: value}} for name, value in visitor.items()]

    assert [await customer_of(api, **body) for body in alone] == [first] * 4


async def test_the_strongest_identity_wins_and_the_conflict_is_told(api: Api) -> None:
    """Phone before external id before e-mail: nobody is merged, and an event names both."""
    by_phone = await customer_of(api, customer={"phoneE164": PHONE})
    by_id = await customer_of(api, visitor={"externalUserId": "u_42"})
    by_email = await customer_of(api, visitor={"externalEmail": "jane@example.com"})

    both = await customer_of(api, customer={"phoneE164": PHONE}, visitor={"externalUserId": "u_42"})
    weaker = await customer_of(
        api, visitor={"externalUserId": "u_42", "externalEmail": "jane@example.com"}
    )

    assert (both, weaker) == (by_phone, by_id)
    assert len({by_phone, by_id, by_email}) == await api.count(tables.customer) == 3
    found = await api.server.get("/events", params={"type": "customer.identity_conflict"})
    assert [event["data"] for event in reversed(found.json()["data"])] == [
        {
            "customerId": by_phone,
            "otherCustomerId": by_id,
            "identity": {"kind": "external_id", "value": "u_42"},
        },
        {
            "customerId": by_id,
            "otherCustomerId": by_email,
            "identity": {"kind": "email", "value": "jane@example.com"},
        },
    ]


async def test_the_customers_name_beats_the_visitors(api: Api) -> None:
    """`customer.displayName`, or else `visitor.externalName`; a backend's later word counts."""
    both = {
        "customer": {"phoneE164": PHONE, "displayName": "Jane"},
        "visitor": {"externalName": "J."},
    }
    named = await api.message_of(await write(api, **both))
    renamed = await api.message_of(
        await write(api, customer={"phoneE164": PHONE}, visitor={"externalName": "Jane Doe"})
    )

    assert named["customer"]["displayName"] == "Jane"
    assert renamed["customer"]["displayName"] == "Jane Doe"


async def test_a_browser_finds_nobody_by_what_it_claims(api: Api) -> None:
    """An unproved external id or e-mail leads to no customer that exists already."""
    known = await customer_of(
        api,
        customer={"phoneE164": PHONE},
        visitor={"externalUserId": "u_42", "externalEmail": "jane@example.com"},
    )

    claimed = await visit(api, externalUserId="u_42", externalEmail="jane@example.com")

    assert claimed.json()["customerId"] != known
    assert await api.count(tables.customer) == 2


async def test_a_browsers_claim_is_no_way_to_its_customer(api: Api) -> None:
    """What a browser claimed first does not catch the real person's messages later."""
    claimed = await visit(api, externalUserId="u_42", externalEmail="jane@example.com")

    real = await customer_of(
        api, visitor={"externalUserId": "u_42", "externalEmail": "jane@example.com"}
    )

    assert real != claimed.json()["customerId"]
    found = await api.server.get("/customers", params={"externalUserId": "u_42"})
    assert [customer["id"] for customer in found.json()["data"]] == [real]


async def test_a_browser_overwrites_nothing_that_is_known(api: Api) -> None:
    """A claim fills a gap; a name that a backend gave stays."""
    first = await visit(api, externalName="Visitor")
    await write(api, visitor={"visitorId": "v_1", "externalName": "Jane Doe"})

    await visit(api, externalName="The Boss")

    assert (await api.message_of(first))["customer"]["displayName"] == "Jane Doe"


async def test_a_backend_names_the_widgets_visitor(api: Api) -> None:
    """A server key that sends the widget's visitor id with a phone means the same person."""
    browsing = await visit(api)

    named = await customer_of(api, customer={"phoneE164": PHONE}, visitor={"visitorId": "v_1"})

    assert named == browsing.json()["customerId"]


async def test_a_visitor_is_its_keys_own(api: Api) -> None:
    """The same visitor id on a page with another widget key is another browser."""
    origin = "https://other.example.com"
    other = await api.hub.keys.create(api.business.id, "widget", "other", [origin])
    headers = {**bearer(other.plaintext), "Origin": origin}

    theirs = await api.client(headers).post(
        "/widget/messages", json={"body": "hi", "visitor": {"visitorId": "v_1"}}
    )

    assert theirs.json()["customerId"] != (await visit(api)).json()["customerId"]


async def test_one_person_is_a_customer_of_each_business(api: Api) -> None:
    """Identities hold within one business: another one's customer of this phone is another row."""
    other = await make_business(api.hub, "globex")
    mine = await customer_of(api, customer={"phoneE164": PHONE})

    theirs = await api.client(other.bearer).post(
        "/messages", json={"body": "hi", "customer": {"phoneE164": PHONE}}
    )

    assert theirs.json()["customerId"] != mine


async def test_a_conversation_per_customer_and_channel(api: Api) -> None:
    """The next message goes on in it, the API's is not the widget's, and a closed one reopens."""
    browsing = await visit(api)
    backend = await write(api, visitor={"visitorId": "v_1"})
    again = await visit(api)
    conversation = f"/conversations/{browsing.json()['conversationId']}"
    await api.server.patch(conversation, json={"status": "closed"})

    await visit(api)

    assert again.json()["conversationId"] == browsing.json()["conversationId"]
    assert backend.json()["conversationId"] != browsing.json()["conversationId"]
    found = (await api.server.get(conversation)).json()
    assert (found["status"], found["lastSeq"]) == ("open", 3)
