"""The old endpoint: `POST /api/v1/ingest` with an organization's secret, or with a server key."""

from collections.abc import Sequence

from hub.sdk import Channel, MessageAccepted, Plugin, hookimpl, reply_to_message
from hub_legacy_ingest.normalize import normalize
from hub_legacy_ingest.payload import ServerMessage

PLUGIN = Plugin(
    name="legacy_ingest", summary="Messages from backends that still use the old secret"
)

CHANNEL = Channel(
    name="api",
    path="/ingest",
    wire=ServerMessage,
    auth="key_or_legacy_secret",
    normalize=normalize,
    reply=reply_to_message,
    reply_type=MessageAccepted,
    summary="Store a message the old way",
)


@hookimpl
def channels() -> Sequence[Channel]:
    """Declare the endpoint."""
    return [CHANNEL]
