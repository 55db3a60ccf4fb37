"""Businesses: their slugs, settings and legacy secrets."""

import asyncio

import pytest

from hub import ids
from hub.errors import BadRequest, Conflict, NotFound
from hub.store.admin.records import BusinessSettings, Privacy, Retention
from hub.store.write import credentials

NEW = {"messages_days": 365, "sessions_days": None, "events_days": None}


async def test_a_new_business_is_found_by_slug_and_id(organizations) -> None:
    """With default settings; what is read equals what was made."""
    made = await organizations.create("acme-2", "  Acme & Söhne ")

    assert made.name == "Acme & Söhne"
    assert made.settings == BusinessSettings()
    assert await organizations.by_slug("acme-2") == made
    assert await organizations.get(made.id) == made
    assert await organizations.all() == [made]


@pytest.mark.parametrize("slug", ["", "A", "-a", "a-", "a b", "a_b", "a.b", "ä", "a" * 64, "a\n"])
async def test_a_slug_that_a_header_or_a_path_could_misread_is_refused(organizations, slug) -> None:
    """1 to 63 of a-z, 0-9 and inner hyphens."""
    with pytest.raises(BadRequest) as refused:
        await organizations.create(slug, "")

    assert set(refused.value.fields) == {"slug", "name"}


async def test_a_slug_is_taken_once_however_many_ask_at_once(organizations) -> None:
    """The unique index decides."""
    answers = await asyncio.gather(
        *(organizations.create("acme", f"Acme {n}") for n in range(4)), return_exceptions=True
    )

    refused = [answer for answer in answers if isinstance(answer, Conflict)]
    assert len(refused) == 3
    assert len(await organizations.all()) == 1


async def test_an_unknown_business_is_not_found(organizations) -> None:
    """By slug, by id, and when it is to be changed."""
    for attempt in (
        organizations.by_slug("nobody"),
        organizations.get(ids.new()),
        organizations.change(ids.new(), {"name": "x"}),
        organizations.set_legacy_secret(ids.new(), "something"),
    ):
        with pytest.raises(NotFound):
            await attempt


async def test_settings_are_set_by_dotted_names_and_read_as_their_types(
    organizations, acme
) -> None:
    """What is not named stays as it was; an empty text is the default again."""
    await organizations.change(
        acme.id,
        {
            "name": "Acme Ltd",
            "privacy.ip": "truncate",
            "privacy.mask": "cards, phones",
            "retention.messages_days": "365",
            "languages": "en,pt-BR",
            "greeting": "Hi!",
        },
    )
    changed = await organizations.change(acme.id, {"privacy.mask": "", "greeting": ""})

    assert await organizations.get(acme.id) == changed
    assert changed.name == "Acme Ltd"
    assert changed.settings == BusinessSettings(
        privacy=Privacy(ip="truncate"),
        retention=Retention(messages_days=365),
        languages=("en", "pt-BR"),
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("privacy.ip", "hide"),
        ("privacy.mask", "cards,faces"),
        ("privacy", "x"),
        ("retention.messages_days", "0"),
        ("retention.messages_days", "soon"),
        ("languages", "English"),
        ("greeting", "x" * 501),
        ("name", " "),
        ("colour", "red"),
    ],
)
async def test_a_setting_that_cannot_be_is_named_and_nothing_changes(
    organizations, acme, name, text
) -> None:
    """Not even the good one beside it."""
    with pytest.raises(BadRequest) as refused:
        await organizations.change(acme.id, {"privacy.ip": "drop"} | {name: text})

    assert set(refused.value.fields) == {name}
    assert await organizations.get(acme.id) == acme


async def test_two_changes_at_once_both_hold(organizations, acme) -> None:
    """The row is locked while a change is worked out."""
    await asyncio.gather(
        *(
            organizations.change(acme.id, {f"retention.{name}": str(number)})
            for number, name in enumerate(NEW, start=1)
        )
    )

    retention = (await organizations.get(acme.id)).settings.retention
    assert retention == Retention(messages_days=1, sessions_days=2, events_days=3)


async def test_a_legacy_secret_is_kept_as_a_keyed_fingerprint(
    organizations, acme, sealer, database
) -> None:
    """Set, rotated, switched off: one at a time."""
    assert await organizations.legacy_secret_since(acme.id) is None
    await organizations.set_legacy_secret(acme.id, "the old one")
    row = await database.read(lambda c: credentials.find_legacy(c, "acme"))
    assert row.digest == sealer.fingerprint("the old one")

    fresh = await organizations.rotate_legacy_secret(acme.id)
    row = await database.read(lambda c: credentials.find_legacy(c, "acme"))
    assert row.digest == sealer.fingerprint(fresh)
    assert await organizations.legacy_secret_since(acme.id)

    assert await organizations.drop_legacy_secret(acme.id)
    assert not await organizations.drop_legacy_secret(acme.id)
    assert await database.read(lambda c: credentials.find_legacy(c, "acme")) is None


@pytest.mark.parametrize(
    "secret", ["", "short", " padded", "padded ", "two\nlines", "sécret", "x" * 256]
)
async def test_a_legacy_secret_that_no_header_can_carry_is_refused(
    organizations, acme, secret
) -> None:
    """6 to 255 visible ASCII characters, spaces only inside."""
    with pytest.raises(BadRequest):
        await organizations.set_legacy_secret(acme.id, secret)
