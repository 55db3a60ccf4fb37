"""Events as the outside gets them."""

from datetime import UTC, datetime
from typing import Any, get_args

import msgspec

from hub import ids
from hub.accept import statuses
from hub.api.envelopes import ENVELOPES, AnyEvent
from hub.contracts import StatusChange
from hub.events import catalogue
from hub.services.hub import Hub
from tests.hub.api.conftest import Business


async def test_data_of_message_created_is_the_message_itself(bakery: Business) -> None:
    """Byte for byte what its own endpoint answers."""
    place = await bakery.say("hé\u2028llo", customer={"phoneE164": "+15551234567"})

    message = await bakery.client.get(f"/messages/{place['id']}")
    events = await bakery.client.get("/events", params={"type": "message.created"})

    assert b'"data":%b}' % message.content in events.content


async def test_each_event_is_an_envelope_around_its_subject(bakery: Business) -> None:
    """The first message of a visitor who tells a name leaves four events."""
    place = await bakery.say("hi", visitor={"visitorId": "v1", "externalUserId": "u_42"})

    events = {event["type"]: event for event in (await bakery.get("/events"))["data"]}

    assert {name: event["data"]["id"] for name, event in events.items()} == {
        "message.created": place["id"],
        "conversation.created": place["conversationId"],
        "customer.created": place["customerId"],
        "visitor.identified": place["sessionId"],
    }
    for event in events.values():
        assert event["id"].startswith("evt_")
        assert event["organizationId"] == ids.wire("org", bakery.organization.id)
        assert event["apiVersion"] == "v1"
        assert datetime.fromisoformat(event["timestamp"]) <= datetime.now(UTC)


async def test_status_event_tells_of_its_own_moment(hub: Hub, bakery: Business) -> None:
    """A message that was read since was delivered then."""
    sent = await bakery.say(
        "hello", direction="outbound", visitor={"visitorId": "v1"}, providerMessageId="p1"
    )
    for status in ("delivered", "read"):
        change = StatusChange(
            source="api", provider_message_id="p1", status=status, occurred_at=datetime.now(UTC)
        )
        await hub.database.write(
            lambda c, change=change: statuses.change(
                c, bakery.organization.id, change, datetime.now(UTC)
            )
        )

    events = (await bakery.get("/events", type="message.status_updated"))["data"]

    assert [event["data"]["status"] for event in events] == ["read", "delivered"]
    assert {event["data"]["id"] for event in events} == {sent["id"]}


async def test_events_are_paged_and_filtered(bakery: Business) -> None:
    """By type and time, newest first."""
    for number in range(3):
        await bakery.say(str(number))

    page = await bakery.get("/events", type="message.created", limit=2)
    rest = await bakery.get("/events", type="message.created", cursor=page["nextCursor"])

    bodies = [event["data"]["body"] for event in page["data"] + rest["data"]]
    assert bodies == ["2", "1", "0"]
    assert (await bakery.get("/events", since="2100-01-01T00:00:00Z"))["data"] == []


async def test_each_kind_has_a_sample_of_the_form_of_real_ones(bakery: Business) -> None:
    """A sample decodes as its kind and has the fields of what happens."""
    kinds = {kind["type"]: kind for kind in (await bakery.get("/event-types"))["data"]}
    await bakery.say("hi", visitor={"visitorId": "v1", "externalUserId": "u_42"})
    real = (await bakery.get("/events"))["data"]

    assert list(kinds) == [kind.name for kind in catalogue.ALL]
    for name, kind in kinds.items():
        assert kind["sample"]["type"] == name
        assert kind["description"] == catalogue.BY_NAME[name].description
        msgspec.convert(kind["sample"], ENVELOPES[name])
    for event in real:
        assert _shape(event, 2) == _shape(kinds[event["type"]]["sample"], 2)


def test_each_kind_has_its_envelope() -> None:
    """No more and no less, in the catalogue's order."""
    assert list(ENVELOPES) == [kind.name for kind in catalogue.ALL]
    assert len(get_args(AnyEvent)) == len(ENVELOPES)


def _shape(value: Any, depth: int) -> Any:
    """Return the names in an object, down to a depth."""
    if not isinstance(value, dict) or depth == 0:
        return None
    return {name: _shape(part, depth - 1) for name, part in value.items()}
