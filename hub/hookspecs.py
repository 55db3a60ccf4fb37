"""All hooks. A plugin implements the ones it needs, taking only the arguments it wants.

Called through the three verbs of `hub.hooks`: collected at start, first answer wins, or notified.
"""

from collections.abc import Sequence

import pluggy
from click import Command

from hub.contracts import Channel, Event, Identity, Message, Outbound, Sent

hookspec = pluggy.HookspecMarker("hub")
hookimpl = pluggy.HookimplMarker("hub")


@hookspec
def channels() -> Sequence[Channel]:  # type: ignore[empty-body]
    """Collected: declare inbound endpoints."""


@hookspec
def commands() -> Sequence[Command]:  # type: ignore[empty-body]
    """Collected: add commands to `clonvo`."""


@hookspec
def identities(message: Message) -> Sequence[Identity]:  # type: ignore[empty-body]
    """Collected per message, pure: the identities that the message proves, strongest first."""


@hookspec(firstresult=True)
async def send(outbound: Outbound) -> Sent | None:
    """First answer wins, after commit: hand an outbound message to your channel."""


@hookspec
async def message_accepted(event: Event) -> None:
    """Notified after commit: a message is stored."""
