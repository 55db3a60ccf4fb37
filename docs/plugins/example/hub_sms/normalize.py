"""The gateway's call as messages and status changes. Pure: no I/O, no clock, no settings."""

from collections.abc import Sequence

from hub.sdk import Accepted, Arrival, Message, Person, StatusChange

from hub_sms.payload import Delivery, Receipt, Taken, Text

CHANNEL_NAME = "sms"


def normalize(payload: Delivery, arrival: Arrival) -> list[Message | StatusChange]:
    """Return everything the call brings for the connected number, in order."""
    source = f"{CHANNEL_NAME}:{arrival.connection['number']}"
    texts = [_message(text, source) for text in payload.texts]
    receipts = [_change(receipt, source) for receipt in payload.receipts]
    return [*texts, *receipts]


def taken(accepted: Sequence[Accepted | None]) -> Taken:
    """Answer once everything is committed; a status change is None among the accepted."""
    return Taken(stored=sum(place is not None for place in accepted))


def _message(text: Text, source: str) -> Message:
    return Message(
        channel=CHANNEL_NAME,
        source=source,
        body=text.text,
        provider_message_id=text.id,
        person=Person(phone_e164=text.sender),
        occurred_at=text.sent_at,
    )


def _change(receipt: Receipt, source: str) -> StatusChange:
    delivered = receipt.state == "delivered"
    return StatusChange(
        source=source,
        provider_message_id=receipt.id,
        status="delivered" if delivered else "failed",
        occurred_at=receipt.at,
        error_code=None if delivered else "undeliverable",
        error_text=receipt.reason,
    )
