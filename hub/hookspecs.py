"""All hooks. A plugin implements the ones it needs, taking only the arguments it wants.

Called through the three verbs of `hub.hooks`: collected at start, first answer wins, or notified.
"""

from collections.abc import Sequence

import pluggy
from click import Command

from hub.adapters import Adapter
from hub.challenges import Answer, Challenge, Sender
from hub.contracts import Channel, Event, Identity, Message, Outbound, Sent
from hub.files import Asset
from hub.settings import Settings

hookspec = pluggy.HookspecMarker("hub")
hookimpl = pluggy.HookimplMarker("hub")


@hookspec
def channels() -> Sequence[Channel]:  # type: ignore[empty-body]
    """Collected: declare inbound endpoints."""


@hookspec
def routes() -> Sequence[Asset]:  # type: ignore[empty-body]
    """Collected: have files served, such as a script for other sites."""


@hookspec
def adapters() -> Sequence[Adapter]:  # type: ignore[empty-body]
    """Collected: say how tools are told of events."""


@hookspec
def commands() -> Sequence[Command]:  # type: ignore[empty-body]
    """Collected: add commands to `clonvo`."""


@hookspec
def identities(message: Message) -> Sequence[Identity]:  # type: ignore[empty-body]
    """Collected per message, pure: the identities that the message proves, strongest first."""


@hookspec(firstresult=True)
async def send(outbound: Outbound) -> Sent | None:
    """First answer wins, after commit: hand an outbound message to your channel."""


@hookspec(firstresult=True)
async def challenge(sender: Sender, settings: Settings) -> Challenge | None:
    """First answer wins, before a message of the widget is taken: ask for a proof."""


@hookspec(firstresult=True)
async def verify(answer: Answer, settings: Settings) -> bool | None:
    """First answer wins, when a proof comes back: judge it, if the challenge was yours."""


@hookspec
async def message_accepted(event: Event) -> None:
    """Notified after commit: a message is stored."""
