"""The script that sites load: what its source makes, small, and the same each time."""

import re
from pathlib import Path

import pytest

import hub_widget
from tests.support.node import WIDGET, node, package

SCRIPT = Path(hub_widget.__file__).with_name("static") / "widget.js"
MOST_BYTES = 7168
UNPACK = "process.stdout.write(zlib.brotliDecompressSync(fs.readFileSync(process.argv[1])))"


def test_it_is_small() -> None:
    """One file of 7 KB, as it is sent without compression."""
    assert 0 < SCRIPT.stat().st_size <= MOST_BYTES


def test_it_asks_for_nothing_else_and_runs_under_strict_policies() -> None:
    """No other address is in it, no markup is parsed, no text becomes code."""
    text = SCRIPT.read_text(encoding="utf-8")

    assert re.findall(r"https?:(?!\\/\\/)[^\s\"']*", text) in ([], ["https?:"])
    for word in ("innerHTML", "insertAdjacent", "eval(", "Function(", "document.write", "cssText"):
        assert word not in text, word


def test_it_is_what_the_source_makes(tmp_path: Path) -> None:
    """Built anew, twice, it is the same to the byte; types hold."""
    for name in ("esbuild", "terser", "typescript"):
        package(name)
    node("node_modules/typescript/bin/tsc")
    made = [tmp_path / "one.js", tmp_path / "two.js"]
    for path in made:
        node("build.mjs", "--out", str(path))

    assert made[0].read_bytes() == made[1].read_bytes()
    assert made[0].read_bytes() == SCRIPT.read_bytes(), "npm run build in widget/ makes it anew"


def test_its_brotli_form_is_the_same_script() -> None:
    """What lies beside it unpacks to it."""
    assert node("-e", UNPACK, f"{SCRIPT}.br") == SCRIPT.read_text(encoding="utf-8")


@pytest.mark.heavy
def test_every_size_is_told() -> None:
    """`npm run size` prints what each feature costs, and what is switched off is less."""
    lines = node("build.mjs", "--size").splitlines()
    costs = dict(line.split() for line in lines[1:])

    declared = re.findall(r'\| "(\w+)"', (WIDGET / "src" / "ambient.d.ts").read_text())
    assert lines[0].startswith("widget.js: ")
    assert set(costs) == set(declared)
    assert all(int(cost) > 0 for cost in costs.values()), costs
