"""The folders of figures: those of killed servers go at a start, those of living ones never."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub import figures

SERVER = """
import os, sys
from hub import figures

if len(sys.argv) == 1:
    folder = figures.make()
    if os.fork():
        os.execv(sys.executable, [*sys.orig_argv, folder])
    print(os.getpid(), flush=True)
else:
    print(sys.argv[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder for temporary files with nothing in it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@contextmanager
def _server() -> Iterator[tuple[subprocess.Popen[str], int, Path]]:
    """A server that made its folder, has a child, and started itself anew since."""
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "TMPDIR": tempfile.gettempdir(),
    }
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, env=environ, text=True, **pipes) as server:
        told = {server.stdout.readline().strip() for _ in range(2)}
        (child,) = (int(line) for line in told if line.isdecimal())
        (folder,) = (Path(line) for line in told if not line.isdecimal())
        yield server, child, folder


def test_a_folder_stays_until_the_last_process_of_its_server_ends(tmp_path: Path) -> None:
    """After a new start, and when only the parent was killed; then it goes with all in it."""
    with _server() as (server, child, folder):
        (folder / "counter.db").touch()
        figures.remove_left_behind()
        assert folder.exists()

        server.kill()
        server.wait()
        figures.remove_left_behind()
        assert folder.exists()

        os.kill(child, signal.SIGKILL)
        # The end of what it wrote comes when it is gone.
        assert server.stdout.read() == ""
        figures.remove_left_behind()
        assert list(tmp_path.iterdir()) == []


def test_the_number_of_a_process_says_nothing(tmp_path: Path) -> None:
    """It may be anybody's by now; what has none in its name, or is a link, is not ours."""
    kept = {"hub-metrics-notes-b", "other-1-c", "elsewhere", "hub-metrics-1-d"}
    gone = {f"hub-metrics-{number}-e" for number in (os.getpid(), os.getppid())}
    for name in (kept | gone) - {"hub-metrics-1-d"}:
        (tmp_path / name).mkdir()
        (tmp_path / name / "counter.db").touch()
    (tmp_path / "hub-metrics-1-d").symlink_to("elsewhere")

    figures.remove_left_behind()

    assert {path.name for path in tmp_path.iterdir()} == kept
    assert (tmp_path / "elsewhere" / "counter.db").exists()


def test_one_that_is_removed_while_it_is_made_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another that starts took it for left behind before it was held."""
    make, made = tempfile.mkdtemp, []

    def mkdtemp(prefix: str) -> str:
        made.append(make(prefix=prefix))
        if len(made) == 1:
            figures.remove_left_behind()
        return made[-1]

    monkeypatch.setattr(tempfile, "mkdtemp", mkdtemp)

    assert figures.make() == made[1]
    assert [str(path) for path in tmp_path.iterdir()] == made[1:]
