"""The bodies of `examples/` as messages."""

from pathlib import Path

import pytest

import hub_server_ingest
from hub import ids
from hub.contracts import Message, Person, Template, Visit
from hub.sdk_testing import arrival, normalized

EXAMPLES = Path(hub_server_ingest.__file__).with_name("examples")
TABLE = {
    "inbound_by_phone": Message(
        channel="api",
        source="api",
        body="Is the blue one back in stock?",
        person=Person(phone_e164="+15551234567", display_name="Jane Doe"),
        visit=Visit(),
    ),
    "inbound_from_site": Message(
        channel="api",
        source="api",
        body="Which plan has single sign-on?",
        provider_message_id="shop-4711",
        person=Person(
            phone_e164="+15551234567",
            external_user_id="u_42",
            email="jane@example.com",
            visitor_id="v_9f3c",
            display_name="Jane Doe",
        ),
        visit=Visit(
            visitor_id="v_9f3c",
            path="/pricing?utm_source=mail",
            referer="https://search.example/",
            external_user_id="u_42",
            external_email="jane@example.com",
            external_name="Jane Doe",
        ),
    ),
    "reply": Message(
        channel="api",
        source="api",
        direction="outbound",
        body="It is: we kept one for you.",
        person=Person(),
        visit=Visit(),
        conversation_id=ids.parse("con", "con_01kb3e9v5hf0zt3tbwq6s1m8nd"),
        reply_channel="widget",
        reply_to_id=ids.parse("msg", "msg_01kb3e9v5hf0zt3tbwq6s1m8ne"),
    ),
    "reply_by_template": Message(
        channel="api",
        source="api",
        direction="outbound",
        body="Your order is on its way.",
        person=Person(),
        visit=Visit(),
        customer_id=ids.parse("cus", "cus_01kb3e9v5hf0zt3tbwq6s1m8nf"),
        reply_channel="whatsapp",
        template=Template(
            "order_shipped",
            "en",
            [{"type": "body", "parameters": [{"type": "text", "text": "4711"}]}],
        ),
    ),
    "empty_values": Message(
        channel="api",
        source="api",
        body="  spaces, \t tabs and 👋🏽 come back as they were \n",
        person=Person(external_user_id="u_42"),
        visit=Visit(external_user_id="u_42"),
    ),
}


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_an_example_becomes_its_message(example: Path) -> None:
    """Each body of `examples/` has its message in the table."""
    assert normalized(hub_server_ingest.CHANNEL, example) == [TABLE[example.stem]]


def test_an_idempotency_key_stands_in_for_a_missing_provider_id() -> None:
    """The header names the message when the body does not; the body's own id is stronger."""
    called = arrival("server", idempotency_key="from-header")
    found = [
        normalized(hub_server_ingest.CHANNEL, EXAMPLES / f"{name}.json", called)[0]
        for name in ("inbound_by_phone", "inbound_from_site")
    ]

    assert [message.provider_message_id for message in found] == ["from-header", "shop-4711"]
