"""The web composition root: settings in, an ASGI app out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler

from hub.api import assets, cors, edge, follow, health, ingest, problems, reference, resources
from hub.api.audience import Audience
from hub.api.guards import caller_of
from hub.api.request import HubRequest
from hub.auth.admission import Admission
from hub.auth.buckets import Buckets
from hub.auth.callers import Callers
from hub.auth.challenges import Challenges
from hub.auth.guests import Guests
from hub.auth.limits import Limiter
from hub.auth.proxies import networks
from hub.auth.visitors import Visitors
from hub.services.hub import Hub
from hub.settings import Settings

BASE = "/api/v1"
USES_SECONDS = 10.0
PROCESS_SECONDS = 1.0


def create_app(
    settings: Settings, hub: Hub, limiter: Limiter, pages: Sequence[HTTPRouteHandler] = ()
) -> edge.Edge:
    """Build the web app of one process over an open hub; it closes nothing that it was given.

    `pages` are served beside what a hub always serves, and in place of what has the same path.
    """
    callers = Callers(hub.database, hub.sealer)
    challenges = Challenges(hub.hooks, hub.sealer, settings)
    visitors, buckets = Visitors(hub.database, hub.sealer.unseal), Buckets(settings)
    admission = Admission(callers, visitors, limiter, buckets, challenges)
    live = cors.LiveOrigins(hub.database)
    served = ingest.endpoints(hub.channels, admission, hub, live)
    audience = Audience(admission, Guests(hub.database), hub.streams, hub.live)
    followed = follow.endpoints(hub.channels, admission, hub, live, audience)
    channels = [*ingest.handlers(served), *follow.handlers(followed)]
    api = Router(BASE, route_handlers=[*channels, *resources.HANDLERS])
    files = assets.handlers(hub.hooks.collect("routes"))
    taken = {path for page in pages for path in page.paths}
    always = [one for one in (*health.HANDLERS, *reference.HANDLERS) if not one.paths & taken]
    app = Litestar(
        route_handlers=[api, *always, *files, *pages],
        dependencies={
            "hub": Provide(_given(hub), sync_to_thread=False),
            "caller": Provide(caller_of, sync_to_thread=False),
        },
        exception_handlers=problems.handlers(settings.support_email),
        request_class=HubRequest,
        state=State({"admission": admission, "hub": hub, "limiter": limiter}),
        lifespan=[_noting_uses(callers), _noting_process(hub), _beside(audience.run)],
        openapi_config=None,
        logging_config=None,
    )
    return edge.Edge(
        app,
        ingest.lanes(served, BASE),
        follow.lanes(followed, BASE),
        networks(settings.trusted_proxies),
        settings.support_email,
    )


def _given(hub: Hub) -> Callable[[], Hub]:
    def give() -> Hub:
        return hub

    return give


def _noting_uses(callers: Callers) -> Callable[[Litestar], Any]:
    """Write now and then which keys were used, and once more at the end."""

    async def note() -> None:
        while True:
            await asyncio.sleep(USES_SECONDS)
            with contextlib.suppress(Exception):
                await callers.note_uses()

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        task = asyncio.create_task(note())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(Exception):
                await callers.note_uses()

    return lifespan


def _noting_process(hub: Hub) -> Callable[[Litestar], Any]:
    """Keep the figures of this process fresh, also while another one is asked for them."""

    async def note() -> None:
        while True:
            health.note_process(hub)
            await asyncio.sleep(PROCESS_SECONDS)

    return _beside(note)


def _beside(work: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[Litestar], Any]:
    """Let this go on for as long as the app is served."""

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        task = asyncio.create_task(work())
        try:
            yield
        finally:
            task.cancel()

    return lifespan
