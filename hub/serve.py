"""One web process: the app, and on the embedded default the worker beside it."""

import asyncio
import contextlib
import logging
import math
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.types import Receive, Scope, Send
from msgspec import Struct

from hub import handover, logs, prefork
from hub.app import create_app
from hub.auth.limits import MemoryLimiter
from hub.auth.proxies import networks
from hub.errors import SettingError, Unavailable
from hub.http import limits
from hub.http.listener import Door
from hub.http.server import Server
from hub.http.tally import Tally
from hub.services.hub import Hub
from hub.services.open import carry_hints, open_hub, open_limiter
from hub.settings import Settings
from hub.store import seats
from hub.store.opening import tend
from hub.store.reach import Away, explained
from hub.store.sqlite import hold
from hub.worker import Worker

FAILED_START = 3
PATIENCE_SECONDS = 30.0
"""For a database that is away while a process starts."""
PAUSE_SECONDS = (0.25, 1.0)
Pages = Sequence[HTTPRouteHandler]

log = structlog.get_logger(__name__)


class Served:
    """An ASGI app that opens its hub when the server starts it, inside the server's loop."""

    def __init__(self, settings: Settings, pages: Pages = ()) -> None:
        """Open nothing yet."""
        self.settings = settings
        self._pages = pages
        self._app: Any = None
        self.failure = ""
        """Why the start failed."""
        self.stopping: Callable[[], bool] = lambda: False

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
            async with _opened(self.settings, self._pages, self.stopping) as app:
                self._app = app
                await app(scope, receive, keep_last_word)
        except (SettingError, Unavailable) as error:
            self.failure = str(error)
            # It would say that something failed, and not what.
            logging.getLogger("uvicorn.error").disabled = True
            failed: Any = {"type": "lifespan.startup.failed"}
            await send(failed)
        else:
            # The server ends its loop on this word: the hub is closed by now.
            complete: Any = {"type": "lifespan.shutdown.complete"}
            await send(complete)


@contextlib.asynccontextmanager
async def _opened(
    settings: Settings, pages: Pages, stopping: Callable[[], bool]
) -> AsyncIterator[Any]:
    hub = await _open_patiently(settings, stopping)
    tend(hub.database)
    worker = Worker(hub)
    working = asyncio.create_task(worker.run()) if settings.embedded else None
    try:
        async with open_limiter(settings) as limiter, carry_hints(settings, hub):
            yield create_app(settings, hub, limiter, pages)
    finally:
        worker.stop()
        if working:
            await working
        await hub.close()


async def _open_patiently(settings: Settings, stopping: Callable[[], bool]) -> Hub:
    """Open the hub; wait for a database that is away, or has no room for us at the moment."""
    end = time.monotonic() + PATIENCE_SECONDS
    told = False
    while True:
        try:
            return await open_hub(settings)
        except (Away, Unavailable) as error:
            if stopping() or time.monotonic() > end:
                raise
            if not told:
                log.warning("start_waits", reason=str(error))
            told = True
        await asyncio.sleep(random.uniform(*PAUSE_SECONDS))  # noqa: S311 - no secret


class Rehearsed(Struct, frozen=True):
    """What a start that was tried has found."""

    is_empty: bool
    """The hub has no business yet."""
    advice: str | None
    """What is unwise about it."""


def rehearse(settings: Settings, processes: int) -> Rehearsed:
    """Open everything once, build the app, and close.

    What cannot be opened is one clear `SettingError` here, and a stack of log lines inside the
    server. And the processes that are forked later have all imports behind them.
    """
    return asyncio.run(_rehearse(settings, processes))


async def _rehearse(settings: Settings, processes: int) -> Rehearsed:
    hub = await open_hub(settings)
    try:
        create_app(settings, hub, MemoryLimiter())
        with explained():
            is_empty = not await hub.organizations.all()
            return Rehearsed(is_empty, await seats.check(hub.database, processes))
    finally:
        await hub.close()


def run(settings: Settings, *, host: str, port: int, workers: int = 1, pages: Pages = ()) -> None:
    """Serve, after `rehearse`, until a signal says to stop; `SettingError` when no start succeeds.

    Many processes go on without one that cannot start later, and try it again. `pages` are served
    beside the rest.
    """
    if settings.embedded and workers > 1:
        raise SettingError("workers: SQLite has one server; many processes need PostgreSQL")
    held = hold(settings.database_file) if settings.embedded else contextlib.nullcontext()
    with held:
        logs.start(settings)
        files = limits.raise_open_files()
        log.info("serving", processes=workers, open_files=None if files == math.inf else files)
        listening = handover.bind(host, port)
        door = Door(listening, Tally(workers))
        serve = partial(_serve, Served(settings, pages), limits.of(settings, files), door)
        if workers == 1:
            # Alone it cannot be replaced while it serves: SIGHUP is a stop like any other.
            serve(stops=(signal.SIGHUP,))
        else:
            prefork.Prefork(serve, workers, listening).run()


def _serve(
    served: Served,
    limited: limits.Limits,
    door: Door,
    ready: Callable[[], None] | None = None,
    *,
    stops: Sequence[signal.Signals] = (),
) -> None:
    """Run a server until a signal; Ctrl-C is an ordinary end, a failed start is not."""
    trusted = networks(served.settings.trusted_proxies)
    server = Server(served, limited, trusted=trusted, tally=door.tally, ready=ready)
    served.stopping = lambda: server.should_exit
    for number in stops:
        signal.signal(number, server.handle_exit)
    # Who started us may have had them blocked, and that is inherited.
    handover.release()
    # After a start that failed the server exits by itself.
    with contextlib.suppress(KeyboardInterrupt, SystemExit):
        server.run(sockets=[door.listening])
    if served.failure:
        raise SettingError(served.failure)
    if not server.started:
        sys.exit(FAILED_START)
