"""What the processes of one server know of each other, and the folder of their figures."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub import prefork


def test_what_is_announced_is_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many share the limits, and a folder for the figures, which an operator may have named."""
    monkeypatch.setenv(prefork.PROCESSES, "1")
    monkeypatch.setenv(prefork.FIGURES, "named")

    prefork.announce(3)

    assert (os.environ[prefork.PROCESSES], os.environ[prefork.FIGURES]) == ("3", "named")


def test_the_folder_of_the_figures_goes_with_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One folder however often a server starts anew; those of killed servers go at the next start.

    A server that runs keeps its own, and nobody else's folder is touched.
    """
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
