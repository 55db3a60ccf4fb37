"""The first event of a visitor's stream: what the business has to say to whoever comes."""

from hub.sdk import Struct, Welcome


class Config(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="config"):
    """What the widget shows of the business."""

    strings: dict[str, str] | None = None
    """In place of the widget's own words."""
    greeting: str | None = None
    online: bool | None = None
    away: str | None = None


def config(welcome: Welcome) -> Config:
    """Return what a business has set."""
    return Config(strings=strings(welcome), greeting=welcome.greeting, away=welcome.away)


def strings(_welcome: Welcome) -> dict[str, str] | None:
    """Return the widget's words in the business's languages; None keeps the widget's own."""
    return None
