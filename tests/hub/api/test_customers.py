"""Customers: found, created once, never merged silently; on either store."""

import asyncio
from typing import Any

import pytest

from tests.hub.api.conftest import Business

JANE = {"phoneE164": "+15551234567", "displayName": "Jane"}


@pytest.mark.parametrize(
    ("known", "query"),
    [
        ({"customer": {"phoneE164": "+15551234567"}}, {"phoneE164": "+15551234567"}),
        ({"customer": {"phoneE164": "+5547984178525"}}, {"phoneE164": "+554784178525"}),
        ({"customer": {"phoneE164": "+5215512345678"}}, {"phoneE164": "+525512345678"}),
        ({"visitor": {"externalEmail": "Jane@Example.com"}}, {"email": "jane@example.COM"}),
        ({"visitor": {"externalUserId": "u_42"}}, {"externalUserId": "u_42"}),
        ({"visitor": {"visitorId": "v1"}}, {"visitorId": "v1"}),
        (
            {"customer": {"phoneE164": "+15551234567"}, "visitor": {"visitorId": "v1"}},
            {"visitorId": "v1"},
        ),
        ({"customer": JANE}, {"q": "JAN"}),
        ({"customer": JANE}, {"q": "5551"}),
        ({"visitor": {"externalName": "100% Jane", "visitorId": "v"}}, {"q": "0% j"}),
    ],
)
async def test_customer_is_found(
    bakery: Business, known: dict[str, Any], query: dict[str, str]
) -> None:
    """By any writing of a phone number, by e-mail whatever its capitals, by text in its fields."""
    place = await bakery.say(**known)
    await bakery.say(visitor={"visitorId": "somebody else"})

    found = await bakery.get("/customers", **query)

    assert [customer["id"] for customer in found["data"]] == [place["customerId"]]


@pytest.mark.parametrize("query", [{"phoneE164": "+15550000000"}, {"q": "%"}, {"visitorId": "v"}])
async def test_nobody_found_is_an_empty_list(bakery: Business, query: dict[str, str]) -> None:
    """Never 404; a wildcard is only a character."""
    await bakery.say(customer=JANE)

    assert await bakery.get("/customers", **query) == {"data": [], "nextCursor": None}


async def test_customer_is_created_once_and_found_after(bakery: Business) -> None:
    """Find or create: what is told is added."""
    first = await bakery.post("/customers", phoneE164="+15551234567", attributes={"plan": "free"})
    again = await bakery.post(
        "/customers",
        phoneE164="+15551234567",
        email="jane@example.com",
        displayName="Jane",
        attributes={"plan": "pro", "seats": 3},
    )

    assert (first["ok"], first["created"], again["created"]) == (True, True, False)
    assert again["id"] == first["id"]
    assert (again["displayName"], again["email"]) == ("Jane", "jane@example.com")
    assert again["attributes"] == {"plan": "pro", "seats": 3}
    plain = {name: value for name, value in again.items() if name not in ("ok", "created")}
    assert plain == await bakery.get(f"/customers/{first['id']}")
    assert await bakery.events() == ["customer.created", "customer.updated"]


async def test_telling_what_is_known_changes_nothing(bakery: Business) -> None:
    """No event, no new time of change."""
    told = {"email": "jane@example.com", "displayName": "Jane", "attributes": {"plan": "pro"}}
    first = await bakery.post("/customers", **told)

    again = await bakery.post("/customers", **told)

    assert again["updatedAt"] == first["updatedAt"]
    assert await bakery.events() == ["customer.created"]


async def test_new_attribute_alone_is_an_update(bakery: Business) -> None:
    """It leaves an event."""
    await bakery.post("/customers", email="jane@example.com")
    await bakery.post("/customers", email="jane@example.com", attributes={"plan": "pro"})

    assert await bakery.events() == ["customer.created", "customer.updated"]


async def test_identities_of_two_customers_merge_nobody(bakery: Business) -> None:
    """The phone number decides, and an event tells of the other."""
    phone = await bakery.post("/customers", phoneE164="+15551234567")
    mail = await bakery.post("/customers", email="jane@example.com")

    both = await bakery.post("/customers", email="jane@example.com", phoneE164="+15551234567")

    assert both["id"] == phone["id"]
    (conflict,) = (await bakery.get("/events", type="customer.identity_conflict"))["data"]
    assert conflict["data"] == {
        "customerId": phone["id"],
        "otherCustomerId": mail["id"],
        "identity": {"kind": "email", "value": "jane@example.com"},
    }


async def test_customer_without_identity_is_refused(bakery: Business) -> None:
    """All that is wrong is told at once."""
    reply = await bakery.client.post("/customers", json={"displayName": 5})

    assert reply.status_code == 400
    assert reply.json()["details"] == {
        "fieldErrors": {"displayName": ["Send text of 0 to 200 characters"]},
        "formErrors": ["Send at least one of: phoneE164, email, externalUserId"],
    }


async def test_customer_saved_by_many_at_once_is_one(bakery: Business) -> None:
    """Whoever comes second finds what the first made."""
    calls = [bakery.post("/customers", phoneE164="+15551234567") for _ in range(12)]

    saved = await asyncio.gather(*calls)

    assert len({customer["id"] for customer in saved}) == 1
    assert [customer["created"] for customer in saved].count(True) == 1


@pytest.mark.parametrize("letter", ["a", "ß", "İ"])
async def test_longest_address_is_found_again(bakery: Business, letter: str) -> None:
    """Also one that is longer without its capitals, on a store that counts."""
    address = letter * 320

    place = await bakery.say(visitor={"externalEmail": address})
    saved = await bakery.post("/customers", email=address)

    assert saved["id"] == place["customerId"]
    found = await bakery.get("/customers", email=address)
    assert [customer["id"] for customer in found["data"]] == [place["customerId"]]


async def test_attributes_have_an_end(bakery: Business) -> None:
    """They do not grow call by call; what was there stays."""
    kept = await bakery.post("/customers", email="a@b.example", attributes={"one": "x" * 60_000})

    reply = await bakery.client.post(
        "/customers", json={"email": "a@b.example", "attributes": {"two": "x" * 10_000}}
    )

    assert (reply.status_code, list(reply.json()["details"]["fieldErrors"])) == (
        400,
        ["attributes"],
    )
    customer = await bakery.get(f"/customers/{kept['id']}")
    assert customer["attributes"] == kept["attributes"]
