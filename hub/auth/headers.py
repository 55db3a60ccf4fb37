"""Request headers as the checks need them: by name, all values, none of them trusted."""

from collections.abc import Iterable


class Headers:
    """The headers of one request; names in lower case, values as latin-1 text (RFC 9110, 5.5)."""

    __slots__ = ("_last", "_raw")

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        """Take the headers as ASGI gives them: names in lower case."""
        self._raw = raw if isinstance(raw, list) else list(raw)
        # Of a repeated header the last value stays.
        self._last = dict(self._raw)

    def get(self, name: str) -> str | None:
        """Return the last value of a header."""
        value = self._last.get(name.encode())
        return None if value is None else value.decode("latin-1")

    def single(self, name: str) -> str | None:
        """Return the value of a header that was sent once; None when it was not, or again."""
        if len(self._last) == len(self._raw):
            return self.get(name)
        values = self.all(name)
        return values[0] if len(values) == 1 else None

    def all(self, name: str) -> list[str]:
        """Return every value of a header, in order."""
        wanted = name.encode()
        if wanted not in self._last:
            return []
        return [value.decode("latin-1") for known, value in self._raw if known == wanted]
