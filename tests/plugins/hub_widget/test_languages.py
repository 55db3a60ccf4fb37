"""The languages of the widget: complete, short, and the one that the visitor reads."""

import json
import re
import unicodedata
from pathlib import Path

import msgspec
import pytest

import hub_widget
from hub.contracts import Welcome
from hub_widget.languages import ENGLISH, LANGUAGES, chosen
from tests.architecture.house import ROOT

WORDS = Path(hub_widget.__file__).with_name("words")
SOURCE = ROOT / "widget" / "src" / "words.ts"
RIGHT_TO_LEFT = {"ar", "fa", "he", "ur"}
MOST_COLUMNS = {
    # In the head of a panel 380 px wide, and what a screen reader says of the button.
    "title": 28,
    # Beside the button that sends.
    "write": 30,
    # Below a message.
    "sending": 24,
    "waiting": 24,
    "sent": 24,
    "failed": 36,
    # Only read aloud.
    "send": 16,
    "close": 24,
    # A bubble of two lines.
    "greeting": 64,
}
PLACEHOLDER = re.compile(r"\{\w*\}|%\w|\$\w+")


def said() -> dict[str, str]:
    """Return what the script says by itself."""
    body = SOURCE.read_text(encoding="utf-8").partition("= {")[2]
    return {key: json.loads(text) for key, text in re.findall(r'(\w+): ("[^"]*"),', body)}


def faults(tag: str, direction: str, words: dict[str, str]) -> list[str]:
    """Tell what is wrong with a language."""
    english = said()
    found = [f"{tag}: keys {sorted(words.keys() ^ english.keys())}"] * (set(words) != set(english))
    if (tag in RIGHT_TO_LEFT) != (direction == "rtl"):
        found.append(f"{tag}: direction {direction}")
    for key, text in words.items():
        if sorted(PLACEHOLDER.findall(text)) != sorted(PLACEHOLDER.findall(english.get(key, ""))):
            found.append(f"{tag}.{key}: placeholders of {text!r}")
        if not 0 < columns(text) <= MOST_COLUMNS.get(key, 0):
            found.append(f"{tag}.{key}: {columns(text)} columns")
        if text != text.strip() or text != unicodedata.normalize("NFC", text):
            found.append(f"{tag}.{key}: spaces or signs that are not in their one form")
        if runs_against(text, direction):
            found.append(f"{tag}.{key}: {text!r} does not run {direction}")
    return found


def columns(text: str) -> int:
    """Return how wide a text is: a wide sign is two columns, one that joins another is none."""
    wide = {"W": 2, "F": 2}
    return sum(
        wide.get(unicodedata.east_asian_width(sign), 1)
        for sign in text
        if not unicodedata.category(sign).startswith("M")
    )


def runs_against(text: str, direction: str) -> bool:
    """Tell whether the first letter of a text makes it run the other way."""
    ways = (unicodedata.bidirectional(sign) for sign in text)
    first = next((way for way in ways if way in {"L", "R", "AL"}), "")
    return (first in {"R", "AL"}) != (direction == "rtl")


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_language_is_complete_and_fits(tag: str) -> None:
    """Each word of the script, no placeholder lost, in its direction, no longer than its place."""
    assert faults(tag, LANGUAGES[tag].direction, LANGUAGES[tag].words) == []


def test_the_english_file_says_what_the_script_says() -> None:
    """Nothing is sent to those who read English, so the script's own words must be these."""
    assert LANGUAGES[ENGLISH].words == said()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"send": None}, "de: keys ['send']"),
        ({"more": "Mehr"}, "de: keys ['more']"),
        ({"title": "Schreiben" * 4}, "de.title: 36 columns"),
        ({"close": "チャットを閉じるボタンです"}, "de.close: 26 columns"),
        ({"sent": "{count} gesendet"}, "de.sent: placeholders of '{count} gesendet'"),
        ({"sent": " Gesendet"}, "de.sent: spaces or signs that are not in their one form"),
        ({"sent": "נשלחה"}, "de.sent: 'נשלחה' does not run ltr"),
    ],
)
def test_each_kind_of_fault_is_found(change: dict[str, str | None], fault: str) -> None:
    """A key too few or too many, a text too long, a lost placeholder, the wrong direction."""
    words = {**LANGUAGES["de"].words, **change}
    kept = {key: text for key, text in words.items() if text is not None}

    assert fault in faults("de", "ltr", kept)
    assert faults("ar", "ltr", LANGUAGES["ar"].words)[0] == "ar: direction ltr"


def test_there_are_many_languages_and_one_of_each_primary_language() -> None:
    """Twelve at least, some of them from right to left; a tag never has two files to choose."""
    primaries = [tag.partition("-")[0] for tag in LANGUAGES]

    assert len(LANGUAGES) >= 12
    assert RIGHT_TO_LEFT & set(LANGUAGES)
    assert len(primaries) == len(set(primaries))
    assert {path.stem for path in WORDS.iterdir()} == set(LANGUAGES)


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en-GB,de;q=0.9", "en"),
        ("de;q=0.4, fr;q=0.7", "fr"),
        ("sv, sw;q=0.9, it;q=0.1", "it"),
        ("sv, sw", "en"),
        ("de;q=0, nl;q=0.1", "nl"),
        ("pt-PT", "pt-BR"),
        ("PT-br", "pt-BR"),
        ("zh-CN", "zh-Hans"),
        ("zh-Hans-SG", "zh-Hans"),
        ("zh-TW, ja;q=0.5", "ja"),
        ("zh-Hant", "en"),
        ("iw-IL", "he"),
        ("*", "en"),
        ("sv, *;q=0.5, de;q=0.3", "en"),
        ("de;q=much, fr", "fr"),
        ("de;q=nan, fr;q=0.1", "fr"),
        ("de;q=7", "en"),
        (";;;,,q=1,-,\x00", "en"),
        ("sv," * 20 + "de", "en"),
    ],
)
def test_the_visitors_best_is_chosen(header: str, tag: str) -> None:
    """By weight, then by order; a region is not needed, a script is; nonsense is passed over."""
    assert chosen(header, ()) == tag


@pytest.mark.parametrize(
    ("header", "allowed", "tag"),
    [
        ("fr, de;q=0.5", ("de", "en"), "de"),
        ("fr", ("de", "en"), "de"),
        ("", ("de",), "de"),
        ("en", ("de",), "de"),
        ("*", ("nl", "de"), "nl"),
        ("pt", ("en", "pt-PT"), "pt-BR"),
        ("sv", ("sv", "nl"), "nl"),
        ("de", ("sv",), "de"),
    ],
)
def test_a_business_allows_languages_and_prefers_its_first(
    header: str, allowed: tuple[str, ...], tag: str
) -> None:
    """Of others its first is spoken; one that we have not is as if it were not named."""
    assert chosen(header, allowed) == tag


@pytest.mark.parametrize("tag", LANGUAGES)
def test_the_first_event_is_small(tag: str) -> None:
    """In every language it fits into one packet, beside a greeting of some length."""
    first = hub_widget.CHANNEL.opening(Welcome(accept_language=tag, greeting="x" * 200))
    sent = msgspec.json.decode(msgspec.json.encode(first))

    assert sent.get("lang", ENGLISH) == tag
    assert sent.get("dir", "ltr") == LANGUAGES[tag].direction
    assert len(msgspec.json.encode(first)) < 1_200
