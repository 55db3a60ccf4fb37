"""Open a hub: what every process does first, web, worker or command."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.auth.limits import Limiter, MemoryLimiter
from hub.hooks import Hooks
from hub.sealing import open_sealer
from hub.services.hub import Hub
from hub.settings import Settings
from hub.store import schema
from hub.store.database import open_database

PROCESSES = "HUB_PROCESSES"
"""Set by `serve --workers`: how many share the limits when they start while Redis is out."""


async def open_hub(settings: Settings) -> Hub:
    """Open the database, make sure of its schema, load the plugins.

    Raises `SettingError` when one of them cannot be had.
    """
    sealer = open_sealer(settings)
    hooks = Hooks(settings.plugins)
    database = open_database(settings)
    try:
        await schema.ready(settings, database)
        return Hub(settings, database, hooks, sealer)
    except BaseException:
        await database.close()
        raise


@asynccontextmanager
async def open_limiter(settings: Settings) -> AsyncIterator[Limiter]:
    """Count calls in Redis when there is one, so that limits hold over all processes."""
    if settings.redis_url is None:
        yield MemoryLimiter()
        return
    # Imported here: its half second is not for those who have no Redis.
    from hub.auth.limits.shared import SharedLimiter  # noqa: PLC0415
    from hub.auth.limits.shared_log import connect  # noqa: PLC0415

    redis = connect(settings.redis_url)
    limiter = SharedLimiter(redis, processes=int(os.environ.get(PROCESSES, "1")))
    await limiter.start()
    try:
        yield limiter
    finally:
        await limiter.close()
        await redis.aclose()
