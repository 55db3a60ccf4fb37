"""Connections: rows that a plugin keeps, secrets sealed, one per external key."""

import asyncio

import msgspec
import pytest

from hub import ids
from hub.errors import BadRequest, NotFound, SettingError
from hub.sealing import Sealer
from hub.services.connections import Connections
from hub.store.admin import connections as store

DATA = {"wabaId": "17", "nested": {"list": [1, None, "ü"]}}
SECRETS = {"token": "canary-of-this-test"}


@pytest.fixture
def connections(database, sealer) -> Connections:
    """What all plugins keep."""
    return Connections(database, sealer)


async def test_a_row_comes_back_by_id_by_external_key_and_in_the_list(connections, acme) -> None:
    """With data and secrets as they were put."""
    kept = connections.of("whatsapp")

    made = await kept.put(acme.id, "1055", DATA, SECRETS)

    assert (made.data, made.secrets, made.plugin) == (DATA, SECRETS, "whatsapp")
    assert await kept.by_id(made.id) == made
    assert await connections.by_id("whatsapp", made.id) == made
    assert await kept.find(acme.id, "1055") == made
    assert await kept.all(acme.id) == [made]


async def test_secrets_are_unreadable_at_rest(connections, acme, database) -> None:
    """Neither their names nor their values stand in the row."""
    made = await connections.of("whatsapp").put(acme.id, "1055", DATA, SECRETS)

    row = await database.read(lambda c: store.by_id(c, "whatsapp", made.id))
    assert "canary" not in str(msgspec.to_builtins(row))
    assert "token" not in row.secrets


async def test_the_same_external_key_replaces_data_and_secrets_and_keeps_the_id(
    connections, acme
) -> None:
    """Put again, put at once by many: one row."""
    kept = connections.of("whatsapp")
    first = await kept.put(acme.id, "1055", DATA, SECRETS)

    again = await kept.put(acme.id, "1055", {"wabaId": "18"}, {})
    many = await asyncio.gather(*(kept.put(acme.id, "9", {"n": n}, {}) for n in range(4)))

    assert (again.id, again.data, again.secrets) == (first.id, {"wabaId": "18"}, {})
    assert len({one.id for one in many}) == 1
    assert len(await kept.all(acme.id)) == 2


async def test_what_is_deleted_is_gone(connections, acme) -> None:
    """The answer tells whether there was something."""
    kept = connections.of("whatsapp")
    made = await kept.put(acme.id, "1055", DATA, SECRETS)

    assert await kept.delete(acme.id, made.id)
    assert not await kept.delete(acme.id, made.id)
    assert await kept.by_id(made.id) is None
    assert await kept.find(acme.id, "1055") is None


async def test_plugins_and_businesses_do_not_see_each_others(connections, acme, other) -> None:
    """The same external key is another row for another plugin and for another business."""
    mine = await connections.of("whatsapp").put(acme.id, "1055", DATA, SECRETS)
    theirs = await connections.of("telegram").put(acme.id, "1055", {}, {})
    others = await connections.of("whatsapp").put(other.id, "1055", {}, {})

    assert len({mine.id, theirs.id, others.id}) == 3
    assert await connections.by_id("telegram", mine.id) is None
    assert not await connections.of("whatsapp").delete(other.id, mine.id)
    assert await connections.of("whatsapp").all(other.id) == [others]


async def test_a_business_that_is_not_there_and_a_key_that_is_no_line_are_refused(
    connections, acme
) -> None:
    """NotFound and BadRequest, not a row."""
    with pytest.raises(NotFound):
        await connections.of("whatsapp").put(ids.new(), "1055", DATA, SECRETS)
    with pytest.raises(BadRequest):
        await connections.of("whatsapp").put(acme.id, "", DATA, SECRETS)


async def test_another_hub_secret_opens_nothing_and_says_so(connections, acme, database) -> None:
    """The line names the setting."""
    made = await connections.of("whatsapp").put(acme.id, "1055", DATA, SECRETS)

    strangers = Connections(database, Sealer("another secret"))
    with pytest.raises(SettingError, match="hub_secret"):
        await strangers.by_id("whatsapp", made.id)
