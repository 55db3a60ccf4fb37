"""What holds of a challenge when several processes serve: asked here, answered there."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from hub import ids
from hub.app import create_app
from hub.hooks import Hooks
from hub.sealing import open_sealer
from hub.services.hub import Hub
from hub.services.open import open_limiter
from hub.settings import Settings
from hub.store.database import Database
from tests.support.app import Api, Clock, make_business
from tests.support.hubs import SECRET
from tests.support.riddles import ASKED, added, send, solved, told


@pytest.fixture
async def pair(database: Database, redis_url: str) -> AsyncIterator[list[Api]]:
    """Two apps as two processes have them: one database, one Redis, one secret."""
    settings = Settings(hub_secret=SECRET, redis_url=redis_url)
    business = None
    async with AsyncExitStack() as stack:
        apis = []
        for _ in range(2):
            limiter = await stack.enter_async_context(open_limiter(settings))
            hub = Hub(settings, database, Hooks(settings.plugins), open_sealer(settings))
            business = business or await make_business(hub, f"pair-{ids.fresh()[-12:]}")
            apis.append(Api(create_app(settings, hub, limiter), hub, Clock(), business))
            added(apis[-1])
        yield apis


async def test_what_one_asked_another_takes(pair: list[Api]) -> None:
    """No process keeps what it asked for: the secret they share is enough."""
    here, there = pair

    answered = await send(there, solved(await send(here)))

    assert answered.status_code == 200


async def test_an_answer_is_used_up_everywhere(pair: list[Api]) -> None:
    """The new visitor's answer that one process has taken is none in the other."""
    here, there = pair
    answer = solved(await send(here))

    used = await send(here, answer, json={})

    assert used.status_code == 400
    assert told(await send(there, answer)) == ASKED
