"""Text messages: a gateway calls `/api/v1/channels/sms/{id}/webhook`, signed."""

from collections.abc import Sequence

from click import Command
from hub.sdk import Channel, Event, Plugin, Signature, hookimpl

from hub_sms import connect
from hub_sms.normalize import CHANNEL_NAME, normalize, taken
from hub_sms.payload import Delivery, Taken
from hub_sms.tally import TALLY

PLUGIN = Plugin(name="sms", summary="Text messages from an imaginary gateway")

CHANNEL = Channel(
    name=CHANNEL_NAME,
    path="/channels/sms/{connection_id}/webhook",
    wire=Delivery,
    auth="signature",
    signature=Signature(header="X-Gateway-Signature", secret="signing_secret"),
    normalize=normalize,
    reply=taken,
    reply_type=Taken,
    summary="Take text messages from the gateway",
    has_sessions=False,
)


@hookimpl
def channels() -> Sequence[Channel]:
    """Declare the endpoint."""
    return [CHANNEL]


@hookimpl
def commands() -> Sequence[Command]:
    """Add `clonvo sms`."""
    return [connect.sms]


@hookimpl
async def message_accepted(event: Event) -> None:
    """Count every message that the hub stored, of whatever channel."""
    TALLY.count(event)
