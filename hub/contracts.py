"""The shapes that cross a boundary: between the core and its plugins, and between the layers.

All are frozen. Instants are aware UTC datetimes, ids are UUIDs; both get their wire form only in
`hub.api`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from hub.proofs import Proved

Direction = Literal["inbound", "outbound"]
CallerKind = Literal["server", "widget", "legacy", "connection"]
Auth = Literal["server_key", "widget_key", "key_or_legacy_secret", "signature"]
Media = Literal["image", "video", "audio", "document", "sticker"]
MessageType = Literal[
    "text",
    Media,
    "location",
    "contacts",
    "order",
    "interactive",
    "button",
    "system",
    "unsupported",
]
MessageStatus = Literal["received", "queued", "sent", "delivered", "read", "failed", "unknown"]

KIB = 1024
MAX_BODY = 64 * KIB


class Caller(Struct, frozen=True, kw_only=True):
    """Who is calling: a key, a legacy secret, or a connection whose provider signed the call."""

    kind: CallerKind
    organization_id: UUID
    credential: bytes
    """Digest of what was presented; read again by the transaction that writes."""
    key_id: UUID | None = None
    connection_id: UUID | None = None

    @property
    def scope(self) -> UUID:
        """Return what the caller's visitors are counted under: its key, else its organization."""
        return self.key_id or self.organization_id

    @property
    def trusted(self) -> bool:
        """Tell whether the caller's word about a person's identity counts as proof."""
        return self.kind != "widget"


class Arrival(Struct, frozen=True, kw_only=True):
    """The facts of one call that a plugin's `normalize` may use."""

    at: datetime
    caller: Caller
    ip: str | None = None
    user_agent: str | None = None
    idempotency_key: str | None = None
    visitor_id: str | None = None
    """The id part of `X-Visitor`."""
    secret_digest: bytes | None = None
    """sha256 of the secret part of `X-Visitor`."""
    proved: Proved | None = None
    """Who the visitor is beyond doubt; the token itself no plugin sees."""
    connection: Mapping[str, Any] = {}
    """What the plugin keeps about the connection that is called."""


class Identity(Struct, frozen=True):
    """One thing that tells who a person is; two writings of the same thing share a match key."""

    kind: str
    value: str
    match_key: str
    scope: str = ""
    """Where the value is unique: a key for visitors, an account for a provider's ids."""


class Person(Struct, frozen=True, kw_only=True):
    """Who wrote, or is written to."""

    phone_e164: str | None = None
    external_user_id: str | None = None
    email: str | None = None
    visitor_id: str | None = None
    display_name: str | None = None


class Visit(Struct, frozen=True, kw_only=True):
    """What a call tells about the visitor's session."""

    visitor_id: str | None = None
    path: str | None = None
    referer: str | None = None
    external_user_id: str | None = None
    external_email: str | None = None
    external_name: str | None = None


class Attachment(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A file that belongs to a message, by link or by the provider's id."""

    type: str
    mime_type: str | None = None
    url: str | None = None
    file_name: str | None = None
    provider_id: str | None = None
    sha256: str | None = None


class Template(Struct, frozen=True):
    """A message template that the provider has approved."""

    name: str
    language: str
    components: list[dict[str, Any]] = []


class Message(Struct, frozen=True, kw_only=True):
    """A normalized message, the same whatever channel it came over."""

    channel: str
    source: str
    """Within one organization, `provider_message_id` is unique per source."""
    person: Person
    body: str
    direction: Direction = "inbound"
    type: MessageType = "text"
    visit: Visit | None = None
    """None for channels whose people have no visitor session."""
    provider_message_id: str | None = None
    customer_id: UUID | None = None
    conversation_id: UUID | None = None
    reply_channel: str | None = None
    """Outbound: the channel to answer on; None is where the customer last wrote."""
    reply_to_id: UUID | None = None
    template: Template | None = None
    attachments: tuple[Attachment, ...] = ()
    facts: Mapping[str, str] = {}
    """What the channel knows more about the person; read by `identities` hooks."""
    occurred_at: datetime | None = None


class StatusChange(Struct, frozen=True, kw_only=True):
    """A provider tells what became of an outbound message."""

    source: str
    provider_message_id: str
    status: MessageStatus
    occurred_at: datetime
    error_code: str | None = None
    error_text: str | None = None


class Signal(Struct, frozen=True, kw_only=True):
    """What a visitor does without writing: it concerns the messages and is none."""

    kind: Literal["opened", "closed", "typing", "read"]
    channel: str
    """The channel of the conversation that it is about."""
    seq: int = 0
    """Of `read`: the last message that was."""
    path: str | None = None


class Accepted(Struct, frozen=True, kw_only=True):
    """What the hub made of one message: where it is kept."""

    message_id: UUID
    customer_id: UUID
    conversation_id: UUID
    session_id: UUID | None
    visitor_id: str | None
    status: MessageStatus
    duplicate: bool = False
    body_matches: bool = True


class Outbound(Struct, frozen=True, kw_only=True):
    """An outbound message as it is handed to the channel's `send` hook."""

    organization_id: UUID
    message_id: UUID
    conversation_id: UUID
    customer_id: UUID
    channel: str
    body: str
    type: MessageType
    template: Template | None = None


class Sent(Struct, frozen=True, kw_only=True):
    """What became of an outbound message when its channel took it."""

    status: MessageStatus
    provider_message_id: str | None = None
    error_code: str | None = None
    error_text: str | None = None


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened, as the outbox holds it."""

    id: UUID
    organization_id: UUID
    type: str
    subject_id: UUID
    created_at: datetime
    details: Mapping[str, Any] = {}


class Connection(Struct, frozen=True, kw_only=True):
    """One thing a plugin keeps for an organization; its secrets are encrypted at rest."""

    id: UUID
    organization_id: UUID
    plugin: str
    external_key: str
    data: Mapping[str, Any]
    secrets: Mapping[str, str]


class Signature(Struct, frozen=True, kw_only=True):
    """How a provider signs: HMAC-SHA256 in hex over the raw body."""

    header: str
    secret: str
    """Which of the connection's secrets is the HMAC key."""
    prefix: str = ""


class Welcome(Struct, frozen=True, kw_only=True):
    """What a business has set for whoever comes, and what is known of who comes."""

    languages: tuple[str, ...] = ()
    greeting: str | None = None
    away: str | None = None
    accept_language: str = ""
    moved: bool = False
    """What this browser was shown before is of another conversation."""


Brought = Message | StatusChange | Signal
"""What a call may bring."""

Normalize = Callable[[Any, Arrival], Sequence[Brought]]
Opening = Callable[[Welcome], Struct]
Reply = Callable[[Sequence[Accepted | None]], Any]
Handshake = Callable[[Mapping[str, str], Connection], str | None]


class Channel(Struct, frozen=True, kw_only=True):
    """An inbound endpoint: a declaration and one pure function.

    The core owns HTTP, auth, limits, error shapes and transactions.
    """

    name: str
    """The channel of the conversations it feeds: `api`, `widget`, `whatsapp`."""
    path: str
    """Below `/api/v1`; `{connection_id}` in it when `auth` is `signature`."""
    wire: type[Struct]
    """What the body is read into; with a signature every field of it has a default."""
    auth: Auth
    normalize: Normalize
    reply: Reply
    reply_type: type[Struct]
    summary: str
    max_body: int = MAX_BODY
    signature: Signature | None = None
    handshake: Handshake | None = None
    """Answers the provider's GET verification in plain text; None refuses it."""
    sends: bool = False
    """Outbound messages wait for the plugin's `send` hook; otherwise stored is sent."""
    replies_only: bool = False
    """Nobody can be written to here who never wrote here: such a message fails at once."""
    has_sessions: bool = True
    """People on this channel have visitor sessions."""
    brings_signals: bool = False
    """It takes signals and no messages, from visitors who prove themselves by `X-Visitor`."""
    stream: str | None = None
    """Where visitors read their conversation live, below `/api/v1`; with `auth="widget_key"`."""
    opening: Opening | None = None
    """Makes the first event of a stream."""


class Plugin(Struct, frozen=True, kw_only=True):
    """What a plugin says about itself; the module attribute `PLUGIN`."""

    name: str
    summary: str
    settings: type[Struct] | None = None
