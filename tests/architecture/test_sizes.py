"""Nothing is too long to be read in one go."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.architecture import house

FILE_LINES = 300
FUNCTION_LINES = 40
# A migration is a record of what was; what a folder `static` holds is made elsewhere.
EXEMPT = {"versions", "static"}


def long_files(paths: Iterable[Path]) -> Iterator[str]:
    """Find the files with too many lines."""
    for path in paths:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > FILE_LINES:
            yield f"{house.name(path)}: {lines} lines"


def long_functions(paths: Iterable[Path]) -> Iterator[str]:
    """Find the functions with too many lines, from `def` to the last one."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    yield f"{house.name(path)}:{node.lineno} {node.name}: {lines} lines"


def sources(*patterns: str) -> list[Path]:
    """Return the files that a person writes."""
    return [path for path in house.files(*patterns) if not EXEMPT & set(path.parts)]


def test_no_file_is_too_long() -> None:
    """A file has 300 lines at most."""
    assert list(long_files(sources("*.py", "*.ts", "*.css", "run"))) == []


def test_no_function_is_too_long() -> None:
    """A function has 40 lines at most."""
    assert list(long_functions(sources("*.py"))) == []


def test_what_is_too_long_is_found(tmp_path: Path) -> None:
    """One line more than allowed is told with its place; as many as allowed are fine."""
    body = "    pass\n" * (FUNCTION_LINES - 1)
    path = tmp_path / "long.py"
    path.write_text(f"def fits():\n{body}async def long():\n{body}    pass\n" + "#\n" * FILE_LINES)

    assert list(long_functions([path])) == ["long.py:41 long: 41 lines"]
    assert list(long_files([path])) == ["long.py: 381 lines"]
