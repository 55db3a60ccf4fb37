"""Everything a plugin may import, and nothing else. What stands here changes only with a notice."""

from msgspec import UNSET, Meta, Struct, UnsetType, convert, field

from hub.adapters import Adapter
from hub.challenges import Answer, Challenge, Sender
from hub.contracts import (
    Accepted,
    Arrival,
    Attachment,
    Caller,
    Channel,
    Connection,
    Event,
    Identity,
    Message,
    Outbound,
    Person,
    Plugin,
    Sent,
    Signal,
    Signature,
    StatusChange,
    Template,
    Visit,
    Welcome,
)
from hub.errors import BadRequest, CommandError, Conflict, Forbidden, NotFound
from hub.fields import Body, Email320, Id255, Name200, Path2048, Phone, Text200
from hub.files import Asset
from hub.hookspecs import hookimpl
from hub.ids import wire as wire_id
from hub.proofs import Proved
from hub.services.hub import Hub
from hub.services.open import open_hub
from hub.settings import Settings
from hub.settings import load as load_settings
from hub.wire import MessageAccepted, ServerMessage
from hub.wire import normalize as normalize_server_message
from hub.wire import reply as reply_to_message

__all__ = [
    "UNSET",
    "Accepted",
    "Adapter",
    "Answer",
    "Arrival",
    "Asset",
    "Attachment",
    "BadRequest",
    "Body",
    "Caller",
    "Challenge",
    "Channel",
    "CommandError",
    "Conflict",
    "Connection",
    "Email320",
    "Event",
    "Forbidden",
    "Hub",
    "Id255",
    "Identity",
    "Message",
    "MessageAccepted",
    "Meta",
    "Name200",
    "NotFound",
    "Outbound",
    "Path2048",
    "Person",
    "Phone",
    "Plugin",
    "Proved",
    "Sender",
    "Sent",
    "ServerMessage",
    "Settings",
    "Signal",
    "Signature",
    "StatusChange",
    "Struct",
    "Template",
    "Text200",
    "UnsetType",
    "Visit",
    "Welcome",
    "convert",
    "field",
    "hookimpl",
    "load_settings",
    "normalize_server_message",
    "open_hub",
    "reply_to_message",
    "wire_id",
]
