"""The word that the server is going, for answers that would otherwise never end."""

import asyncio
from collections.abc import Mapping
from typing import Any

STATE = "hub_going"


def going_of(scope: Mapping[str, Any]) -> asyncio.Event:
    """Return the event that is set once the server was told to stop.

    A stream waits for it beside whatever it waits for, and ends with its last chunk: its client
    sees an end, not a broken connection, and comes back to another process. Whoever goes on is cut
    off when the server's grace is over. Without a server of ours the event is never set.
    """
    event: asyncio.Event = scope.get("state", {}).get(STATE) or asyncio.Event()
    return event
