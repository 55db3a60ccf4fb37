"""The tests themselves: each says what it promises, and none looks away."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture import house

LOOKS_AWAY = re.compile(r"\bpytest\.(mark\.)?(skip|skipif|xfail|importorskip)\b|@unittest\.skip")


def silent(path: Path) -> Iterator[str]:
    """Find the tests without a docstring."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        is_test = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if is_test and node.name.startswith("test_") and not ast.get_docstring(node):
            yield f"{house.name(path)}:{node.lineno} {node.name}"


def looks_away(path: Path) -> Iterator[str]:
    """Find the lines that would let a test not run, or fail unseen."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if LOOKS_AWAY.search(line):
            yield f"{house.name(path)}:{number} {line.strip()}"


def test_every_test_states_its_behaviour() -> None:
    """A docstring says what the test promises."""
    paths = house.files("tests/**/test_*.py", "plugins/**/test_*.py")

    assert [fault for path in paths for fault in silent(path)] == []


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    """A missing server or a known fault makes the run red."""
    paths = [path for path in house.files("tests/**/*.py") if path != Path(__file__)]

    assert [fault for path in paths for fault in looks_away(path)] == []


def test_a_silent_or_skipped_test_is_found(tmp_path: Path) -> None:
    """Each of both faults is told with its line."""
    path = tmp_path / "test_made.py"
    path.write_text(
        "def test_one():\n    pass\n\n"
        "@pytest.mark.skip\nasync def test_two():\n    pass\n\n"
        'def test_three():\n    """Says it."""\n    pytest.importorskip("x")\n'
    )

    assert list(silent(path)) == ["test_made.py:1 test_one", "test_made.py:5 test_two"]
    assert list(looks_away(path)) == [
        "test_made.py:4 @pytest.mark.skip",
        'test_made.py:10 pytest.importorskip("x")',
    ]
