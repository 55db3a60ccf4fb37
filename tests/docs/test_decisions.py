"""Decisions are one page each, in one form."""

import re

import pytest

from tests.docs import pages

FOLDER = pages.DOCS / "decisions"
PARTS = ["## Context", "## Decision", "## Consequences", "## Alternatives"]
DECISIONS = sorted(FOLDER.glob("[0-9]*.md"))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_its_parts(path) -> None:
    """Title with its number, then context, decision, consequences, alternatives; one page."""
    text = path.read_text(encoding="utf-8")

    assert text.startswith(f"# {path.name[:4]}: ")
    assert re.findall(r"^## .+$", text, re.MULTILINE) == PARTS
    assert len(text.splitlines()) <= 60


def test_every_decision_is_listed_with_its_title() -> None:
    """The index links each page, by its number and under its own title."""
    listed = {row[0]: row[1] for row in pages.rows(FOLDER / "index.md", "# Decisions")}
    titles = [path.read_text(encoding="utf-8").splitlines()[0] for path in DECISIONS]

    assert listed == {
        f"[{path.name[:4]}]({path.name})": title.partition(": ")[2]
        for path, title in zip(DECISIONS, titles, strict=True)
    }
