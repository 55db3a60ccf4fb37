"""Request headers as the checks need them: by name, all values, none of them trusted."""

from collections.abc import Iterable


class Headers:
    """The headers of one request; names in lower case, values as latin-1 text (RFC 9110, 5.5)."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        """Take the headers as ASGI gives them."""
        self._values: dict[bytes, list[bytes]] = {}
        for name, value in raw:
            self._values.setdefault(name.lower(), []).append(value)

    def get(self, name: str) -> str | None:
        """Return the last value of a header."""
        values = self._values.get(name.encode())
        return values[-1].decode("latin-1") if values else None

    def all(self, name: str) -> list[str]:
        """Return every value of a header, in order."""
        return [value.decode("latin-1") for value in self._values.get(name.encode(), ())]
