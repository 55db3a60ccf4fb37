"""One web process: the app, and on the embedded default the worker beside it."""

import asyncio
import contextlib
import math
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send

from hub import handover, logs, prefork
from hub.app import create_app
from hub.auth.limits import MemoryLimiter
from hub.auth.proxies import networks
from hub.errors import SettingError
from hub.http import limits
from hub.http.server import Server
from hub.services.open import open_hub, open_limiter
from hub.settings import Settings
from hub.store.opening import tend
from hub.store.sqlite import hold
from hub.worker import Worker

FAILED_START = 3

log = structlog.get_logger(__name__)


class Served:
    """An ASGI app that opens its hub when the server starts it, inside the server's loop."""

    def __init__(self, settings: Settings) -> None:
        """Open nothing yet."""
        self._settings = settings
        self._app: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, or take part in the server's start and stop."""
        if scope["type"] in {ScopeType.HTTP, ScopeType.WEBSOCKET}:
            await self._app(scope, receive, send)
        else:
            await self._live(scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def keep_last_word(message: Any) -> None:
            if message["type"] != "lifespan.shutdown.complete":
                await send(message)

        try:
            async with _opened(self._settings) as app:
                self._app = app
                await app(scope, receive, keep_last_word)
        except SettingError as error:
            # The server prints what it is told here and ends.
            failed: Any = {"type": "lifespan.startup.failed", "message": f"clonvo: {error}"}
            await send(failed)
        else:
            # The server ends its loop on this word: the hub is closed by now.
            complete: Any = {"type": "lifespan.shutdown.complete"}
            await send(complete)


@contextlib.asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Any]:
    hub = await open_hub(settings)
    tend(hub.database)
    worker = Worker(hub)
    working = asyncio.create_task(worker.run()) if settings.embedded else None
    try:
        async with open_limiter(settings) as limiter:
            yield create_app(settings, hub, limiter)
    finally:
        worker.stop()
        if working:
            await working
        await hub.close()


def rehearse(settings: Settings) -> bool:
    """Open everything once, build the app, and close; tell whether the hub has no business yet.

    What cannot be opened is one clear `SettingError` here, and a stack of log lines inside the
    server. And the processes that are forked later have all imports behind them.
    """
    return asyncio.run(_rehearse(settings))


async def _rehearse(settings: Settings) -> bool:
    hub = await open_hub(settings)
    try:
        create_app(settings, hub, MemoryLimiter())
        return not await hub.organizations.all()
    finally:
        await hub.close()


def run(settings: Settings, *, host: str, port: int, workers: int = 1) -> None:
    """Serve, after `rehearse`, until a signal says to stop."""
    if settings.embedded and workers > 1:
        raise SettingError("workers: SQLite has one server; many processes need PostgreSQL")
    held = hold(settings.database_file) if settings.embedded else contextlib.nullcontext()
    with held:
        logs.start(settings)
        files = limits.raise_open_files()
        serve_with = partial(_server, settings, limits.of(settings, files))
        log.info("serving", processes=workers, open_files=None if files == math.inf else files)
        listening = handover.bind(host, port)
        if workers == 1:
            _run_alone(serve_with(), listening)
            return

        def serve_here(ready: Callable[[], None]) -> None:
            _run(serve_with(ready=ready), listening)

        prefork.Prefork(serve_here, workers, listening).run()


def _run_alone(server: Server, listening: socket.socket) -> None:
    # Alone it cannot be replaced while it serves: SIGHUP is a stop like any other.
    signal.signal(signal.SIGHUP, server.handle_exit)
    _run(server, listening)


def _run(server: Server, listening: socket.socket) -> None:
    """Run a server until a signal; Ctrl-C is an ordinary end, a failed start is not."""
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    if not server.started:
        sys.exit(FAILED_START)


def _server(
    settings: Settings, limited: limits.Limits, ready: Callable[[], None] | None = None
) -> Server:
    trusted = networks(settings.trusted_proxies)
    return Server(Served(settings), limited, trusted=trusted, ready=ready)
