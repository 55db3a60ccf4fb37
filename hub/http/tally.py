"""How many connections each process of a server has, where all of them see it."""

import fcntl
import mmap
import os
import tempfile
from contextlib import suppress
from pathlib import Path

_BYTES = 4


class Tally:
    """A number for each of the processes that share a socket.

    Made by the parent, before it forks. A process that ended leaves its number until another one
    has its place.
    """

    def __init__(self, processes: int) -> None:
        """Give each of so many a place."""
        # It has no name any more, and lives as long as a process has it open.
        self._file, name = tempfile.mkstemp()
        Path(name).unlink()
        os.truncate(self._file, processes * _BYTES)
        self._numbers = memoryview(mmap.mmap(self._file, 0)).cast("I")
        self._mine = 0

    def join(self) -> None:
        """Take a place that no living process has."""
        for place in range(len(self._numbers)):
            # A lock of this process alone, which ends with it however it ends.
            with suppress(OSError):
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, _BYTES, place * _BYTES)
                self._mine = place
                break
        self.note(0)

    def note(self, connections: int) -> None:
        """Write down how many this process has."""
        self._numbers[self._mine] = connections

    def is_ahead(self) -> bool:
        """Tell whether another process has fewer."""
        return self._numbers[self._mine] > min(self._numbers)
