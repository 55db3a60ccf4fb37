"""Keys: shown once, dead at once, the same id through every rotation."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from hub import ids
from hub.auth import keys as secret
from hub.errors import BadRequest, Conflict, NotFound
from hub.services.keys import MAX_ORIGINS, OVERLAP, Keys
from hub.store.write import credentials

ORIGIN = "https://www.example.com"


@pytest.fixture
def keys(database) -> Keys:
    """The service of keys."""
    return Keys(database)


@pytest.fixture
def opens(database):
    """Tell whether a plaintext opens a living key, now or at another moment."""

    async def ask(plaintext: str, at: datetime | None = None) -> bool:
        digest = secret.digest(plaintext)
        found = await database.read(lambda c: credentials.find_keys(c, [digest]))
        moment = at or datetime.now(UTC)
        return digest in found and credentials.lives(found[digest], moment)

    return ask


async def test_a_new_key_opens_and_only_its_digest_is_stored(keys, acme, opens) -> None:
    """The plaintext is in the answer alone; the list shows its beginning."""
    made = await keys.create(acme.id, "server", " backend ")

    assert await opens(made.plaintext)
    assert secret.parse(made.plaintext).kind == "server"
    assert await keys.all(acme.id) == [made.key]
    assert made.key.label == "backend"
    assert made.key.prefix == made.plaintext[:12]


async def test_a_widget_key_keeps_its_origins_in_one_form_and_once(keys, acme) -> None:
    """Case and default port are dropped, what is equal is kept once, in order."""
    origins = ["HTTPS://WWW.Example.com:443", "http://localhost:3000", ORIGIN]

    made = await keys.create(acme.id, "widget", "site", origins)

    assert made.key.allowed_origins == (ORIGIN, "http://localhost:3000")
    assert (await keys.all(acme.id))[0].allowed_origins == made.key.allowed_origins


@pytest.mark.parametrize(
    ("kind", "label", "origins", "fields"),
    [
        ("server", "", (), {"label"}),
        ("server", "two\nlines", (), {"label"}),
        ("server", "\N{RIGHT-TO-LEFT OVERRIDE}x", (), {"label"}),
        ("server", "x" * 201, (), {"label"}),
        ("server", "x", [ORIGIN], {"allowedOrigins"}),
        ("widget", "x", (), {"allowedOrigins"}),
        ("widget", "", ["http://example.com"], {"label", "allowedOrigins"}),
        (
            "widget",
            "x",
            [f"https://{n}.example.com" for n in range(MAX_ORIGINS + 1)],
            {"allowedOrigins"},
        ),
    ],
)
async def test_every_wrong_field_of_a_new_key_is_named(
    keys, acme, kind, label, origins, fields
) -> None:
    """All at once, and nothing is stored."""
    with pytest.raises(BadRequest) as refused:
        await keys.create(acme.id, kind, label, origins)

    assert set(refused.value.fields) == fields
    assert await keys.all(acme.id) == []


async def test_each_wrong_origin_has_its_own_sentence(keys, acme) -> None:
    """The text that was sent is in it."""
    with pytest.raises(BadRequest) as refused:
        await keys.create(acme.id, "widget", "x", ["https://*.example.com", "null", ORIGIN])

    sentences = refused.value.fields["allowedOrigins"]
    assert [s.split(":")[0] for s in sentences] == ["'https", "'null'"]


async def test_a_key_of_no_organization_is_not_made(keys) -> None:
    """The organization must be there."""
    with pytest.raises(NotFound):
        await keys.create(ids.new(), "server", "backend")


async def test_a_revoked_key_is_dead_at_once_and_stays_so(keys, acme, opens) -> None:
    """A second time changes nothing, the moment included; a new secret cannot be had."""
    made = await keys.create(acme.id, "server", "backend")

    revoked = await keys.revoke(acme.id, made.key.id)

    assert not await opens(made.plaintext)
    assert await keys.revoke(acme.id, made.key.id) == revoked
    with pytest.raises(Conflict):
        await keys.rotate(acme.id, made.key.id)
    with pytest.raises(Conflict):
        await keys.expire(acme.id, made.key.id, None)


async def test_rotation_changes_the_secret_of_the_same_key(keys, acme, opens) -> None:
    """Everything else of the key stays; the old secret is dead."""
    old = await keys.create(acme.id, "widget", "site", [ORIGIN])

    new = await keys.rotate(acme.id, old.key.id)

    assert (await opens(old.plaintext), await opens(new.plaintext)) == (False, True)
    assert new.key.prefix == new.plaintext[:12]
    assert await keys.all(acme.id) == [new.key]
    assert (new.key.id, new.key.allowed_origins) == (old.key.id, old.key.allowed_origins)


async def test_overlap_keeps_the_last_secret_for_a_day(keys, acme, opens) -> None:
    """Each secret that was overlapped lives its own 24 h, the newest without end."""
    first = await keys.create(acme.id, "server", "backend")
    second = await keys.rotate(acme.id, first.key.id, overlap=True)
    assert await opens(first.plaintext)
    third = await keys.rotate(acme.id, first.key.id, overlap=True)

    tomorrow = datetime.now(UTC) + OVERLAP + timedelta(seconds=1)
    secrets = [one.plaintext for one in (first, second, third)]
    assert [await opens(one) for one in secrets] == [True, True, True]
    assert [await opens(one, tomorrow) for one in secrets] == [False, False, True]


async def test_two_rotations_at_once_leave_one_secret(keys, acme, opens) -> None:
    """The key's row is locked: whoever comes second replaces what the first made."""
    made = await keys.create(acme.id, "server", "backend")

    new = await asyncio.gather(*(keys.rotate(acme.id, made.key.id) for _ in range(4)))

    assert [await opens(one.plaintext) for one in new].count(True) == 1


async def test_an_expiry_ends_a_key_by_itself_and_can_be_taken_back(keys, acme, opens) -> None:
    """Given at creation or later, in the future only."""
    soon = datetime.now(UTC) + timedelta(minutes=5)
    made = await keys.create(acme.id, "server", "backend", expires_at=soon)

    assert await opens(made.plaintext)
    assert not await opens(made.plaintext, soon)
    await keys.expire(acme.id, made.key.id, None)
    assert await opens(made.plaintext, soon)
    with pytest.raises(BadRequest):
        await keys.expire(acme.id, made.key.id, datetime.now(UTC))


async def test_origins_are_replaced_and_checked_as_for_a_new_key(keys, acme) -> None:
    """What is not allowed changes nothing; a server key has none to replace."""
    widget = await keys.create(acme.id, "widget", "site", [ORIGIN])
    server = await keys.create(acme.id, "server", "backend")

    changed = await keys.allow(acme.id, widget.key.id, ["https://Other.example.com:443"])

    assert changed.allowed_origins == ("https://other.example.com",)
    for key, origins in ((widget, []), (widget, ["null"]), (server, [ORIGIN])):
        with pytest.raises(BadRequest):
            await keys.allow(acme.id, key.key.id, origins)
    assert await keys.all(acme.id) == [server.key, changed]


async def test_a_living_key_is_found_by_its_plaintext(keys, acme, other) -> None:
    """In its own organization alone, and as long as it lives."""
    made = await keys.create(acme.id, "server", "backend")

    assert await keys.by_plaintext(acme.id, made.plaintext) == made.key
    assert await keys.by_plaintext(other.id, made.plaintext) is None
    assert await keys.by_plaintext(acme.id, "ck_live_" + "0" * 32) is None
    await keys.revoke(acme.id, made.key.id)
    assert await keys.by_plaintext(acme.id, made.plaintext) is None


async def test_another_organization_neither_sees_nor_touches_a_key(
    keys, acme, other, opens
) -> None:
    """Not listed, and the same NotFound as for an id that nobody has."""
    made = await keys.create(acme.id, "server", "backend")

    assert await keys.all(other.id) == []
    for deed in (keys.revoke, keys.rotate):
        with pytest.raises(NotFound):
            await deed(other.id, made.key.id)
    with pytest.raises(NotFound):
        await keys.expire(other.id, made.key.id, None)
    with pytest.raises(NotFound):
        await keys.allow(other.id, made.key.id, [ORIGIN])
    assert await opens(made.plaintext)


async def test_the_operator_finds_whose_key_it_is(keys, acme) -> None:
    """By the id alone; an unknown id is NotFound."""
    made = await keys.create(acme.id, "server", "backend")

    assert await keys.owner(made.key.id) == acme.id
    with pytest.raises(NotFound):
        await keys.owner(ids.new())
