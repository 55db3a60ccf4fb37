"""What a SQLite file needs now and then while a server has it open: room, and a short log."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sqlalchemy as sa
import structlog
from sqlalchemy import exc

from hub.store.database import Trouble
from hub.store.room import FULL, MIB, REFUSED, Room

SECONDS = 1.0
"""Between two looks; a log that has become long is looked at `PAUSE_SECONDS` after the last."""
PAUSE_SECONDS = 0.2
LOG_BYTES = 16 * MIB
LOG_PAGES = 2000
"""From here on a commit copies pages: with the usual 1,000 many are copied, and synced, twice."""
PATIENCE_MILLISECONDS = 5000
READERS_MILLISECONDS = 100

log = structlog.get_logger(__name__)


class Upkeep:
    """A thread beside the writer's, for the process that serves.

    Each commit that finds more than `LOG_PAGES` in the log copies them to the database file, but
    the log begins anew only when no reader is in it at that moment, and busy ones leave no such
    moment. So when the log has become long, the writer's thread waits a little for the readers of
    older pages to go; new ones need none of them. A reader who stays long is waited for by nobody:
    the log grows until it is gone.
    """

    def __init__(
        self,
        file: Path,
        reading: sa.Engine,
        writing: sa.Engine,
        writer: ThreadPoolExecutor,
        room: Room,
    ) -> None:
        """Prepare to look after this file; `writing` is used in the writer's thread alone."""
        self._log_file = file.with_name(f"{file.name}-wal")
        self._reading = reading
        self._writing = writing
        self._writer = writer
        self._room = room
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sqlite-upkeep", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish; nothing is done any more when this returns."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    def note_commit(self) -> None:
        """Have a look soon if the log is long; the next one in turn may be many commits away."""
        if self._is_long():
            self._woken.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.wait(SECONDS)
            self._woken.clear()
            try:
                self._room.look(self._can_write)
                self._shorten_log()
            except Exception as error:
                if trouble := trouble_of_disk(error):
                    self._room.refused(trouble)
                else:
                    log.exception("upkeep_failed")
            self._stopping.wait(PAUSE_SECONDS)

    def _shorten_log(self) -> None:
        if not self._is_long():
            return
        _, pages, copied = _pragma(self._reading, "wal_checkpoint(PASSIVE)")
        # Less than all: a reader holds on to an older page, and would be waited for in vain.
        if pages - copied < pages // 2:
            self._writer.submit(self._begin_log_anew).result()

    def _is_long(self) -> bool:
        try:
            return self._log_file.stat().st_size >= LOG_BYTES
        except FileNotFoundError:
            return False

    def _begin_log_anew(self) -> None:
        patience = f"busy_timeout={PATIENCE_MILLISECONDS}"
        shorter = f"busy_timeout={READERS_MILLISECONDS}"
        _pragma(self._writing, shorter, "wal_checkpoint(TRUNCATE)", patience)

    def _can_write(self) -> bool:
        return self._writer.submit(self._try_to_write).result()

    def _try_to_write(self) -> bool:
        """Write a page that says what it said before."""
        try:
            (version,) = _pragma(self._writing, "user_version")
            _pragma(self._writing, f"user_version={version}")
        except (sqlite3.Error, exc.DBAPIError):
            return False
        return True


def _pragma(engine: sa.Engine, *pragmas: str) -> tuple[int, ...]:
    """Run pragmas outside of any transaction; return what the last one says."""
    raw = engine.raw_connection()
    try:
        answer: tuple[int, ...] = ()
        for pragma in pragmas:
            cursor = raw.cursor()
            cursor.execute(f"PRAGMA {pragma}")
            answer = cursor.fetchone() or ()
            cursor.close()
    except BaseException:
        # It may have another patience than the others by now.
        raw.invalidate()
        raise
    else:
        return answer
    finally:
        raw.close()


def trouble_of_disk(error: BaseException | None) -> Trouble | None:
    """Return what is wrong with the disk, when it is the disk that SQLite complains of."""
    name: str = getattr(getattr(error, "orig", error), "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return FULL
    # A quota, a limit on the size of files, a fault.
    return REFUSED if name.startswith("SQLITE_IOERR") else None
