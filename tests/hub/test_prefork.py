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
if handover.is_rehearsal():
    sys.exit((folder.parent / "broken").exists())
listening = handover.bind("127.0.0.1", 0)
with (folder.parent / "starts").open("a") as starts:
    print(listening.getsockname()[1], file=starts)

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


def test_what_is_announced_is_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many share the limits, and a folder for the figures, which an operator may have named."""
    from hub.prefork import FIGURES, PROCESSES, announce  # noqa: PLC0415

    monkeypatch.setenv(PROCESSES, "1")
    monkeypatch.setenv(FIGURES, "named")

    announce(3)

    assert (os.environ[PROCESSES], os.environ[FIGURES]) == ("3", "named")


def test_the_folder_of_the_figures_goes_with_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One folder however often a server starts anew; those of killed servers go at the next start.

    A server that runs keeps its own, and nobody else's folder is touched.
    """
    from hub import prefork  # noqa: PLC0415

    monkeypatch.setattr(prefork.tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv(prefork.FIGURES, raising=False)
    monkeypatch.setenv(prefork.PROCESSES, "1")
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    kept = [f"hub-metrics-{os.getppid()}-a", "hub-metrics-notes-b", "other-1-c"]
    gone = [f"hub-metrics-{dead.pid}-d", f"hub-metrics-{os.getpid()}-e"]
    for name in (*kept, *gone):
        (tmp_path / name).mkdir()
        (tmp_path / name / "counter.db").touch()

    prefork.announce(2)
    made = Path(os.environ[prefork.FIGURES])
    prefork.announce(2)

    assert {path.name for path in tmp_path.iterdir()} == {*kept, made.name}
    prefork.retract()
    prefork.retract()
    assert {path.name for path in tmp_path.iterdir()} == set(kept)
