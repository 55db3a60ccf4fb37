"""`clonvo new-plugin`: what it makes works before a line is changed."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
SECONDS = 100


def _python(folder: Path, *arguments: str, **environ: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | environ,
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_new_plugin_installs_is_seen_by_the_hub_and_passes_its_tests(clonvo, tmp_path) -> None:
    """Built as a wheel and unpacked beside, which is all that installing one is."""
    told = clonvo("new-plugin", "night_desk")
    assert told.exit_code == 0
    source = tmp_path / "clonvo-hub-night-desk"
    assert f"cd {source.name}" in told.stdout
    _python(source, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    [wheel] = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "packages")
    installed = {"PYTHONPATH": str(tmp_path / "packages")}

    listed = _python(source, "-m", "hub", "plugins", **installed, HUB_PLUGINS="night_desk")
    passed = _python(source, "-m", "pytest", "-q", "-p", "no:cacheprovider", **installed)

    assert "Night desk" in listed
    assert " passed" in passed
    assert "skipped" not in passed


def test_its_files_follow_the_rules_of_the_house(clonvo, tmp_path) -> None:
    """Nothing is left of the template, the code is formatted and lints, examples are in it."""
    clonvo("new-plugin", "sms_box", "--into", "here")
    here = tmp_path / "here"
    texts = {path.relative_to(here): path.read_text() for path in here.rglob("*.*")}

    assert Path("hub_sms_box/examples/hello.json") in texts
    assert Path("README.md") in texts
    assert not any("${" in text or "NAME" in str(path) for path, text in texts.items())
    lint = ("check", "--isolated", "--select", "B,E,F,I,UP", "--line-length", "100")
    _python(here, "-m", "ruff", *lint, ".")
    _python(here, "-m", "ruff", "format", "--isolated", "--check", "--line-length", "100", ".")


@pytest.mark.parametrize("name", ["Night", "2nd", "night-desk", "", "class", "a" * 41, "widget"])
def test_a_name_that_cannot_be_is_refused(clonvo, tmp_path, name) -> None:
    """Nothing is made."""
    result = clonvo("new-plugin", name)

    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_overwritten(clonvo, tmp_path) -> None:
    """A second time it says so."""
    clonvo("new-plugin", "box")
    readme = tmp_path / "clonvo-hub-box" / "README.md"
    readme.write_text("mine")

    result = clonvo("new-plugin", "box")
    assert (result.exit_code, readme.read_text()) == (1, "mine")
    assert "is there already" in result.stderr


def test_the_templates_travel_in_the_wheel(tmp_path) -> None:
    """They are data of the package, not Python."""
    _python(REPOSITORY, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    [wheel] = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()

    assert "hub/cli/scaffold/hub_NAME/__init__.py.in" in names
    assert "hub/store/migrations/versions/0001_first.py" in names
