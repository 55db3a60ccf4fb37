"""Upgrade a SQLite file on a copy of it, and put that in its place when it is whole.

Killed at any moment, there is a whole file under the database's name: the old one or the new one.
The old one stays beside it (docs/decisions/0016).
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from hub.errors import SettingError

T = TypeVar("T")

# The copy, and the pages that its migration writes anew.
_ROOM_FACTOR = 3
_COMPANIONS = ("-wal", "-shm", "-journal")
_PATIENCE_SECONDS = 5.0


def upgrade(file: Path, before: str, migrate: Callable[[Path], T]) -> T:
    """Let `migrate` work on a copy, then put it in the place of `file`; return what it returned.

    What was there is kept as `<file>.before-<before>`. Raises `SettingError` when somebody else
    has the file open, or when there is no room for the copy.
    """
    copy = file.with_name(f"{file.name}.upgrading")
    kept = file.with_name(f"{file.name}.before-{before}")
    _remove(copy)
    _check_room(file)
    try:
        with _still(file) as source:
            _copy(source, file, copy)
            migrated = migrate(copy)
            with _still(copy):
                _flush(copy)
            kept.unlink(missing_ok=True)
            os.link(file, kept)
            copy.replace(file)
            _flush(file.parent)
    except BaseException:
        _remove(copy)
        raise
    return migrated


@contextlib.contextmanager
def _still(file: Path) -> Iterator[sqlite3.Connection]:
    """Have everything in the one file, without a log beside it, and let nobody write to it.

    A log that stayed would be taken for the new file's own. Only the last one who has a file open
    can change its mode, so this also finds who does not know our gate.
    """
    connection = sqlite3.connect(file, timeout=_PATIENCE_SECONDS, isolation_level=None)
    try:
        try:
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise SettingError(
                f"database_url: another program has {file} open: close it, then run this again"
            ) from error
        yield connection
    finally:
        connection.close()


def _copy(locked: sqlite3.Connection, file: Path, copy: Path) -> None:
    assert locked.in_transaction
    # A second connection, because one that writes is not copied from; nothing is written yet.
    source, target = sqlite3.connect(file), sqlite3.connect(copy)
    try:
        source.backup(target)
    finally:
        target.close()
        source.close()
    status = file.stat()
    copy.chmod(status.st_mode & 0o7777)
    if os.geteuid() == 0:
        # Whoever serves has to be able to open what root upgraded.
        os.chown(copy, status.st_uid, status.st_gid)


def _check_room(file: Path) -> None:
    status = os.statvfs(file.parent)
    free, needed = status.f_bavail * status.f_frsize, file.stat().st_size * _ROOM_FACTOR
    if free < needed:
        raise SettingError(
            f"database_url: the upgrade of {file} needs {needed >> 20} MiB free, not {free >> 20}"
        )


def _remove(file: Path) -> None:
    for name in (file.name, *(f"{file.name}{ending}" for ending in _COMPANIONS)):
        file.with_name(name).unlink(missing_ok=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
