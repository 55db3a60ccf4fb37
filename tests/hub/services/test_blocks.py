"""Blocks: what can be blocked, once each, for a while or for good."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from hub import ids
from hub.errors import BadRequest, NotFound
from hub.services import blocks as service
from hub.services.blocks import Blocks
from hub.services.keys import Keys
from hub.store.read.paging import Paging

SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
LAST_WEEK = datetime.now(UTC) - timedelta(days=7)


@pytest.fixture
def blocks(database) -> Blocks:
    """The service of blocks."""
    return Blocks(database)


@pytest.fixture
async def key(database, acme):
    """The id of a widget key of the business."""
    made = await Keys(database).create(acme.id, "widget", "site", ["https://www.example.com"])
    return made.key.id


async def listed(blocks, organization_id) -> list:
    """Return all blocks of a business."""
    return list((await blocks.all(organization_id, Paging())).items)


async def test_a_block_comes_back_as_it_was_made(blocks, acme, other, key) -> None:
    """Newest first, each business its own."""
    visitor = await blocks.visitor(acme.id, key, "v_1", " abusive ", SOON)
    network = await blocks.network(acme.id, "203.0.113.9/24", "a bot farm")

    assert await listed(blocks, acme.id) == [network, visitor]
    assert await listed(blocks, other.id) == []
    assert (visitor.reason, visitor.expires_at, visitor.network) == ("abusive", SOON, None)
    assert (network.network, network.expires_at, network.key_id) == ("203.0.113.0/24", None, None)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("203.0.113.9", "203.0.113.9/32"),
        ("203.0.113.9/16", "203.0.0.0/16"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:DB8::/32", "2001:db8::/32"),
        (" 203.0.113.9 ", "203.0.113.9/32"),
    ],
)
async def test_a_network_is_kept_in_its_one_form(blocks, acme, text, kept) -> None:
    """An address stands for what one client is counted under."""
    assert (await blocks.network(acme.id, text, "x")).network == kept


@pytest.mark.parametrize(
    "text",
    [
        *("", "example.com", "203.0.113", "203.0.113.9/15", "0.0.0.0/0", "203.0.113.9/33"),
        *("2001:db8::/31", "2001:db8::1/65", "2001:db8::1/128", "::/0", "::ffff:203.0.113.9"),
        *("203.0.113.9, 203.0.113.10", "203.0.113.9/24/24", "fe80::1%eth0"),
    ],
)
async def test_a_network_that_cannot_be_blocked_is_told(blocks, acme, text) -> None:
    """No text that is none, and nothing so large that it keeps out a country."""
    with pytest.raises(BadRequest) as told:
        await blocks.network(acme.id, text, "")

    assert set(told.value.fields) == {"network", "reason"}


async def test_every_wrong_field_is_told_at_once(blocks, acme, database) -> None:
    """A key that is none of the business's or no widget's, no name, no reason, an end that was."""
    server = await Keys(database).create(acme.id, "server", "backend")
    for wrong in (server.key.id, ids.new(), None):
        with pytest.raises(BadRequest) as told:
            await blocks.visitor(acme.id, wrong, "", " ", LAST_WEEK)
        assert set(told.value.fields) == {"keyId", "visitorId", "reason", "expiresAt"}


async def test_a_key_of_another_business_cannot_be_named(blocks, other, key) -> None:
    """It is as if it were not there."""
    with pytest.raises(BadRequest) as told:
        await blocks.visitor(other.id, key, "v_1", "x")

    assert set(told.value.fields) == {"keyId"}


async def test_the_same_again_is_the_same_block(blocks, acme, key) -> None:
    """With the new reason and end, also from several calls at once."""
    at_once = [blocks.network(acme.id, "203.0.113.9", f"reason {n}") for n in range(5)]
    made = await asyncio.gather(*at_once)
    first = await blocks.visitor(acme.id, key, "v_1", "one", SOON)
    again = await blocks.visitor(acme.id, key, "v_1", "two")

    assert len({one.id for one in made}) == 1
    assert (again.id, again.created_at) == (first.id, first.created_at)
    assert (again.reason, again.expires_at) == ("two", None)
    assert len(await listed(blocks, acme.id)) == 2


async def test_what_is_over_is_gone(blocks, acme, monkeypatch) -> None:
    """A block that has ended is listed no more, and makes room when the next one comes."""
    monkeypatch.setattr(service, "MOST_NETWORKS", 1)
    monkeypatch.setattr(service, "now", lambda: LAST_WEEK)
    await blocks.network(acme.id, "203.0.113.1", "x", LAST_WEEK + timedelta(days=1))
    before = await listed(blocks, acme.id)
    monkeypatch.undo()
    monkeypatch.setattr(service, "MOST_NETWORKS", 1)
    await blocks.network(acme.id, "203.0.113.2", "x")

    assert before == []
    assert [one.network for one in await listed(blocks, acme.id)] == ["203.0.113.2/32"]


async def test_a_business_blocks_so_many_networks(blocks, acme, other, monkeypatch) -> None:
    """One more is refused and changes nothing; the same again is not more, nor is another's."""
    monkeypatch.setattr(service, "MOST_NETWORKS", 2)
    for number in (1, 2):
        await blocks.network(acme.id, f"203.0.113.{number}", "x")

    with pytest.raises(BadRequest, match="Validation"):
        await blocks.network(acme.id, "203.0.113.3", "x")
    await blocks.network(acme.id, "203.0.113.2", "again")
    await blocks.network(other.id, "203.0.113.3", "x")

    assert len(await listed(blocks, acme.id)) == 2


async def test_removing_lets_in_and_is_told(blocks, acme, other) -> None:
    """Twice, or somebody else's, is 404."""
    made = await blocks.network(acme.id, "203.0.113.1", "x")

    with pytest.raises(NotFound):
        await blocks.remove(other.id, made.id)
    assert await blocks.owner(made.id) == acme.id
    await blocks.remove(acme.id, made.id)
    with pytest.raises(NotFound):
        await blocks.remove(acme.id, made.id)
    with pytest.raises(NotFound):
        await blocks.owner(made.id)
