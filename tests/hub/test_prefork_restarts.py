"""A parent that starts itself anew, and replaces its processes one by one."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.hub.parents import SECONDS, are_born, children_of, runs, start
from tests.support.processes import wait_for


@pytest.fixture
def born(tmp_path: Path) -> Path:
    """The folder in which each process leaves its id when it begins."""
    return tmp_path / "born"


def _restarted(parent: subprocess.Popen[bytes], before: set[int]) -> bool:
    return len(children_of(parent)) == 2 and not children_of(parent) & before


def test_a_restart_replaces_every_process(born: Path) -> None:
    """The parent stays who it is and listens where it did; its processes are others."""
    parent = start(born)
    try:
        assert are_born(born, 2)
        before = children_of(parent)

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


def test_a_stop_is_not_forgotten_by_a_restart(born: Path) -> None:
    """It comes with the news that a new start would succeed: there is none."""
    parent = start(born)
    try:
        assert are_born(born, 2)
        before = children_of(parent)
        (born.parent / "slow").touch()
        parent.send_signal(signal.SIGHUP)
        assert wait_for(lambda: len(children_of(parent)) == 3, SECONDS)
        (rehearsal,) = children_of(parent) - before
        parent.send_signal(signal.SIGSTOP)
        assert wait_for(lambda: not runs(psutil.Process(rehearsal)), SECONDS)

        parent.send_signal(signal.SIGTERM)
        parent.send_signal(signal.SIGCONT)

        assert parent.wait(SECONDS) == 0
        assert len((born.parent / "starts").read_text().split()) == 1
    finally:
        parent.kill()


def test_a_stop_while_it_starts_anew_comes_before_any_fork(born: Path) -> None:
    """It waits for the new program, which stops who serves and forks nobody."""
    parent = start(born)
    try:
        assert are_born(born, 2)
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
    parent = start(born)
    try:
        assert are_born(born, 2)
        before = children_of(parent)
        (born.parent / "broken").touch()

        parent.send_signal(signal.SIGHUP)
        log = born.parent / "log"
        assert wait_for(lambda: "restart_refused" in log.read_text(), SECONDS)

        assert children_of(parent) == before
        (born.parent / "broken").unlink()
        parent.send_signal(signal.SIGHUP)
        assert wait_for(lambda: _restarted(parent, before), SECONDS)
        assert len((born.parent / "starts").read_text().split()) == 2
    finally:
        parent.send_signal(signal.SIGTERM)
        parent.wait(SECONDS)


def test_nobody_goes_before_a_successor_answers(born: Path) -> None:
    """A new process that never says that it is ready replaces none; a stop ends them all."""
    parent = start(born)
    try:
        assert are_born(born, 2)
        before = children_of(parent)
        (born.parent / "silent").touch()

        parent.send_signal(signal.SIGHUP)
        assert are_born(born, 3)
        assert before < children_of(parent)

        parent.send_signal(signal.SIGTERM)
        assert parent.wait(SECONDS) == 0
    finally:
        parent.kill()


def test_an_interpreter_that_is_gone_stops_nothing(born: Path, tmp_path: Path) -> None:
    """A restart in the middle of an installation is refused, and the processes go on."""
    python = tmp_path / "python"
    python.symlink_to(sys.executable)
    parent = start(born, executable=python)
    try:
        assert are_born(born, 2)
        before = children_of(parent)
        python.unlink()

        parent.send_signal(signal.SIGHUP)
        log = born.parent / "log"
        assert wait_for(lambda: "restart_refused" in log.read_text(), SECONDS)

        assert children_of(parent) == before
    finally:
        parent.send_signal(signal.SIGTERM)
        parent.wait(SECONDS)


def test_who_is_still_going_is_not_forgotten_by_the_next_restart(born: Path) -> None:
    """Those who finish what they have are told again by a stop, and the parent waits for them."""
    beside = born.parent
    log = beside / "log"
    (beside / "linger").touch()
    parent = start(born)
    try:
        assert are_born(born, 2)
        old = children_of(parent)
        (beside / "linger").unlink()
        for number in (1, 2):
            parent.send_signal(signal.SIGHUP)
            assert wait_for(lambda n=number: log.read_text().count("restarted") == n, SECONDS)
        assert old < children_of(parent)

        parent.send_signal(signal.SIGTERM)
        assert wait_for(lambda: min(map(_told(beside).count, old)) > 1, SECONDS)

        assert parent.poll() is None
        (beside / "enough").touch()
        assert parent.wait(SECONDS) == 0
    finally:
        (beside / "enough").touch()
        parent.kill()


def _told(beside: Path) -> list[int]:
    return [int(line) for line in (beside / "told").read_text().split()]
