"""The first event of a visitor's stream: what the business has to say to whoever comes."""

from typing import Literal

from hub.sdk import Struct, Welcome
from hub_widget.languages import ENGLISH, LANGUAGES, chosen


class Config(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="config"):
    """What the widget shows of the business."""

    strings: dict[str, str] | None = None
    """In place of the widget's own words, which are English."""
    lang: str
    """The tag of the language that it speaks."""
    dir: Literal["rtl"] | None = None
    """How it is read, where that is not from left to right."""
    greeting: str | None = None
    presence: str | None = None
    """A line below the title: when the business answers."""
    moved: bool | None = None
    """What this browser was shown before is of another conversation: it begins anew."""


def config(welcome: Welcome) -> Config:
    """Return what a business has set, and the widget's words in a language of the visitor's."""
    tag = chosen(welcome.accept_language, welcome.languages)
    language = None if tag == ENGLISH else LANGUAGES[tag]
    return Config(
        strings=language.words if language else None,
        lang=tag,
        dir="rtl" if language and language.direction == "rtl" else None,
        greeting=welcome.greeting,
        presence=welcome.away,
        moved=welcome.moved or None,
    )
