"""The browser widget's channel: `POST /api/v1/widget/messages` with a widget key."""

from collections.abc import Sequence

from hub.sdk import Channel, MessageAccepted, Outbound, Plugin, Sent, hookimpl, reply_to_message
from hub_widget.normalize import CHANNEL_NAME, normalize
from hub_widget.payload import WidgetMessage

PLUGIN = Plugin(name="widget", summary="The chat widget on websites")

CHANNEL = Channel(
    name=CHANNEL_NAME,
    path="/widget/messages",
    wire=WidgetMessage,
    auth="widget_key",
    normalize=normalize,
    reply=reply_to_message,
    reply_type=MessageAccepted,
    summary="Store a message that a visitor wrote",
    sends=True,
    replies_only=True,
)


@hookimpl
def channels() -> Sequence[Channel]:
    """Declare the endpoint."""
    return [CHANNEL]


@hookimpl
async def send(outbound: Outbound) -> Sent | None:
    """Take replies to visitors: the stored message is what the visitor's stream reads."""
    return Sent(status="sent") if outbound.channel == CHANNEL_NAME else None
