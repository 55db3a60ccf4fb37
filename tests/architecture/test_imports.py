"""The import contracts of `pyproject.toml` hold, and each of them can tell."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture import house

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"
BREAKS = {
    "core flows one way": ("hub/ids.py", "import hub.services"),
    "core never imports a plugin": ("hub/app.py", "import hub_widget"),
    "plugins see the core only through hub.sdk": (
        "plugins/hub_widget/normalize.py",
        "import hub.contracts",
    ),
    "plugins do not know each other": (
        "plugins/hub_widget/normalize.py",
        "import hub_whatsapp.payload",
    ),
    "only the store speaks SQL": ("hub/api/__init__.py", "import sqlalchemy.ext.asyncio"),
}


def broken_contracts(root: Path) -> tuple[set[str], str]:
    """Check the tree at `root`; return the names of the broken contracts and the whole report."""
    path = os.pathsep.join([str(root), str(root / "plugins")])
    done = subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache", "--no-logo"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": path, "NO_COLOR": "1", "COLUMNS": "200"},
        check=False,
        capture_output=True,
        text=True,
    )
    report = done.stdout + done.stderr
    assert "Contracts:" in report, report
    lines = report.splitlines()
    return {line.rsplit(" BROKEN")[0] for line in lines if " BROKEN" in line}, report


def test_every_import_contract_is_kept() -> None:
    """The core flows one way, and plugins stand on `hub.sdk` alone."""
    broken, report = broken_contracts(house.ROOT)

    assert broken == set(), report


def test_every_contract_is_shown_to_break() -> None:
    """Each contract of the settings has a break below."""
    contracts = house.pyproject()["tool"]["importlinter"]["contracts"]

    assert {contract["name"] for contract in contracts} == set(BREAKS)


@pytest.mark.parametrize("contract", BREAKS)
def test_a_forbidden_import_breaks_its_contract(contract: str, tmp_path: Path) -> None:
    """One line in a copy of the tree is enough."""
    file, line = BREAKS[contract]
    for folder in ("hub", "plugins"):
        shutil.copytree(house.ROOT / folder, tmp_path / folder)
    shutil.copy(house.ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / file).open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")

    broken, report = broken_contracts(tmp_path)

    assert contract in broken, report
