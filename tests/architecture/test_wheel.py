"""What is published: the packages with their data, and nothing else."""

import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.architecture import house

# Imports everything an entry point names, and says where from.
LOAD = """
from importlib.metadata import entry_points
import hub
print(hub.__file__)
for group in ("hub.plugins", "console_scripts"):
    for point in entry_points(group=group):
        if point.dist.name == "clonvo-hub":
            print(point.name, getattr(point.load(), "__name__", ""))
"""


def differences(names: Iterable[str], expected: set[str]) -> list[str]:
    """Tell which files of the wheel are too many, and which are missing."""
    inside = {name for name in names if ".dist-info/" not in name}
    return sorted(
        [f"too many: {name}" for name in inside - expected]
        + [f"missing: {name}" for name in expected - inside]
    )


def packaged() -> set[str]:
    """Return the names that the project's files have in the wheel."""
    return {
        house.name(path).removeprefix("plugins/") for path in house.files("hub", "plugins/hub_*")
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the tree as it is."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=house.ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_packages_and_their_data(wheel: Path) -> None:
    """Every file of `hub` and of the bundled plugins, no test, no source of the widget."""
    assert differences(zipfile.ZipFile(wheel).namelist(), packaged()) == []


def test_the_wheel_carries_the_licence(wheel: Path) -> None:
    """The licence's text and its short name travel with the package."""
    with zipfile.ZipFile(wheel) as archive:
        info = {
            name.split(".dist-info/")[1]: name for name in archive.namelist() if "info/" in name
        }
        metadata = archive.read(info["METADATA"]).decode()

    assert "licenses/LICENSE" in info
    assert "License-Expression: MIT" in metadata


def test_the_entry_points_load_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    """Unpacked anywhere, the command and each plugin are found and import."""
    zipfile.ZipFile(wheel).extractall(tmp_path)

    done = subprocess.run(
        [sys.executable, "-c", LOAD],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    where, *loaded = done.stdout.splitlines()
    declared = tomllib.loads((house.ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    assert Path(where).is_relative_to(tmp_path)
    assert {f"{key} {module}" for key, module in declared["hub.plugins"].items()} <= set(loaded)
    assert any(line.startswith("clonvo ") for line in loaded)


def test_a_file_too_many_or_missing_is_found() -> None:
    """Both directions are told; the metadata is the builder's business."""
    inside = ["hub/ids.py", "tests/test_ids.py", "clonvo_hub-1.dist-info/RECORD"]

    assert differences(inside, {"hub/ids.py", "hub_widget/static/widget.js"}) == [
        "missing: hub_widget/static/widget.js",
        "too many: tests/test_ids.py",
    ]
