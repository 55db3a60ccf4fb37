"""What widget keys ask of visitors: a secret shown once, rotated with an overlap, off again."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.errors import Conflict, NotFound
from hub.services.identity import Identity
from hub.services.keys import Keys
from hub.store.admin import identity as store

ORIGIN = "https://www.example.com"


@pytest.fixture
def identity(database, sealer) -> Identity:
    """The service."""
    return Identity(database, sealer)


@pytest.fixture
async def key(database, acme):
    """A widget key."""
    return (await Keys(database).create(acme.id, "widget", "site", [ORIGIN])).key


@pytest.fixture
def opened(database, sealer, acme, key):
    """Return the secrets of the key in the clear, the newest first, each with its end."""

    async def read() -> list[tuple[str, int | None]]:
        rule = await database.read(lambda c: store.find(c, acme.id, key.id))
        return [(sealer.unseal(one.text), one.until) for one in rule.secrets]

    return read


async def test_a_key_asks_for_nothing_until_it_has_a_secret(identity, acme, key) -> None:
    """A new key is off; the first secret makes it optional."""
    before = await identity.get(acme.id, key.id)
    made = await identity.rotate(acme.id, key.id)

    assert (before.mode, before.has_secret) == ("off", False)
    assert (made.asked.mode, made.asked.has_secret) == ("optional", True)
    assert await identity.get(acme.id, key.id) == made.asked


async def test_a_secret_is_sealed(identity, database, acme, key, opened) -> None:
    """The database does not hold it in the clear: 32 random bytes in base64url."""
    made = await identity.rotate(acme.id, key.id)

    rule = await database.read(lambda c: store.find(c, acme.id, key.id))
    assert len(made.secret) == 43
    assert made.secret not in repr(rule)
    assert await opened() == [(made.secret, None)]


async def test_a_rotation_ends_the_old_secret_at_once(identity, acme, key, opened) -> None:
    """Without an overlap the new secret is the only one, and the mode stays."""
    await identity.rotate(acme.id, key.id, mode="required")
    made = await identity.rotate(acme.id, key.id)

    assert await opened() == [(made.secret, None)]
    assert (made.asked.mode, made.asked.old_until) == ("required", None)


async def test_an_overlap_lets_old_secrets_live_for_a_day(identity, acme, key, opened) -> None:
    """Each until 24 h after the rotation that replaced it, and never longer by another one."""
    first = await identity.rotate(acme.id, key.id)
    second = await identity.rotate(acme.id, key.id, overlap=True)
    ends = dict(await opened())
    third = await identity.rotate(acme.id, key.id, overlap=True)

    day = datetime.now(UTC) + timedelta(hours=24)
    assert second.asked.old_until is not None
    assert abs((second.asked.old_until - day).total_seconds()) < 30
    found = await opened()
    assert [secret for secret, _ in found] == [third.secret, second.secret, first.secret]
    assert dict(found)[first.secret] == ends[first.secret]


async def test_old_secrets_are_dropped_when_they_are_dead(
    identity, acme, key, opened, monkeypatch
) -> None:
    """A rotation two days later keeps the last secret and not the one before it."""
    await identity.rotate(acme.id, key.id)
    second = await identity.rotate(acme.id, key.id, overlap=True)
    later = datetime.now(UTC) + timedelta(days=2)
    monkeypatch.setattr("hub.services.identity.now", lambda: later)
    third = await identity.rotate(acme.id, key.id, overlap=True)

    assert [secret for secret, _ in await opened()] == [third.secret, second.secret]


async def test_off_keeps_the_secret_for_another_time(identity, acme, key, opened) -> None:
    """Off and on again needs no new secret at the site."""
    made = await identity.rotate(acme.id, key.id)
    off = await identity.set_mode(acme.id, key.id, "off")
    on = await identity.set_mode(acme.id, key.id, "required")

    assert (off.mode, on.mode) == ("off", "required")
    assert await opened() == [(made.secret, None)]


@pytest.mark.parametrize("mode", ["optional", "required"])
async def test_nothing_is_asked_that_nobody_could_give(identity, acme, key, mode) -> None:
    """A key without a secret cannot ask for tokens; the sentence names the way out."""
    with pytest.raises(Conflict, match="--rotate"):
        await identity.set_mode(acme.id, key.id, mode)


async def test_only_living_widget_keys_have_visitors(identity, database, acme, key) -> None:
    """A server key and a revoked one are refused."""
    keys = Keys(database)
    server = await keys.create(acme.id, "server", "backend")
    await keys.revoke(acme.id, key.id)

    with pytest.raises(Conflict, match="widget key"):
        await identity.rotate(acme.id, server.key.id)
    with pytest.raises(Conflict, match="revoked"):
        await identity.rotate(acme.id, key.id)


async def test_a_key_of_somebody_else_is_none(identity, other, key) -> None:
    """No business sees or changes another one's key."""
    with pytest.raises(NotFound):
        await identity.get(other.id, key.id)
    with pytest.raises(NotFound):
        await identity.rotate(other.id, key.id)
