"""Which of its languages the widget speaks with a visitor.

A language is a file in `words/`, named by its tag; there is one for each primary language.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from msgspec import json

from hub.sdk import Struct

ENGLISH = "en"
"""What the script says by itself."""
_MOST_WANTED = 20
_OLD_TAGS = {"iw": "he"}
# A reader of one Chinese script need not read the other.
_TRADITIONAL = {"hant", "tw", "hk", "mo"}


class Language(Struct, frozen=True):
    """How the widget's words are said, and in which direction they are read."""

    direction: Literal["ltr", "rtl"]
    words: dict[str, str]


def _read() -> dict[str, Language]:
    files = sorted(Path(__file__).with_name("words").glob("*.json"))
    return {file.stem: json.decode(file.read_bytes(), type=Language) for file in files}


LANGUAGES: Mapping[str, Language] = _read()
_BY_PRIMARY = {tag.partition("-")[0]: tag for tag in LANGUAGES}


def chosen(accept_language: str, allowed: Sequence[str]) -> str:
    """Return the visitor's best among the allowed languages, else the first of these.

    Where none that we have is named, all are allowed and English is the first.
    """
    own = [tag for tag in map(_known, allowed) if tag] or [ENGLISH, *LANGUAGES]
    for wanted in _wanted(accept_language):
        tag = own[0] if wanted == "*" else _known(wanted)
        if tag in own:
            return tag
    return own[0]


def _known(tag: str) -> str | None:
    """Return the language that somebody who reads this one is served in."""
    primary, *rest = tag.lower().split("-")
    primary = _OLD_TAGS.get(primary, primary)
    if primary == "zh" and _TRADITIONAL & set(rest):
        return None
    return _BY_PRIMARY.get(primary)


def _wanted(header: str) -> list[str]:
    """Return the tags of an `Accept-Language` (RFC 9110, 12.5.4), the most wanted first."""
    weighed = []
    for part in header.split(",")[:_MOST_WANTED]:
        tag, _, weight = part.partition(";")
        try:
            wish = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if 0 < wish <= 1:
            weighed.append((wish, tag.strip()))
    return [tag for _, tag in sorted(weighed, key=lambda one: -one[0])]
