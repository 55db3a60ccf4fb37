"""The browser widget: its script, and what it calls under `/api/v1/widget`."""

from collections.abc import Sequence
from pathlib import Path

from hub.sdk import Asset, Channel, Outbound, Plugin, Sent, hookimpl
from hub_widget.channels import CHANNEL, EVENTS

PLUGIN = Plugin(name="widget", summary="The chat widget on websites")
SCRIPT = Asset(path="/widget.js", file=Path(__file__).with_name("static") / "widget.js")


@hookimpl
def channels() -> Sequence[Channel]:
    """Declare the endpoints."""
    return [CHANNEL, EVENTS]


@hookimpl
def routes() -> Sequence[Asset]:
    """Serve the script that sites load; `widget/` holds its source."""
    return [SCRIPT]


@hookimpl
async def send(outbound: Outbound) -> Sent | None:
    """Take replies to visitors: the stored message is what the visitor's stream reads."""
    return Sent(status="sent") if outbound.channel == CHANNEL.name else None
