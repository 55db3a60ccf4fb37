"""Messages from a backend: `POST /api/v1/messages` with a server key."""

from collections.abc import Sequence

from hub.sdk import Channel, MessageAccepted, Plugin, hookimpl, reply_to_message
from hub_server_ingest.normalize import normalize
from hub_server_ingest.payload import ServerMessage

PLUGIN = Plugin(name="server_ingest", summary="Messages from backends, by server key")

CHANNEL = Channel(
    name="api",
    path="/messages",
    wire=ServerMessage,
    auth="server_key",
    normalize=normalize,
    reply=reply_to_message,
    reply_type=MessageAccepted,
    summary="Store a message from a backend",
)


@hookimpl
def channels() -> Sequence[Channel]:
    """Declare the endpoint."""
    return [CHANNEL]
