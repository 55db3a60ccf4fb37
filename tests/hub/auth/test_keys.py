"""Keys: one shape, offline recognition, nothing usable stored."""

import re
from hashlib import sha256
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.auth import keys
from hub.auth.keys import KeyKind, ParsedKey

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PUBLISHED = {
    "server": re.compile(r"ck_live_[0-9A-Za-z]{32}"),
    "widget": re.compile(r"cwk_live_[0-9A-Za-z]{32}"),
}
SAMPLE = "ck_live_" + "A" * 26 + "0HTix5"

kinds = st.sampled_from(["server", "widget"])
minted = st.builds(keys.mint, kinds)


@given(kind=kinds)
def test_a_minted_key_has_the_published_shape_and_names_its_kind(kind: KeyKind) -> None:
    """Prefix and 32 base62 characters, recognised as the kind that was asked for."""
    key = keys.mint(kind)

    assert PUBLISHED[kind].fullmatch(key)
    assert keys.parse(key) == ParsedKey(kind)


@pytest.mark.parametrize("kind", PUBLISHED)
def test_the_last_six_characters_are_the_crc32_of_the_26_before(kind: KeyKind) -> None:
    """Anyone can check a key offline: base62 digits, most significant first, padded with 0."""
    key = keys.mint(kind)
    value = 0
    for character in key[-6:]:
        value = value * 62 + BASE62.index(character)

    assert value == crc32(key[-32:-6].encode())


@given(key=minted, data=st.data())
def test_every_mistyped_character_is_caught_without_a_look_up(
    key: str, data: st.DataObject
) -> None:
    """Any other character, ASCII or not, at any of the places makes the key none."""
    place = data.draw(st.integers(0, len(key) - 1))
    other = data.draw(st.sampled_from(BASE62) | st.characters())

    typo = key[:place] + other + key[place + 1 :]

    assert (keys.parse(typo) is None) == (other != key[place])


def test_every_single_typo_of_one_key_is_caught() -> None:
    """All 61 other characters at each of the 32 places, and each pair of neighbours swapped."""
    key = keys.mint("server")
    typos = {key[:i] + c + key[i + 1 :] for i in range(8, 40) for c in BASE62}
    typos |= {key[:i] + key[i + 1] + key[i] + key[i + 2 :] for i in range(39)}

    assert {typo for typo in typos if keys.parse(typo)} == {key}


@given(key=minted, data=st.data())
def test_a_missing_or_an_extra_character_is_caught(key: str, data: st.DataObject) -> None:
    """Length is part of the shape, also for white space and a line end pasted along."""
    place = data.draw(st.integers(len(key) - 31, len(key)))
    extra = data.draw(st.sampled_from([*BASE62, " ", "\n", "\t", "\0"]))

    assert keys.parse(key[:place] + extra + key[place:]) is None
    assert keys.parse(key[: place - 1] + key[place:]) is None


@given(
    text=st.text()
    | st.from_regex(r"c?w?k_live_\w{26,38}")
    | st.binary().map(lambda b: b.decode("latin-1"))
)
def test_no_text_makes_parsing_raise(text: str) -> None:
    """Junk, foreign digits and decoded bytes are None, never an exception."""
    assert keys.parse(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ck_live_",
        "ck_live_" + "x" * 32,
        "CK_LIVE_" + SAMPLE[8:],
        "ck_test_" + SAMPLE[8:],
        "wck_live_" + SAMPLE[8:],
        "cck_live_" + SAMPLE[8:],
        "Bearer " + SAMPLE,
        SAMPLE + SAMPLE,
        SAMPLE[:8] + "\uff21" + SAMPLE[9:],
        SAMPLE[:8] + "\u0661" + SAMPLE[9:],
        "\ud800" * 40,
    ],
)
def test_what_only_looks_like_a_key_is_none(text: str) -> None:
    """Wrong prefixes, wide letters, Arabic digits and lone surrogates are not keys."""
    assert keys.parse(SAMPLE) == ParsedKey("server")
    assert keys.parse(text) is None


def test_a_server_key_with_the_widget_prefix_is_a_widget_key() -> None:
    """The prefix alone names the kind; `cwk_live_` is not read as `ck_live_` with noise."""
    assert keys.parse("cwk_live_" + SAMPLE[8:]) == ParsedKey("widget")


def test_a_hundred_thousand_keys_are_all_different() -> None:
    """Nothing repeats, and every character of the alphabet is used at every random place."""
    made = [keys.mint("server") for _ in range(100_000)]

    assert len(set(made)) == len(made)
    assert {len({key[place] for key in made}) for place in range(8, 34)} == {62}


def test_a_scanner_finds_a_key_in_a_text() -> None:
    """The published pattern picks both kinds out of source code, and the checksum sorts them."""
    planted = [keys.mint("server"), keys.mint("widget")]
    source = f'KEY = "{planted[0]}" # {"ck_live_" + "y" * 32}\n<script data-key="{planted[1]}">'

    found = re.findall(keys.PATTERN, source)

    assert [key for key in found if keys.parse(key)] == planted


def test_the_digest_is_the_sha256_of_the_text() -> None:
    """32 bytes, the same for the same key, and never an error, also for a lone surrogate."""
    assert keys.digest(SAMPLE) == sha256(SAMPLE.encode()).digest()
    assert len(keys.digest("\ud800")) == 32


@given(key=minted, other=minted)
def test_only_the_key_itself_matches_its_digest(key: str, other: str) -> None:
    """Comparison is over the whole digest."""
    assert keys.matches(key, keys.digest(key))
    assert not keys.matches(other, keys.digest(key))
    assert not keys.matches(key, keys.digest(key)[:-1])


@pytest.mark.parametrize(("kind", "shown"), [("server", "ck_live_"), ("widget", "cwk_live_")])
def test_twelve_characters_are_displayed(kind: KeyKind, shown: str) -> None:
    """The prefix and the first few random characters."""
    key = keys.mint(kind)

    assert len(keys.display(key)) == 12
    assert key.startswith(keys.display(key))
    assert keys.display(key).startswith(shown)
