"""What the rules of the house look at: the files of the project and its `pyproject.toml`."""

import subprocess
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def files(*patterns: str) -> list[Path]:
    """Return the project's files, committed or about to be, that match one of the patterns."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    paths = {ROOT / name for name in listed if name}
    return sorted(path for path in paths if path.is_file())


def name(path: Path) -> str:
    """Return the path as a person would say it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name


def plugins() -> list[Path]:
    """Return the folder of each bundled plugin."""
    return sorted({path.parent for path in files("plugins/*/__init__.py")})


def pyproject() -> dict[str, Any]:
    """Return the project's settings."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
