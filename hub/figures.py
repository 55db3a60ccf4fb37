"""The folder in which the processes of one server keep their figures together.

Whoever made one holds a lock on it, which ends with the last process of that server, however that
ends. A number of a process would say less: it is given anew, and another container has its own.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

PREFIX = "hub-metrics-"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


def make() -> str:
    """Make a folder, and hold it as long as this process or one that it forks or becomes lives."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        # Who starts at this moment may take it for one that is left behind.
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(folder, _FOLDER)
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_SH)
            if folder.exists():
                os.set_inheritable(descriptor, True)  # noqa: FBT003
                return str(folder)
            os.close(descriptor)


def remove(folder: Path) -> bool:
    """Remove a folder that was made by this process; tell whether it was."""
    ours = folder.name.startswith(f"{PREFIX}{os.getpid()}-")
    if ours:
        shutil.rmtree(folder, ignore_errors=True)
    return ours


def remove_left_behind() -> None:
    """Remove the folders of servers that were killed; one that nobody can lock stays."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        if folder.name.removeprefix(PREFIX).partition("-")[0].isdecimal():
            with contextlib.suppress(OSError):
                _remove_unheld(folder)


def _remove_unheld(folder: Path) -> None:
    descriptor = os.open(folder, _FOLDER)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)
