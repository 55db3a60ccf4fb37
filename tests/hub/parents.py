"""A parent of processes as a real one, whose children only say that they are there."""

import os
import subprocess
import sys
from pathlib import Path

import psutil

from tests.support.processes import wait_for

SECONDS = 10
PARENT = """
import os, signal, sys, time
from pathlib import Path
from hub import handover
from hub.errors import SettingError
from hub.prefork import Prefork

folder = Path(sys.argv[1])
pause = 0.5 * (folder.parent / "slow").exists()
if pause:
    os.register_at_fork(after_in_child=lambda: time.sleep(pause))
if handover.is_rehearsal():
    time.sleep(pause)
if handover.is_rehearsal():
    sys.exit((folder.parent / "broken").exists())
listening = handover.bind("127.0.0.1", 0)
with (folder.parent / "starts").open("a") as starts:
    print(listening.getsockname()[1], file=starts)
time.sleep(pause)

def tell(*_):
    with (folder.parent / "told").open("a") as told:
        print(os.getpid(), file=told)

def child(ready):
    lingers = (folder.parent / "linger").exists()
    if lingers:
        signal.signal(signal.SIGTERM, tell)
    (folder / str(os.getpid())).touch()
    if (folder.parent / "silent").exists():
        time.sleep(60)
    if (folder.parent / "hopeless").exists():
        raise SettingError("no luck")
    ready()
    while lingers and not (folder.parent / "enough").exists():
        time.sleep(0.02)
    if not lingers:
        time.sleep(float(sys.argv[2]))

try:
    Prefork(child, 2, listening).run()
except SettingError as error:
    sys.exit(f"ended: {error}")
"""


def start(
    folder: Path, seconds: float = 60, executable: Path = Path(sys.executable)
) -> subprocess.Popen[bytes]:
    """Start a parent of two, each of which leaves its id in `folder` and ends after `seconds`.

    Beside the folder it finds what to do: `slow`, `broken` (would not start anew), `silent` (never
    answers), `hopeless` (cannot start), `linger` (of those born now none ends before `enough` is
    there); and it leaves its `log`, its `starts`, and how often the lingering were `told` to end.
    """
    folder.mkdir(exist_ok=True)
    with (folder.parent / "log").open("wb") as log:
        return subprocess.Popen(
            [executable, "-c", PARENT, str(folder), str(seconds)],
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )


def children_of(parent: subprocess.Popen[bytes]) -> set[int]:
    """Return the ids of the children that a parent has."""
    return {child.pid for child in psutil.Process(parent.pid).children()}


def are_born(folder: Path, number: int) -> bool:
    """Wait until so many have left their id; tell whether they have."""
    return wait_for(lambda: len(list(folder.iterdir())) == number, SECONDS)


def runs(process: psutil.Process) -> bool:
    """Tell whether a process is there and not only waits to be buried."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
