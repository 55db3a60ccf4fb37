"""uvicorn's server with our connections, and with a way to go that breaks nothing off."""

import asyncio
import gc
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import uvicorn

from hub.auth.proxies import Network
from hub.going import STATE
from hub.http.connection import Connection
from hub.http.limits import Limits
from hub.http.listener import Door, Listener
from hub.http.tally import Tally
from hub.http.watch import Watch

_NEW_OBJECTS = 20_000
"""So many more than before, and the collector looks at the young ones; 700 is Python's own."""


class Server(uvicorn.Server):
    """Serves an ASGI app until SIGTERM or SIGINT, then ends within its grace."""

    def __init__(
        self,
        app: Any,
        limits: Limits,
        *,
        trusted: Sequence[Network] = (),
        tally: Tally | None = None,
        ready: Callable[[], None] | None = None,
    ) -> None:
        """Serve nothing yet; `ready` is called once it answers.

        `tally` is that of the processes that share its socket.
        """
        self._watch = Watch(limits, trusted, tally or Tally(1))
        self._ready = ready
        self._going = asyncio.Event()
        self._listeners: list[Listener] = []
        config = uvicorn.Config(
            app,
            loop="uvloop",
            http=cast("Any", partial(Connection, self._watch)),
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=cast("int", limits.grace_seconds),
        )
        super().__init__(config)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        self.lifespan.state[STATE] = self._going
        self._watch.tally.join()
        # uvicorn makes all ready but listens to nothing: that is ours.
        await super().startup([])
        self._listeners = [
            Listener(Door(listening, self._watch.tally), self._connection)
            for listening in sockets or ()
        ]
        _spare_what_is_loaded()
        loop = asyncio.get_running_loop()
        self._watch.start(loop, lambda: cast("Any", self.server_state.connections))
        if self._ready:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, answer what is on the wire, and tell the streams to end."""
        self._watch.going = True
        self._going.set()
        for listener in self._listeners:
            listener.close()
        await super().shutdown(sockets)

    def _connection(self) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = make(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol


def _spare_what_is_loaded() -> None:
    """Let the collector look at requests alone, and less often.

    Modules, routes and statements live as long as the process, and looking through them again and
    again cost a message an eighth of its time and its neighbours a tenth of a second.
    """
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
