"""Every hook is documented and used: the extension surface is what its page says."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.architecture import house

SPECS = house.ROOT / "hub" / "hookspecs.py"
PAGE = house.ROOT / "docs" / "plugins" / "hooks.md"
HEADING = re.compile(r"^#{2,4} `(\w+)", re.MULTILINE)


def marked(path: Path, marker: str) -> Iterator[str]:
    """Find the functions of a module that carry a pluggy marker, called or bare."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            calls = (getattr(item, "func", item) for item in node.decorator_list)
            if any(isinstance(call, ast.Name) and call.id == marker for call in calls):
                yield node.name


def specified() -> set[str]:
    """Return the names of all hooks."""
    return set(marked(SPECS, "hookspec"))


def used(paths: Iterable[Path]) -> set[str]:
    """Return the hooks that some plugin implements."""
    return {name for path in paths for name in marked(path, "hookimpl")}


def test_every_hook_has_its_heading_on_the_page_of_hooks() -> None:
    """`docs/plugins/hooks.md` has a heading for each hook and for nothing else."""
    assert set(HEADING.findall(PAGE.read_text(encoding="utf-8"))) == specified()


def test_every_hook_is_used_by_a_plugin_of_this_repository() -> None:
    """No hook stands there for a plugin that may come."""
    plugins = [*house.files("plugins/*.py"), *house.files("docs/plugins/example/*.py")]

    assert specified() - used(plugins) == set()


def test_every_hook_says_when_it_is_called() -> None:
    """Its docstring is what a plugin's author reads first."""
    tree = ast.parse(SPECS.read_text(encoding="utf-8"))
    functions = [
        node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    assert [node.name for node in functions if not ast.get_docstring(node)] == []


def test_a_hook_is_recognised_in_each_form(tmp_path: Path) -> None:
    """Bare, with arguments, plain and async; a function without the marker is none."""
    path = tmp_path / "made.py"
    path.write_text(
        "@hookspec\ndef one(): ...\n"
        "@hookspec(firstresult=True)\nasync def two(): ...\n"
        "@other\ndef three(): ...\n"
        "@hookimpl\ndef four(): ...\n"
    )

    assert set(marked(path, "hookspec")) == {"one", "two"}
    assert used([path]) == {"four"}
    assert HEADING.findall("# Hooks\n## `one(a, b)`\n### `two`\n## Three\n`four`\n") == [
        "one",
        "two",
    ]
