"""A parent that keeps its processes alive, and stops them all."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.support.processes import wait_for

SECONDS = 10
PARENT = """
import sys, time
from pathlib import Path
from hub.prefork import Prefork

def child():
    (Path(sys.argv[1]) / str(__import__("os").getpid())).touch()
    time.sleep(float(sys.argv[2]))

Prefork(child, 2).run()
"""


def _start(folder: Path, seconds: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PARENT, str(folder), str(seconds)])


def test_a_killed_process_is_replaced(tmp_path: Path) -> None:
    """One of two is killed: the parent forks another, and both end with the parent."""
    parent = _start(tmp_path, 60)
    try:
        assert wait_for(lambda: len(list(tmp_path.iterdir())) == 2, SECONDS)
        first = int(next(tmp_path.iterdir()).name)
        os.kill(first, signal.SIGKILL)
        assert wait_for(lambda: len(list(tmp_path.iterdir())) == 3, SECONDS)
        children = psutil.Process(parent.pid).children()
        assert len(children) == 2

        parent.send_signal(signal.SIGTERM)

        assert parent.wait(SECONDS) == 0
        assert not any(child.is_running() for child in children)
    finally:
        parent.kill()


def test_one_that_ends_at_once_does_not_spin(tmp_path: Path) -> None:
    """A process that cannot start is tried again twice a second, not as fast as it dies."""
    parent = _start(tmp_path, 0)
    try:
        assert wait_for(lambda: len(list(tmp_path.iterdir())) >= 2, SECONDS)
        before, began = len(list(tmp_path.iterdir())), time.monotonic()
        assert wait_for(lambda: len(list(tmp_path.iterdir())) >= before + 3, SECONDS)

        assert time.monotonic() - began > 0.5
    finally:
        parent.send_signal(signal.SIGTERM)
        parent.wait(SECONDS)


def test_what_is_announced_is_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many share the limits, and a folder for the figures, which an operator may have named."""
    from hub.prefork import FIGURES, PROCESSES, announce  # noqa: PLC0415

    monkeypatch.setenv(PROCESSES, "1")
    monkeypatch.setenv(FIGURES, "named")

    announce(3)

    assert (os.environ[PROCESSES], os.environ[FIGURES]) == ("3", "named")
