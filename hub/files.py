"""What a plugin has served as it is: a file and where it is found."""

from pathlib import Path

from msgspec import Struct


class Asset(Struct, frozen=True, kw_only=True):
    """A file that is served to everybody as it is."""

    path: str
    """From the root, beginning with the plugin's name: `/widget.js`."""
    file: Path
    """Where it lies; a `.br` of the same name beside it is its Brotli form."""
    media_type: str = "text/javascript"
    """A text is UTF-8."""
    max_age: int = 600
    """Seconds for which browsers may use it without asking whether there is a new one."""
