"""`clonvo` with a listener of one business, as an open dashboard is one.

    HUB_TEST_LISTENER=ORGANIZATION:FILE python -m tests.bench.listening serve

For each hint of a message that reaches it a line goes to the file: the conversation, and when.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from hub.cli import main
from hub.events.live import Hint
from hub.services.hub import Hub

VARIABLE = "HUB_TEST_LISTENER"


def listening(make: Callable[..., None]) -> Callable[..., None]:
    """Let a hub, as soon as it is made, have a listener."""
    organization, _, file = os.environ[VARIABLE].partition(":")

    def made(hub: Hub, *given: Any) -> None:
        make(hub, *given)
        told = Path(file).open("a", buffering=1, encoding="utf-8")  # noqa: SIM115 - to its end

        def tell(hint: Hint) -> None:
            if hint.word == "message" and hint.conversation_id:
                told.write(f"{hint.conversation_id.hex} {time.monotonic_ns()}\n")

        hub.live.listen(UUID(organization), tell)

    return made


if __name__ == "__main__":
    Hub.__init__ = listening(Hub.__init__)
    main()
