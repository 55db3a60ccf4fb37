"""WhatsApp's Cloud API: Meta calls `/api/v1/channels/whatsapp/{id}/webhook`, signed."""

from collections.abc import Sequence

from click import Command

from hub.sdk import Channel, Identity, Message, Plugin, Signature, hookimpl
from hub_whatsapp import connect
from hub_whatsapp.identities import identities_of
from hub_whatsapp.normalize import CHANNEL_NAME, handshake, normalize, received
from hub_whatsapp.payload import Received, Webhook

PLUGIN = Plugin(name="whatsapp", summary="WhatsApp Cloud API, linked by phone number")

CHANNEL = Channel(
    name=CHANNEL_NAME,
    path="/channels/whatsapp/{connection_id}/webhook",
    wire=Webhook,
    auth="signature",
    signature=Signature(header="X-Hub-Signature-256", prefix="sha256=", secret="app_secret"),  # noqa: S106 - the secret's name
    handshake=handshake,
    normalize=normalize,
    reply=received,
    reply_type=Received,
    summary="Take messages and statuses from Meta",
    max_body=4 * 1024 * 1024,
    sends=True,
    has_sessions=False,
)


@hookimpl
def channels() -> Sequence[Channel]:
    """Declare the endpoint."""
    return [CHANNEL]


@hookimpl
def identities(message: Message) -> Sequence[Identity]:
    """Name the person by the ids that Meta vouches for."""
    return identities_of(message)


@hookimpl
def commands() -> Sequence[Command]:
    """Add `clonvo whatsapp`."""
    return [connect.whatsapp]
