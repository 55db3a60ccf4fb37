"""What the gateway sends: texts that arrived, and what became of those we sent.

The fields with a limit are checked by the hub before `normalize` sees them; one that is wrong is
answered 400 with its path and a sentence.
"""

from datetime import datetime
from typing import Literal

from hub.sdk import Body, Id255, Phone, Struct


class Text(Struct, frozen=True, rename="camel"):
    """A text message that arrived."""

    id: Id255
    sender: Phone
    text: Body
    sent_at: datetime | None = None


class Receipt(Struct, frozen=True, rename="camel"):
    """What became of a text message that was sent."""

    id: Id255
    state: Literal["delivered", "undeliverable"]
    at: datetime
    reason: str | None = None


class Delivery(Struct, frozen=True):
    """The body of one call."""

    texts: tuple[Text, ...] = ()
    receipts: tuple[Receipt, ...] = ()


class Taken(Struct, frozen=True):
    """The answer: how many texts are stored, repeats included."""

    stored: int
