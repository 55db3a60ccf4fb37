"""The browser widget: what visitors write, do and read under `/api/v1/widget`."""

from collections.abc import Sequence

from hub.sdk import Channel, MessageAccepted, Outbound, Plugin, Sent, hookimpl, reply_to_message
from hub_widget.config import config
from hub_widget.normalize import CHANNEL_NAME, normalize, noted, signals
from hub_widget.payload import Noted, WidgetEvents, WidgetMessage

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
    stream="/widget/stream",
    opening=config,
)

EVENTS = Channel(
    name=CHANNEL_NAME,
    path="/widget/events",
    wire=WidgetEvents,
    auth="widget_key",
    normalize=signals,
    reply=noted,
    reply_type=Noted,
    summary="Note what a visitor does: opened, closed, typing, read",
    brings_signals=True,
)


@hookimpl
def channels() -> Sequence[Channel]:
    """Declare the endpoints."""
    return [CHANNEL, EVENTS]


@hookimpl
async def send(outbound: Outbound) -> Sent | None:
    """Take replies to visitors: the stored message is what the visitor's stream reads."""
    return Sent(status="sent") if outbound.channel == CHANNEL_NAME else None
