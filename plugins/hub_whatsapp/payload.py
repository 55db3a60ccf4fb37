"""What Meta sends: lists of entries of changes, each with messages, contacts and statuses.

Everything is optional and what is not known stays as it came: a call that is signed is never
refused for its form (Cloud API, webhooks reference).
"""

from typing import Any

from hub.sdk import Struct


class Metadata(Struct, frozen=True):
    """Which of the business's numbers it is about."""

    phone_number_id: str = ""
    display_phone_number: str = ""


class Value(Struct, frozen=True):
    """What changed; the items are read one by one, so that a strange one spoils no other."""

    metadata: Metadata = Metadata()
    contacts: tuple[Any, ...] = ()
    messages: tuple[Any, ...] = ()
    statuses: tuple[Any, ...] = ()


class Change(Struct, frozen=True):
    """One change of a subscribed field."""

    field: str = ""
    value: Any = None


class Entry(Struct, frozen=True):
    """The changes of one account."""

    id: str = ""
    changes: tuple[Change, ...] = ()


class Webhook(Struct, frozen=True):
    """The body of one call."""

    entry: tuple[Entry, ...] = ()


class Text(Struct, frozen=True):
    """The text of a text message."""

    body: str


class InboundMessage(Struct, frozen=True, rename={"from_": "from"}):
    """One message; `from` is missing when the person is known by user id only."""

    id: str
    type: str
    timestamp: str
    from_: str | None = None
    from_user_id: str | None = None
    text: Text | None = None


class Profile(Struct, frozen=True):
    """How the person calls themselves."""

    name: str | None = None


class Contact(Struct, frozen=True):
    """Who wrote."""

    profile: Profile = Profile()
    wa_id: str | None = None
    user_id: str | None = None


class Status(Struct, frozen=True):
    """What became of a message we sent."""

    id: str
    status: str
    timestamp: str
    errors: tuple[Any, ...] = ()


class Received(Struct, frozen=True):
    """The answer: everything is stored."""

    ok: bool = True
