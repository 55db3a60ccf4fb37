"""A parent that keeps its processes alive, and stops them all."""

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.hub.parents import SECONDS, are_born, children_of, runs, start
from tests.support.processes import wait_for


@pytest.fixture
def born(tmp_path: Path) -> Path:
    """The folder in which each process leaves its id when it begins."""
    return tmp_path / "born"


def test_a_killed_process_is_replaced(born: Path) -> None:
    """One of two is killed: the parent forks another, and both end with the parent."""
    parent = start(born)
    try:
        assert are_born(born, 2)
        first = int(next(born.iterdir()).name)
        os.kill(first, signal.SIGKILL)
        assert are_born(born, 3)
        children = psutil.Process(parent.pid).children()
        assert len(children) == 2

        parent.send_signal(signal.SIGTERM)

        assert parent.wait(SECONDS) == 0
        assert not any(child.is_running() for child in children)
    finally:
        parent.kill()


def test_one_that_ends_at_once_does_not_spin(born: Path) -> None:
    """A process that cannot start is tried again twice a second, not as fast as it dies."""
    parent = start(born, 0)
    try:
        assert wait_for(lambda: len(list(born.iterdir())) >= 2, SECONDS)
        before, began = len(list(born.iterdir())), time.monotonic()
        assert wait_for(lambda: len(list(born.iterdir())) >= before + 3, SECONDS)

        assert time.monotonic() - began > 0.5
    finally:
        parent.send_signal(signal.SIGTERM)
        parent.wait(SECONDS)


def test_a_stop_reaches_one_that_is_just_born(born: Path) -> None:
    """Told before it could set up anything, it ends all the same."""
    (born.parent / "slow").touch()
    parent = start(born)
    try:
        assert wait_for(lambda: len(children_of(parent)) == 2, SECONDS)

        parent.send_signal(signal.SIGTERM)

        assert parent.wait(SECONDS) == 0
        assert not list(born.iterdir())
    finally:
        parent.kill()


def test_a_parent_that_waits_does_nothing(born: Path) -> None:
    """While a successor takes its time, and while the last ones end, it costs no processor."""
    parent = start(born)
    try:
        assert are_born(born, 2)
        (born.parent / "silent").touch()
        parent.send_signal(signal.SIGHUP)
        assert are_born(born, 3)
        before = sum(psutil.Process(parent.pid).cpu_times()[:2])

        time.sleep(1)

        assert sum(psutil.Process(parent.pid).cpu_times()[:2]) - before < 0.3
    finally:
        parent.send_signal(signal.SIGTERM)
        parent.wait(SECONDS)


def test_processes_end_with_their_parent(born: Path) -> None:
    """Also when it was killed and could tell them nothing: the port is free again."""
    parent = start(born)
    assert are_born(born, 2)
    children = psutil.Process(parent.pid).children()

    parent.kill()
    parent.wait()

    assert wait_for(lambda: not any(map(runs, children)), SECONDS)


def test_a_start_at_which_nobody_can_answer_ends_with_the_reason(born: Path) -> None:
    """Once, and with everybody: trying again would say the same."""
    (born.parent / "hopeless").touch()
    parent = start(born)

    assert parent.wait(SECONDS) == 1
    assert (born.parent / "log").read_text() == "ended: no luck\n"
    assert len(list(born.iterdir())) <= 2


@pytest.mark.heavy
def test_one_that_cannot_start_later_is_tried_again_after_longer_pauses(born: Path) -> None:
    """Those that serve go on, and the log has the reason each time."""
    parent = start(born)
    try:
        assert are_born(born, 2)
        first, second = map(psutil.Process, children_of(parent))
        began = time.monotonic()
        (born.parent / "hopeless").touch()

        first.kill()

        log = born.parent / "log"
        assert wait_for(lambda: log.read_text().count("no luck") == 4, SECONDS)
        assert time.monotonic() - began > 0.5 + 1 + 2
        assert runs(second)
        (born.parent / "hopeless").unlink()
        assert wait_for(lambda: len(children_of(parent)) == 2, SECONDS)
    finally:
        parent.send_signal(signal.SIGTERM)
        parent.wait(SECONDS)
