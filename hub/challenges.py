"""What core and plugins say to each other about a proof that a visitor has to bring.

A plugin's `challenge` asks for one; its script in the page finds the answer; its `verify` judges
it. The core does the rest (`hub.auth.challenges`): no plugin sees a request or sends an answer.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from msgspec import Struct


class Sender(Struct, frozen=True, kw_only=True):
    """What a plugin may know of whoever is about to write by the widget."""

    organization_id: UUID
    key_id: UUID
    network: str
    """The client's IPv4 address or IPv6 /64, as limits count it."""
    is_new: bool
    """The visitor was never seen before."""
    calls: int
    """Of this network, with this key, in the last minute."""
    newcomers: int
    """Visitors never seen before, with this key, in the last minute."""


class Challenge(Struct, frozen=True, kw_only=True):
    """A proof that is asked for."""

    plugin: str
    """The plugin's name."""
    script: str
    """The path of its module, whose default export makes an answer of the data."""
    data: Mapping[str, Any]
    """What the script needs to know, and `verify` gets back as it was; at most 1 KB as JSON."""


class Answer(Struct, frozen=True, kw_only=True):
    """What came back. Whose it is and when it was asked for the core has seen to."""

    plugin: str
    data: Mapping[str, Any]
    """The data of the challenge."""
    text: str
    """What the script made of it: 1 to 4,096 visible characters of ASCII."""
    sender: Sender
