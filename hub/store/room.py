"""Room on the disk: its end is noticed before it comes, and a last piece of it is kept back."""

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from hub import metrics
from hub.store.database import Trouble

MIB = 1 << 20
BALLAST = 16 * MIB
LOW = 512 * MIB
FULL = Trouble("Storage is full", retry_after=5)
REFUSED = Trouble("Storage takes no writes", retry_after=5)

log = structlog.get_logger(__name__)


class Room:
    """Whether the disk beside a database has room for more.

    Once SQLite has met a full disk it can neither delete rows nor empty its log. So nothing new is
    taken (`trouble` says why) while some room is left, and a file beside the database, the ballast,
    holds a piece back: it is given up when the disk is all but full, for the work that makes room.
    """

    def __init__(self, file: Path) -> None:
        """Measure the disk of this database; where nothing is left, give up the ballast."""
        self._folder = file.parent
        self._ballast = file.with_name(f"{file.name}.ballast")
        status = os.statvfs(self._folder)
        total = status.f_blocks * status.f_frsize
        self._size = min(BALLAST, total // 16)
        self._low = min(LOW, total // 20)
        self._lock = threading.Lock()
        self.trouble: Trouble | None = None
        if self._free() < self._low // 4:
            self._give_up()

    def look(self, can_write: Callable[[], bool]) -> None:
        """Measure what is left; `can_write` is asked before a disk that was full is trusted."""
        free = self._free()
        metrics.storage_free(free)
        with self._lock:
            if free < self._low:
                self._begin(FULL, free)
            elif not self.trouble:
                self._hold_back(free)
            if free < self._low // 4:
                self._give_up()
        # Outside of the lock: the writer whom this asks may be the one to find the disk full.
        if self.trouble and self._has_enough(free) and can_write():
            self._recover(free)

    def refused(self, trouble: Trouble) -> None:
        """Take note that the disk refused a write, and why: `FULL` or `REFUSED`."""
        with self._lock:
            self._give_up()
            self._begin(trouble, self._free())

    def _begin(self, trouble: Trouble, free: int) -> None:
        if not self.trouble:
            self.trouble = trouble
            folder = str(self._folder)
            log.error("storage_trouble", trouble=trouble.text, folder=folder, free=free)

    def _recover(self, free: int) -> None:
        with self._lock:
            if not self._hold_back(free):
                return
            self.trouble = None
        log.warning("storage_well", folder=str(self._folder), free=free)

    def _has_enough(self, free: int) -> bool:
        """Tell whether there is so much room that it is not used up again in a moment."""
        return free >= 2 * self._low + self._missing()

    def _missing(self) -> int:
        return 0 if self._ballast.exists() else self._size

    def _hold_back(self, free: int) -> bool:
        """Make the ballast when there is room for it; tell whether it is there."""
        if not self._missing():
            return True
        if not self._has_enough(free):
            return False
        try:
            _allocate(self._ballast, self._size)
        except OSError:
            self._give_up()
            return False
        return True

    def _give_up(self) -> None:
        with contextlib.suppress(OSError):
            self._ballast.unlink()

    def _free(self) -> int:
        status = os.statvfs(self._folder)
        return status.f_bavail * status.f_frsize


def _allocate(file: Path, size: int) -> None:
    """Make a file of this size whose blocks are really taken."""
    descriptor = os.open(file, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, size)
    finally:
        os.close(descriptor)
