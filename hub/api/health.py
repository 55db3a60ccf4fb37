"""What the operator's machines ask: alive, ready, figures. No key, no limit."""

import asyncio
from typing import Literal

from litestar import Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.response import Redirect
from msgspec import Struct

from hub import metrics
from hub.errors import HubError, SettingError
from hub.services.hub import Hub
from hub.store import schema
from hub.store.database import Database

SECONDS = 2.0
TAGS = ["Operations"]


class Alive(Struct, frozen=True):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Readiness(Struct, frozen=True, kw_only=True):
    """Which parts are well.

    Without Redis the hub still takes messages, its limits less exact. While its storage is full it
    takes none, and everything that is stored can be read.
    """

    status: Literal["ready", "degraded", "ill"]
    database: Literal["well", "full", "ill"]
    redis: Literal["well", "ill", "off"]


@get("/", include_in_schema=False)
async def get_root() -> Redirect:
    """Lead whoever looks at the bare address to the reference."""
    return Redirect("/docs")


@get("/health/live", operation_id="getLiveness", summary="Is the process alive?", tags=TAGS)
async def get_liveness() -> Alive:
    """Answers as long as the process does; a failure means: restart it."""
    return Alive()


@get(
    "/health/ready",
    operation_id="getReadiness",
    summary="Can the process take requests?",
    tags=TAGS,
    opt={"also": {"503": "Some part that is needed is ill."}},
)
async def get_readiness(hub: NamedDependency[Hub], state: State) -> Response[Readiness]:
    """Tells which part is ill; a failure (503) means: send nothing here for now."""
    database = await _state(hub.database)
    redis = hub.settings.redis_url is None or not state.limiter.alone
    well = redis and database == "well"
    readiness = Readiness(
        status="ill" if database == "ill" else "ready" if well else "degraded",
        database=database,
        redis="off" if hub.settings.redis_url is None else "well" if redis else "ill",
    )
    return Response(readiness, status_code=503 if database == "ill" else 200)


@get("/metrics", include_in_schema=False)
async def get_metrics(hub: NamedDependency[Hub]) -> Response[bytes]:
    """Figures in Prometheus' text format."""
    note_process(hub)
    return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)


HANDLERS = [get_root, get_liveness, get_readiness, get_metrics]


def note_process(hub: Hub) -> None:
    """Bring up to date what the figures say of this process at the moment."""
    metrics.process(waiting=hub.waiting, tasks=len(asyncio.all_tasks()))


async def _state(database: Database) -> Literal["well", "full", "ill"]:
    # Left to its own deadline, not cancelled: a cut-off read would cost its connection.
    asking = asyncio.create_task(_asked(database))
    await asyncio.wait({asking}, timeout=SECONDS)
    if not asking.done() or not asking.result():
        return "ill"
    # What answers and is in trouble all the same has no room.
    return "full" if database.trouble else "well"


async def _asked(database: Database) -> bool:
    try:
        await schema.version(database)
    except (HubError, SettingError):
        return False
    return True
