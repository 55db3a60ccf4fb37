"""Who has a SQLite file open: everybody shares the gate, and an upgrade has it alone.

SQLite's own locks belong to the file that was opened. An upgrade puts another file in its place, so
nobody may have the old one open meanwhile, nor write to it afterwards.
"""

import contextlib
import fcntl
import time
from collections.abc import Iterator
from pathlib import Path

from hub.errors import SettingError

WAIT_SECONDS = 10.0
_POLL_SECONDS = 0.02


class Gate:
    """A lock beside a SQLite file that ends with its process, however that ends."""

    def __init__(self, file: Path) -> None:
        """Make the gate of this file; it is not passed yet."""
        self._file = file
        path = file.with_name(f"{file.name}.gate")
        self._handle = path.open("a", encoding="utf-8")

    def enter(self) -> None:
        """Share the file with others; wait a little for an upgrade to end."""
        if not self._wait_for(fcntl.LOCK_SH):
            self.close()
            raise SettingError(f"database_url: {self._file} is being upgraded: try again later")

    def leave(self) -> None:
        """Have the file open no more."""
        fcntl.flock(self._handle, fcntl.LOCK_UN)

    def close(self) -> None:
        """Leave for good."""
        self._handle.close()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Have the file while nobody else does; wait a little for short commands to end."""
        if not self._wait_for(fcntl.LOCK_EX):
            raise SettingError(
                f"database_url: another process uses {self._file}: stop it, then run this again"
            )
        try:
            yield
        finally:
            self.leave()

    def _wait_for(self, kind: int) -> bool:
        end = time.monotonic() + WAIT_SECONDS
        while not self._try(kind):
            if time.monotonic() > end:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self._handle, kind | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
