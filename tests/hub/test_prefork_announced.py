"""What the processes of one server know of each other, and the folder of their figures."""

import os
import tempfile
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
    """One folder however often a server starts anew."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv(prefork.FIGURES, raising=False)
    monkeypatch.setenv(prefork.PROCESSES, "1")

    prefork.announce(2)
    made = Path(os.environ[prefork.FIGURES])
    prefork.announce(2)

    assert list(tmp_path.iterdir()) == [made]
    prefork.retract()
    prefork.retract()
    assert list(tmp_path.iterdir()) == []
