"""Checks of what an operator types, so that every field that is wrong is named at once."""

import unicodedata
from datetime import UTC, datetime

from hub.errors import BadRequest

# Control, format (direction marks, zero width) and line separators: they could disguise a line.
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


class Form:
    """Collects what is wrong, and raises it as one `BadRequest`."""

    def __init__(self) -> None:
        """Begin with nothing wrong."""
        self._errors: dict[str, list[str]] = {}

    def wrong(self, field: str, sentence: str) -> None:
        """Note what is wrong with a field."""
        self._errors.setdefault(field, []).append(sentence)

    def line(self, field: str, text: str, most: int) -> str:
        """Return the text without white space around it; it must be one visible line."""
        text = text.strip()
        if not text:
            self.wrong(field, "Required")
        elif len(text) > most:
            self.wrong(field, f"Must be at most {most} characters")
        elif any(unicodedata.category(character) in _UNSEEN for character in text):
            self.wrong(field, "Must be one line without control characters")
        return text

    def check(self) -> None:
        """Raise `BadRequest` when anything was wrong."""
        if self._errors:
            raise BadRequest(fields=self._errors)


def now() -> datetime:
    """Return this moment as the store will give it back."""
    return whole(datetime.now(UTC))


def whole(moment: datetime) -> datetime:
    """Return a moment in whole milliseconds, as the store keeps it."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
