"""What a browser calls: one endpoint for messages, with the stream beside it, one for events."""

from hub.sdk import Channel, MessageAccepted, reply_to_message
from hub_widget.config import config
from hub_widget.normalize import CHANNEL_NAME, normalize, noted, signals
from hub_widget.payload import Noted, WidgetEvents, WidgetMessage

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
