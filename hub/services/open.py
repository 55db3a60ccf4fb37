"""Open a hub: what every process does first, web, worker or command."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from hub import prefork
from hub.auth.limits import Limiter, MemoryLimiter, ShareLimiter
from hub.hooks import Hooks
from hub.sealing import open_sealer
from hub.services.hub import Hub
from hub.settings import Settings
from hub.store import schema
from hub.store.opening import open_database

log = structlog.get_logger(__name__)


async def open_hub(settings: Settings) -> Hub:
    """Open the database, make sure of its schema, load the plugins.

    Raises `SettingError` when one of them cannot be had.
    """
    sealer = open_sealer(settings)
    hooks = Hooks(settings.plugins)
    for plugin in hooks.plugins.values():
        if plugin.settings:
            settings.of(plugin.name, plugin.settings)
    database = open_database(settings)
    try:
        await schema.ready(settings, database)
        hub = Hub(settings, database, hooks, sealer)
        await hub.connections.check_seal()
    except BaseException:
        await database.close()
        raise
    return hub


@asynccontextmanager
async def open_limiter(settings: Settings) -> AsyncIterator[Limiter]:
    """Count calls in Redis when there is one, so that limits hold over all processes."""
    processes = int(os.environ.get(prefork.PROCESSES, "1"))
    if settings.redis_url is None:
        if processes > 1:
            log.warning("limits_apart", processes=processes, cure="set REDIS_URL")
        yield ShareLimiter(processes) if processes > 1 else MemoryLimiter()
        return
    # Imported here: its half second is not for those who have no Redis.
    from hub.auth.limits.shared import SharedLimiter  # noqa: PLC0415
    from hub.auth.limits.shared_log import connect  # noqa: PLC0415

    redis = connect(settings.redis_url)
    limiter = SharedLimiter(redis, processes=processes)
    await limiter.start()
    try:
        yield limiter
    finally:
        await limiter.close()
        await redis.aclose()


@asynccontextmanager
async def carry_hints(settings: Settings, hub: Hub, *, hears: bool = True) -> AsyncIterator[None]:
    """Tell other processes what happens here, and hear from them, as long as this lasts.

    A process that nobody listens in has no need to hear.
    """
    if settings.redis_url is None:
        yield
        return
    from hub.events.relay import RedisRelay  # noqa: PLC0415 - as above

    relay = RedisRelay(settings.redis_url, hub.live.hear)
    if hears:
        relay.start()
    hub.live.relay = relay
    try:
        yield
    finally:
        hub.live.relay = None
        await relay.close()
