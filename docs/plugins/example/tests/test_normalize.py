"""The calls of `examples/` as messages and status changes; no hub is needed for that."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hub.sdk import BadRequest, Message, Person, StatusChange
from hub.sdk_testing import arrival, normalized

import hub_sms

EXAMPLES = Path(hub_sms.__file__).with_name("examples")
CALL = arrival("connection", connection={"number": "+15550001111"})
SOURCE = "sms:+15550001111"
TABLE = {
    "texts": [
        Message(
            channel="sms",
            source=SOURCE,
            body="Are you open today?",
            provider_message_id="sms-1",
            person=Person(phone_e164="+15551234567"),
            occurred_at=datetime(2026, 1, 31, 12, tzinfo=UTC),
        ),
        Message(
            channel="sms",
            source=SOURCE,
            body="STOP",
            provider_message_id="sms-2",
            person=Person(phone_e164="+15557654321"),
        ),
    ],
    "receipts": [
        StatusChange(
            source=SOURCE,
            provider_message_id="sms-7",
            status="delivered",
            occurred_at=datetime(2026, 1, 31, 12, 0, 5, tzinfo=UTC),
        ),
        StatusChange(
            source=SOURCE,
            provider_message_id="sms-8",
            status="failed",
            occurred_at=datetime(2026, 1, 31, 12, 0, 6, tzinfo=UTC),
            error_code="undeliverable",
            error_text="No such number",
        ),
    ],
}


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_an_example_becomes_what_it_brings(example):
    """Each call of `examples/` has its messages and status changes in the table."""
    assert normalized(hub_sms.CHANNEL, example, CALL) == TABLE[example.stem]


def test_a_number_that_is_none_is_named():
    """The hub refuses the call before `normalize` and says which field is wrong."""
    with pytest.raises(BadRequest) as refused:
        normalized(hub_sms.CHANNEL, b'{"texts": [{"id": "1", "sender": "me", "text": "hi"}]}', CALL)

    assert list(refused.value.fields) == ["texts.0.sender"]
