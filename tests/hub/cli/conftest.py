"""The command, run in this process: what it prints, and how it exits."""

import logging
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner, Result

from hub.cli import clonvo as root
from tests.support.hubs import SECRET


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An empty folder and no setting; logging as before when the test is over."""
    monkeypatch.chdir(tmp_path)
    handlers = logging.getLogger().handlers
    yield
    structlog.reset_defaults()
    logging.getLogger().handlers = handlers
    logging.captureWarnings(capture=False)


@pytest.fixture
def clonvo():
    """Run `clonvo` with these arguments and settings; any exception but an exit is the test's."""

    def run(*arguments: str, words: str = "", **settings: str) -> Result:
        result = CliRunner().invoke(root, arguments, input=words, env=settings)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def at(clonvo, database_url: str):
    """Run `clonvo` on a database of each store; return standard output, fail unless it is done."""

    def run(*arguments: str, words: str = "") -> str:
        settings = {"DATABASE_URL": database_url, "HUB_SECRET": SECRET}
        result = clonvo(*arguments, words=words, **settings)
        assert result.exit_code == 0, result.stderr
        return result.stdout

    return run


@pytest.fixture
def refused(clonvo, database_url: str):
    """Run `clonvo` on a database of each store; return its one line, fail unless it is refused."""

    def run(*arguments: str, words: str = "", code: int = 1) -> str:
        settings = {"DATABASE_URL": database_url, "HUB_SECRET": SECRET}
        result = clonvo(*arguments, words=words, **settings)
        assert (result.exit_code, result.stdout) == (code, "")
        line, *more = result.stderr.splitlines()
        assert more == []
        assert line.startswith("clonvo: ")
        return line.removeprefix("clonvo: ")

    return run


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Install a plugin of this name and source for the length of the test."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))

    def install(name: str, source: str) -> None:
        (folder / f"hub_{name}.py").write_text(source, encoding="utf-8")
        info = folder / f"hub_{name}-1.2.3.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: hub-{name}\nVersion: 1.2.3\n")
        (info / "entry_points.txt").write_text(f"[hub.plugins]\n{name} = hub_{name}\n")

    return install
