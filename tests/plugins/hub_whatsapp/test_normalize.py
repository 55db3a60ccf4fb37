"""The calls of `examples/` as messages and status changes."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

import hub_whatsapp
from hub.contracts import Connection, Identity, Message, Person, StatusChange
from hub.sdk_testing import arrival, normalized

EXAMPLES = Path(hub_whatsapp.__file__).with_name("examples")
CALL = arrival("connection", connection={"phone_number_id": "1000001", "waba_id": "2000002"})
JANE = Person(phone_e164="+15551234567", display_name="Jane Doe")
NUMBER = {"wa_id": "15551234567", "account": "2000002"}
BOTH = {**NUMBER, "user_id": "US.7000007"}


def moment(seconds: int) -> datetime:
    """Return a moment of Meta's clock."""
    return datetime.fromtimestamp(seconds, UTC)


def message(provider_message_id: str, **facts) -> Message:
    """Return a message of this number."""
    return Message(
        channel="whatsapp",
        source="whatsapp:1000001",
        provider_message_id=provider_message_id,
        **facts,
    )


def status(provider_message_id: str, status: str, at: datetime, **error: str) -> StatusChange:
    """Return a change of a message sent from this number."""
    return StatusChange(
        source="whatsapp:1000001",
        provider_message_id=provider_message_id,
        status=status,
        occurred_at=at,
        **error,
    )


TABLE = {
    "text": [
        message(
            "wamid.text1",
            body="Do you ship to Canada? 🇨🇦",
            person=JANE,
            facts=BOTH,
            occurred_at=moment(1769860800),
        )
    ],
    "user_id_only": [
        message(
            "wamid.user1",
            body="I write without a phone number.",
            person=Person(display_name="Sam"),
            facts={"user_id": "US.8000008", "account": "2000002"},
            occurred_at=moment(1769860801),
        )
    ],
    "several": [
        message(
            "wamid.several1",
            type="image",
            body="[image]",
            person=JANE,
            facts=BOTH,
            occurred_at=moment(1769860802),
        ),
        message(
            "wamid.several2",
            type="unsupported",
            body="[reaction]",
            person=JANE,
            facts=BOTH,
            occurred_at=moment(1769860803),
        ),
        status("wamid.ours1", "delivered", moment(1769860804)),
    ],
    "statuses": [
        status("wamid.ours1", "sent", moment(1769860805)),
        status("wamid.ours1", "read", CALL.at),
        status(
            "wamid.ours2",
            "failed",
            moment(1769860806),
            error_code="131026",
            error_text="Message undeliverable",
        ),
        status("wamid.ours4", "failed", moment(1769860808)),
    ],
    "other_number": [],
    "strange_ids": [
        message(
            "wamid.strange1",
            body="Ids that nobody has.",
            person=Person(),
            facts={"wa_id": "1555123456712345678901234", "account": "2000002"},
            occurred_at=CALL.at,
        )
    ],
    "broken_items": [
        message(
            "wamid.broken2",
            body="The good one among them.",
            person=JANE,
            facts=BOTH,
            occurred_at=CALL.at,
        )
    ],
}


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_an_example_becomes_what_it_brings(example: Path) -> None:
    """Each call of `examples/` has its messages and status changes in the table."""
    assert normalized(hub_whatsapp.CHANNEL, example, CALL) == TABLE[example.stem]


def test_a_person_is_known_by_user_id_before_number() -> None:
    """Both hold within the account, and the one that survives a change of number comes first."""
    (found,) = normalized(hub_whatsapp.CHANNEL, EXAMPLES / "text.json", CALL)

    assert hub_whatsapp.identities(found) == [
        Identity("wa_bsuid", "US.7000007", "US.7000007", "2000002"),
        Identity("wa_id", "15551234567", "15551234567", "2000002"),
    ]


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ({"hub.mode": "subscribe", "hub.verify_token": "right", "hub.challenge": "42"}, "42"),
        ({"hub.mode": "subscribe", "hub.verify_token": "wrong", "hub.challenge": "42"}, None),
        ({"hub.mode": "subscribe", "hub.challenge": "42"}, None),
        ({"hub.mode": "unsubscribe", "hub.verify_token": "right", "hub.challenge": "42"}, None),
        ({}, None),
    ],
)
def test_meta_gets_its_challenge_back_for_the_right_token(
    query: dict[str, str], answer: str | None
) -> None:
    """The verification succeeds with the connection's own token and with nothing else."""
    connection = Connection(
        id=CALL.caller.organization_id,
        organization_id=CALL.caller.organization_id,
        plugin="whatsapp",
        external_key="1000001",
        data={},
        secrets={"verify_token": "right"},
    )

    assert hub_whatsapp.CHANNEL.handshake is not None
    assert hub_whatsapp.CHANNEL.handshake(query, connection) == answer
