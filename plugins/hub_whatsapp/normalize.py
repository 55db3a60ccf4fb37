"""Meta's call as messages and status changes. Pure."""

import hmac
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from hub.sdk import (
    Accepted,
    Arrival,
    Connection,
    Id255,
    Message,
    Person,
    Phone,
    StatusChange,
    Struct,
    convert,
)
from hub_whatsapp.payload import Contact, InboundMessage, Received, Status, Value, Webhook

CHANNEL_NAME = "whatsapp"
S = TypeVar("S", bound=Struct)

_TYPES = {"text", "image", "video", "audio", "document", "sticker", "location", "contacts"}
_STATUSES = {"sent": "sent", "delivered": "delivered", "read": "read", "failed": "failed"}


def handshake(query: Mapping[str, str], connection: Connection) -> str | None:
    """Answer Meta's verification: the challenge, when the token is the connection's."""
    token = connection.secrets.get("verify_token", "")
    given = query.get("hub.verify_token", "")
    if query.get("hub.mode") != "subscribe" or not token:
        return None
    return (
        query.get("hub.challenge") if hmac.compare_digest(token.encode(), given.encode()) else None
    )


def normalize(payload: Webhook, arrival: Arrival) -> list[Message | StatusChange]:
    """Return everything the call brings for this connection's number, in order."""
    number = str(arrival.connection.get("phone_number_id", ""))
    found: list[Message | StatusChange] = []
    for value in _values(payload):
        if value.metadata.phone_number_id == number:
            found += _messages(value, number, arrival)
            found += _statuses(value, number, arrival)
    return found


def received(_accepted: Sequence[Accepted | None]) -> Received:
    """Answer once everything is stored."""
    return Received()


def _values(payload: Webhook) -> Iterator[Value]:
    for entry in payload.entry:
        for change in entry.changes:
            value = _read(change.value, Value)
            if change.field == "messages" and value:
                yield value


def _messages(value: Value, number: str, arrival: Arrival) -> Iterator[Message]:
    contacts = [contact for item in value.contacts if (contact := _read(item, Contact))]
    for item in value.messages:
        message = _read(item, InboundMessage)
        if message:
            yield _message(message, contacts, number, arrival)


def _message(
    message: InboundMessage, contacts: Sequence[Contact], number: str, arrival: Arrival
) -> Message:
    contact = _contact_of(message, contacts)
    wa_id = message.from_ or contact.wa_id or ""
    facts = {
        "wa_id": wa_id,
        "user_id": message.from_user_id or contact.user_id or "",
        "account": str(arrival.connection.get("waba_id", "")),
    }
    text = message.text.body if message.text else ""
    return Message(
        channel=CHANNEL_NAME,
        source=f"{CHANNEL_NAME}:{number}",
        type=message.type if message.type in _TYPES else "unsupported",  # type: ignore[arg-type]
        body=_storable(text) or f"[{message.type}]",
        provider_message_id=message.id[:255],
        person=Person(
            phone_e164=_fitting(f"+{wa_id}", Phone),
            display_name=_storable(contact.profile.name or "")[:200] or None,
        ),
        facts={name: fact for name, fact in facts.items() if _fitting(fact, Id255)},
        occurred_at=_moment(message.timestamp, arrival.at),
    )


def _contact_of(message: InboundMessage, contacts: Sequence[Contact]) -> Contact:
    for contact in contacts:
        same_phone = message.from_ and contact.wa_id == message.from_
        same_user = message.from_user_id and contact.user_id == message.from_user_id
        if same_phone or same_user:
            return contact
    return Contact()


def _statuses(value: Value, number: str, arrival: Arrival) -> Iterator[StatusChange]:
    for item in value.statuses:
        status = _read(item, Status)
        if status and status.status in _STATUSES:
            error = _first_error(status)
            yield StatusChange(
                source=f"{CHANNEL_NAME}:{number}",
                provider_message_id=status.id,
                status=_STATUSES[status.status],  # type: ignore[arg-type]
                occurred_at=_moment(status.timestamp, arrival.at),
                error_code=str(error["code"]) if "code" in error else None,
                error_text=str(error["title"]) if "title" in error else None,
            )


def _first_error(status: Status) -> Mapping[str, Any]:
    error = status.errors[0] if status.errors else None
    return error if isinstance(error, dict) else {}


def _read(item: Any, type_: type[S]) -> S | None:
    try:
        return convert(item, type_)
    except msgspec.ValidationError:
        return None


def _fitting(text: str, field: Any) -> str | None:
    try:
        fitting: str = convert(text, field)
    except msgspec.ValidationError:
        return None
    return fitting


def _storable(text: str) -> str:
    # No store takes NUL; Meta's own clients never send it.
    return text.replace("\0", "")


def _moment(seconds: str, otherwise: datetime) -> datetime:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return otherwise
