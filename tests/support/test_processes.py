"""What the tests start ends with them, whatever happens to either."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.processes import NotStartedError, Process, wait_for

TREE = "sleep 600 & setsid sleep 600 & echo up; wait"
ORPHANING = """
import pathlib, sys
from tests.support.processes import Process
process = Process(["sleep", "600"], log=pathlib.Path(sys.argv[1]))
print(process.pid, flush=True)
sys.stdin.read()
"""


def start_tree(folder: Path) -> tuple[Process, list[psutil.Process]]:
    """Start a shell with two children, one of them in a session of its own."""
    process = Process(["sh", "-c", TREE], log=folder / "log")
    process.wait_until(lambda: len(sleepers(process)) == 2, 5)
    return process, sleepers(process)


def sleepers(process: Process) -> list[psutil.Process]:
    """Return the children that have become what they are to be."""
    children = psutil.Process(process.pid).children(recursive=True)
    return [child for child in children if child.name() == "sleep"]


def gone(process: psutil.Process) -> bool:
    """Tell whether it holds nothing any more."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_kill_reaches_every_descendant(tmp_path: Path) -> None:
    """A child in a session of its own dies with the rest, before `kill` returns."""
    process, children = start_tree(tmp_path)

    process.kill()

    assert not process.alive
    assert [gone(child) for child in children] == [True, True]


def test_killing_twice_is_harmless(tmp_path: Path) -> None:
    """A cleanup after a test that killed already finds nothing to do."""
    process, _ = start_tree(tmp_path)
    process.kill()

    process.kill()

    assert not process.alive


def test_the_group_ends_when_the_tests_are_killed(tmp_path: Path) -> None:
    """`kill -9` of the process that runs the tests leaves nothing behind."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", ORPHANING, str(tmp_path / "log")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as parent:
        assert parent.stdout
        left = psutil.Process(int(parent.stdout.readline()))
        parent.kill()

    assert wait_for(lambda: gone(left), 5)


def test_a_process_that_ends_early_is_told_with_its_last_words(tmp_path: Path) -> None:
    """The error holds what the process wrote."""
    process = Process(["sh", "-c", "echo no such thing >&2; exit 3"], log=tmp_path / "log")

    with pytest.raises(NotStartedError, match=r"ended \(3\):\nno such thing"):
        process.wait_until(lambda: False, 5)


def test_a_process_that_is_never_ready_is_killed(tmp_path: Path) -> None:
    """Waiting is bounded, and nothing is left running after it."""
    process = Process(["sleep", "600"], log=tmp_path / "log")

    with pytest.raises(NotStartedError, match="is not ready"):
        process.wait_until(lambda: False, 0.05)

    assert not process.alive


def test_stop_tells_the_exit_code_and_leaves_no_child(tmp_path: Path) -> None:
    """An orderly end gives the code; children that outlived their parent are killed."""
    script = "trap 'exit 5' TERM; sleep 600 & while :; do sleep 0.01; done"
    process = Process(["sh", "-c", script], log=tmp_path / "log")
    process.wait_until(lambda: len(sleepers(process)) > 0, 5)
    long_lived = sleepers(process)[0]

    assert process.stop() == 5

    assert wait_for(lambda: gone(long_lived), 5)
