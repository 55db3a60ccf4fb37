"""Every bundled plugin has the same shape, which is the shape of anybody's plugin."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture import house

PLUGIN_LINES = 300
CONTENTS_LINES = 60
LARGE = {"hub_dashboard", "hub_whatsapp"}
FILES = ("README.md", "__init__.py")
CHANNEL_FILES = ("payload.py", "normalize.py")


def faults(folder: Path) -> Iterator[str]:
    """Tell what a plugin's folder lacks or has too much of."""
    missing = [name for name in FILES if not (folder / name).is_file()]
    translates = not missing and "channels" in defined(folder / "__init__.py")
    if translates:
        missing = [name for name in CHANNEL_FILES if not (folder / name).is_file()]
    if missing:
        yield f"{folder.name}: no {', '.join(missing)}"
        return
    sources = sorted(folder.rglob("*.py"))
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources}
    if lines[folder / "__init__.py"] > CONTENTS_LINES:
        yield f"{folder.name}: __init__.py has more than {CONTENTS_LINES} lines"
    if sum(lines.values()) > PLUGIN_LINES and folder.name not in LARGE:
        yield f"{folder.name}: {sum(lines.values())} lines of Python"
    if "PLUGIN" not in assigned(folder / "__init__.py"):
        yield f"{folder.name}: __init__.py assigns no PLUGIN"
    yield from unread(folder, sources)
    if translates:
        yield from examples(folder)


def unread(folder: Path, sources: list[Path]) -> Iterator[str]:
    """Tell what the README leaves out: a call to try, a file of the reading order."""
    readme = (folder / "README.md").read_text(encoding="utf-8")
    if "curl " not in readme:
        yield f"{folder.name}: README.md shows no curl"
    for path in sources:
        if path.name not in readme:
            yield f"{folder.name}: README.md does not name {path.name}"


def examples(folder: Path) -> Iterator[str]:
    """Tell whether there are examples, and which are no JSON."""
    found = sorted(folder.glob("examples/*.json"))
    if not found:
        yield f"{folder.name}: no examples/*.json"
    for path in found:
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            yield f"{folder.name}: {path.name} is no JSON"


def defined(path: Path) -> set[str]:
    """Return the names of the functions of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    return {node.name for node in tree.body if isinstance(node, functions)}


def assigned(path: Path) -> set[str]:
    """Return the names that a module assigns at its top."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    targets = [node.targets for node in tree.body if isinstance(node, ast.Assign)]
    return {target.id for some in targets for target in some if isinstance(target, ast.Name)}


@pytest.mark.parametrize("folder", house.plugins(), ids=lambda folder: folder.name)
def test_a_plugin_is_complete(folder: Path) -> None:
    """Table of contents and README are there, of a channel its translation too; it is small."""
    assert list(faults(folder)) == []


def test_every_plugin_is_packaged_and_under_the_contracts() -> None:
    """A folder in `plugins/` is in the wheel, an entry point, and in each import contract."""
    names = {folder.name for folder in house.plugins()}
    settings = house.pyproject()
    linter = settings["tool"]["importlinter"]
    contracts = {contract["name"]: contract for contract in linter["contracts"]}

    assert names == set(settings["project"]["entry-points"]["hub.plugins"].values())
    assert {f"plugins/{name}" for name in names} | {"hub"} == set(
        settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    )
    assert names | {"hub"} == set(linter["root_packages"])
    assert names == set(contracts["core never imports a plugin"]["forbidden_modules"])
    assert names == set(contracts["plugins do not know each other"]["modules"])


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A complete plugin, made for this test."""
    folder = tmp_path / "hub_made"
    (folder / "examples").mkdir(parents=True)
    (folder / "examples" / "one.json").write_text("{}")
    (folder / "__init__.py").write_text("PLUGIN = 1\ndef channels(): ...\n")
    (folder / "payload.py").write_text("")
    (folder / "normalize.py").write_text("")
    (folder / "README.md").write_text("curl -X POST\n__init__.py payload.py normalize.py\n")
    return folder


def test_a_complete_plugin_has_no_fault(plugin: Path) -> None:
    """The breaks below are each the only thing wrong."""
    assert list(faults(plugin)) == []


@pytest.mark.parametrize(
    ("file", "text", "fault"),
    [
        ("README.md", None, "no README.md"),
        ("README.md", "curl x\n__init__.py payload.py", "README.md does not name normalize.py"),
        ("README.md", "__init__.py payload.py normalize.py", "README.md shows no curl"),
        ("__init__.py", "PLUGIN: int\ndef channels(): ...\n", "__init__.py assigns no PLUGIN"),
        (
            "__init__.py",
            "PLUGIN = 1\n" * 60 + "def channels(): ...",
            "__init__.py has more than 60 lines",
        ),
        ("payload.py", None, "no payload.py"),
        ("normalize.py", "#\n" * 299, "301 lines of Python"),
        ("examples/one.json", None, "no examples/*.json"),
        ("examples/one.json", "{", "one.json is no JSON"),
    ],
)
def test_each_fault_is_found(plugin: Path, file: str, text: str | None, fault: str) -> None:
    """One break, one fault, told by name."""
    if text is None:
        (plugin / file).unlink()
    else:
        (plugin / file).write_text(text)

    assert list(faults(plugin)) == [f"hub_made: {fault}"]


def test_a_plugin_without_a_channel_translates_nothing(plugin: Path) -> None:
    """Payload, normalize and examples belong to channels."""
    (plugin / "__init__.py").write_text("PLUGIN = 1\n")
    for name in ("payload.py", "normalize.py", "examples/one.json"):
        (plugin / name).unlink()

    assert list(faults(plugin)) == []
