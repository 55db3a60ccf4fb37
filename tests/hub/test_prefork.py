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
import os, sys, time
from pathlib import Path
from hub import handover
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

def child(ready):
    (folder / str(os.getpid())).touch()
    if (folder.parent / "silent").exists():
        time.sleep(60)
    ready()
    time.sleep(float(sys.argv[2]))

Prefork(child, 2, listening).run()
"""


def _start(
    folder: Path, seconds: float, executable: Path = Path(sys.executable)
) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    with (folder.parent / "log").open("wb") as log:
        return subprocess.Popen(
            [executable, "-c", PARENT, str(folder), str(seconds)],
            stdout=log,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )


@pytest.fixture
def born(tmp_path: Path) -> Path:
    """The folder in which each process leaves its id when it begins."""
    return tmp_path / "born"


def _children(parent: subprocess.Popen[bytes]) -> set[int]:
    return {child.pid for child in psutil.Process(parent.pid).children()}


def test_a_killed_process_is_replaced(born: Path) -> None:
    """One of two is killed: the parent forks another, and both end with the parent."""
    parent = _start(born, 60)
    try:
        assert wait_for(lambda: len(list(born.iterdir())) == 2, SECONDS)
        first = int(next(born.iterdir()).name)
        os.kill(first, signal.SIGKILL)
        assert wait_for(lambda: len(list(born.iterdir())) == 3, SECONDS)
        children = psutil.Process(parent.pid).children()
        assert len(children) == 2

        parent.send_signal(signal.SIGTERM)

        assert parent.wait(SECONDS) == 0
        assert not any(child.is_running() for child in children)
    finally:
        parent.kill()


def test_one_that_ends_at_once_does_not_spin(born: Path) -> None:
    """A process that cannot start is tried again twice a second, not as fast as it dies."""
    parent = _start(born, 0)
    try:
        assert wait_for(lambda: len(list(born.iterdir())) >= 2, SECONDS)
        before, began = len(list(born.iterdir())), time.monotonic()
        assert wait_for(lambda: len(list(born.iterdir())) >= before + 3, SECONDS)

        assert time.monotonic() - began > 0.5
    finally:
        parent.send_signal(signal.SIGTERM)
        parent.wait(SECONDS)


def _restarted(parent: subprocess.Popen[bytes], before: set[int]) -> bool:
    return len(_children(parent)) == 2 and not _children(parent) & before


def test_a_restart_replaces_every_process(born: Path) -> None:
    """The parent stays who it is and listens where it did; its processes are others."""
    parent = _start(born, 60)
    try:
        assert wait_for(lambda: len(list(born.iterdir())) == 2, SECONDS)
        before = _children(parent)

        for _ in range(2):
            parent.send_signal(signal.SIGHUP)
        assert wait_for(lambda: _restarted(parent, before), SECONDS)

        ports = (born.parent / "starts").read_text().split()
        assert len(ports) > 1
        assert len(set(ports)) == 1
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(SECONDS) == 0
    finally:
        parent.kill()


def test_a_stop_reaches_one_that_is_just_born(born: Path) -> None:
    """Told before it could set up anything, it ends all the same."""
    (born.parent / "slow").touch()
    parent = _start(born, 60)
    try:
        assert wait_for(lambda: len(_children(parent)) == 2, SECONDS)

        parent.send_signal(signal.SIGTERM)

        assert parent.wait(SECONDS) == 0
        assert not list(born.iterdir())
    finally:
        parent.kill()


def test_a_stop_is_not_forgotten_by_a_restart(born: Path) -> None:
    """It comes with the news that a new start would succeed: there is none."""
    parent = _start(born, 60)
    try:
        assert wait_for(lambda: len(list(born.iterdir())) == 2, SECONDS)
        before = _children(parent)
        (born.parent / "slow").touch()
        parent.send_signal(signal.SIGHUP)
        assert wait_for(lambda: len(_children(parent)) == 3, SECONDS)
        (rehearsal,) = _children(parent) - before
        parent.send_signal(signal.SIGSTOP)
        assert wait_for(lambda: not _runs(psutil.Process(rehearsal)), SECONDS)

        parent.send_signal(signal.SIGTERM)
        parent.send_signal(signal.SIGCONT)

        assert parent.wait(SECONDS) == 0
        assert len((born.parent / "starts").read_text().split()) == 1
    finally:
        parent.kill()


def test_a_stop_while_it_starts_anew_comes_before_any_fork(born: Path) -> None:
    """It waits for the new program, which stops who serves and forks nobody."""
    parent = _start(born, 60)
    try:
        assert wait_for(lambda: len(list(born.iterdir())) == 2, SECONDS)
        (born.parent / "slow").touch()
        parent.send_signal(signal.SIGHUP)
        starts = born.parent / "starts"
        assert wait_for(lambda: len(starts.read_text().split()) == 2, SECONDS)

        parent.send_signal(signal.SIGTERM)

        assert parent.wait(SECONDS) == 0
        assert len(list(born.iterdir())) == 2
    finally:
        parent.kill()


def test_a_start_that_would_fail_is_not_tried(born: Path) -> None:
    """What a new start would stumble over is found beforehand: the processes go on."""
    parent = _start(born, 60)
    try:
        assert wait_for(lambda: len(list(born.iterdir())) == 2, SECONDS)
        before = _children(parent)
        (born.parent / "broken").touch()

        parent.send_signal(signal.SIGHUP)
        log = born.parent / "log"
        assert wait_for(lambda: "restart_refused" in log.read_text(), SECONDS)

        assert _children(parent) == before
        (born.parent / "broken").unlink()
        parent.send_signal(signal.SIGHUP)
        assert wait_for(lambda: _restarted(parent, before), SECONDS)
        assert len((born.parent / "starts").read_text().split()) == 2
    finally:
        parent.send_signal(signal.SIGTERM)
        parent.wait(SECONDS)


def test_nobody_goes_before_a_successor_answers(born: Path) -> None:
    """A new process that never says that it is ready replaces none; a stop ends them all."""
    parent = _start(born, 60)
    try:
        assert wait_for(lambda: len(list(born.iterdir())) == 2, SECONDS)
        before = _children(parent)
        (born.parent / "silent").touch()

        parent.send_signal(signal.SIGHUP)
        assert wait_for(lambda: len(list(born.iterdir())) == 3, SECONDS)
        assert before < _children(parent)

        parent.send_signal(signal.SIGTERM)
        assert parent.wait(SECONDS) == 0
    finally:
        parent.kill()


def test_a_parent_that_waits_does_nothing(born: Path) -> None:
    """While a successor takes its time, and while the last ones end, it costs no processor."""
    parent = _start(born, 60)
    try:
        assert wait_for(lambda: len(list(born.iterdir())) == 2, SECONDS)
        (born.parent / "silent").touch()
        parent.send_signal(signal.SIGHUP)
        assert wait_for(lambda: len(list(born.iterdir())) == 3, SECONDS)
        before = sum(psutil.Process(parent.pid).cpu_times()[:2])

        time.sleep(1)

        assert sum(psutil.Process(parent.pid).cpu_times()[:2]) - before < 0.3
    finally:
        parent.send_signal(signal.SIGTERM)
        parent.wait(SECONDS)


def test_an_interpreter_that_is_gone_stops_nothing(born: Path, tmp_path: Path) -> None:
    """A restart in the middle of an installation is refused, and the processes go on."""
    python = tmp_path / "python"
    python.symlink_to(sys.executable)
    parent = _start(born, 60, executable=python)
    try:
        assert wait_for(lambda: len(list(born.iterdir())) == 2, SECONDS)
        before = _children(parent)
        python.unlink()

        parent.send_signal(signal.SIGHUP)
        log = born.parent / "log"
        assert wait_for(lambda: "restart_refused" in log.read_text(), SECONDS)

        assert _children(parent) == before
    finally:
        parent.send_signal(signal.SIGTERM)
        parent.wait(SECONDS)


def test_processes_end_with_their_parent(born: Path) -> None:
    """Also when it was killed and could tell them nothing: the port is free again."""
    parent = _start(born, 60)
    assert wait_for(lambda: len(list(born.iterdir())) == 2, SECONDS)
    children = psutil.Process(parent.pid).children()

    parent.kill()
    parent.wait()

    assert wait_for(lambda: not any(map(_runs, children)), SECONDS)


def _runs(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
