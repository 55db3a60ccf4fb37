"""Whoever is blocked while a stream is open is sent away within seconds, and nobody else."""

import asyncio
import time

import pytest

from hub.api import audience
from hub.auth.guests import Guests
from tests.contract.test_blocked import block_network, block_visitor
from tests.support.app import Api
from tests.support.client import until
from tests.support.streams import answer, following, write

VISITOR, OTHER = "v_1." + "s" * 22, "v_2." + "t" * 22
SOON = 5.0


@pytest.mark.parametrize("block", [block_visitor, block_network])
async def test_an_open_stream_ends(api: Api, block) -> None:
    """Within 5 seconds of the block, at the hub's own pace; what is said then is not shown."""
    first = await write(api, "Hello", VISITOR)
    async with following(api, VISITOR) as events:
        await events.count(1)
        await block(api)
        began = time.monotonic()
        await events.until(lambda one: one.ended)
        took = time.monotonic() - began
        await answer(api, first, "too late")

    assert took < SOON
    assert events.bodies == ["Hello"]
    async with following(api, VISITOR) as refused:
        await refused.until(lambda one: one.status)
    assert refused.status == 403


async def test_the_others_stay(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another visitor of the same key goes on, through blocks that come one after the other."""
    monkeypatch.setattr(audience, "BLOCK_SECONDS", 0.05)
    await write(api, "Hello", VISITOR)
    second = await write(api, "Hello too", OTHER)
    async with following(api, OTHER) as stays, following(api, VISITOR) as goes:
        await stays.count(1)
        await goes.count(1)
        await block_network(api, "203.0.113.0/24")
        await asyncio.sleep(0.3)
        assert not goes.ended
        await block_visitor(api)
        await goes.until(lambda one: one.ended)
        await answer(api, second, "Still there?")
        await stays.count(2)

    assert stays.bodies == ["Hello too", "Still there?"]


async def test_a_stream_is_compared_once_with_a_block(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it stays open: a block that is not about it costs one look."""
    monkeypatch.setattr(audience, "BLOCK_SECONDS", 0.02)
    looks = []
    look = Guests.kept_out

    async def counted(self, guests):
        looks.append(len(guests))
        return await look(self, guests)

    monkeypatch.setattr(Guests, "kept_out", counted)
    await write(api, "Hello", VISITOR)
    async with following(api, VISITOR) as events:
        await events.count(1)
        for number in (1, 2):
            await block_network(api, f"203.0.113.{number}")
            await until(lambda number=number: len(looks) >= number, SOON)
            await asyncio.sleep(0.3)

            assert looks == [1] * number
