"""What the pages point to is there, and the code on them can be read."""

import ast
import json
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs import pages
from tests.docs.pages import ROOT, Fence

READERS = {"json": json.loads, "python": ast.parse, "toml": tomllib.loads}
# For other people's programs: `test_identity.py`, `test_webhooks.py` and `test_widget.py` run them.
RUN = {"go", "html", "js", "jsx", "php", "ruby", "text"}
LANGUAGES = {*READERS, *RUN, "sh"}
EXAMPLE = pages.DOCS / "plugins" / "example"


def broken_links(path: Path) -> Iterator[str]:
    """Find the links of a page that lead nowhere; other sites are not asked."""
    for link in pages.links(path):
        if "://" in link or link.startswith("mailto:"):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if not target.exists():
            yield f"{pages.name(path)}: {link}"
        elif anchor and anchor not in pages.anchors(target):
            yield f"{pages.name(path)}: {link} has no such heading"


def unreadable(fence: Fence) -> str | None:
    """Tell why a block of code cannot be read; None when it can."""
    if fence.language == "sh":
        done = subprocess.run(
            ["sh", "-n"], input=fence.text, text=True, capture_output=True, check=False
        )
        return done.stderr.strip() or None
    if fence.language in RUN:
        return None
    try:
        READERS[fence.language](fence.text)
    except (ValueError, SyntaxError) as error:
        return str(error)
    return None


def missing_names(path: Path) -> Iterator[str]:
    """Find the files, and `file:function`, that a page names and that do not exist."""
    for span in pages.spans(path):
        file, _, function = span.partition(":")
        if not file.startswith(("hub/", "plugins/", "tests/", "config/", "docs/")):
            continue
        if "*" in file or file in {"docs/", "tests/"}:
            continue
        # A page of a plugin means its own folder; that of any plugin is shaped like the example's.
        places = [folder / file for folder in (ROOT, path.parent, EXAMPLE)]
        there = [place for place in places if place.exists()]
        if not there or (function and not defined(there[0], function)):
            yield f"{pages.name(path)}: {span}"


def defined(path: Path, dotted: str) -> bool:
    """Tell whether a module defines a name, or a class in it a method."""
    scope: ast.AST = ast.parse(path.read_text(encoding="utf-8"))
    for part in dotted.split("."):
        inner = getattr(scope, "body", [])
        found = [node for node in inner if getattr(node, "name", None) == part]
        if not found:
            return False
        scope = found[0]
    return True


@pytest.mark.parametrize("path", pages.pages(), ids=pages.name)
def test_every_relative_link_resolves(path: Path) -> None:
    """The file is there, and the heading in it."""
    assert list(broken_links(path)) == []


@pytest.mark.parametrize("path", pages.pages(), ids=pages.name)
def test_every_block_of_code_can_be_read(path: Path) -> None:
    """Each block names its language and is well formed in it."""
    blocks = pages.fences(path)

    assert [block.language for block in blocks if block.language not in LANGUAGES] == []
    assert [why for block in blocks if (why := unreadable(block))] == []


@pytest.mark.parametrize("path", pages.pages(), ids=pages.name)
def test_every_file_and_function_named_exists(path: Path) -> None:
    """A page that names `hub/x.py` or `hub/x.py:name` means something that is there."""
    assert list(missing_names(path)) == []


def test_the_life_of_a_message_names_its_functions() -> None:
    """The page walks through functions, so that the check above has something to hold."""
    named = [span for span in pages.spans(pages.DOCS / "life-of-a-message.md") if ".py:" in span]

    assert len(named) > 30


def test_every_page_is_reached_from_the_map() -> None:
    """Starting at `docs/index.md`, links lead to every page of the docs."""
    start = pages.DOCS / "index.md"
    reached, todo = {start}, [start]
    while todo:
        page = todo.pop()
        for link in pages.links(page):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target.exists() and target not in reached:
                reached.add(target)
                todo.append(target)
    unread = {path for path in pages.DOCS.rglob("*.md") if "changes" not in path.parts} - reached

    assert unread == set()


def test_each_kind_of_fault_is_found(tmp_path: Path) -> None:
    """A dead link, a heading that is not there, code that does not parse, a name that is gone."""
    page = tmp_path / "page.md"
    page.write_text(
        "# One\n[a](gone.md) [b](#two) [c](#one) [d](https://example.com)\n"
        "`hub/gone.py` `hub/ids.py:gone` `hub/ids.py:wire` `hub/hooks.py:Hooks.first`\n"
        '```json\n{"a": }\n```\n```toml\na =\n```\n```python\ndef\n```\n```sh\nif\n```\n'
        '```json\n{"a": 1}\n```\n'
    )

    assert list(broken_links(page)) == [
        "page.md: gone.md",
        "page.md: #two has no such heading",
    ]
    assert list(missing_names(page)) == ["page.md: hub/gone.py", "page.md: hub/ids.py:gone"]
    assert [bool(unreadable(block)) for block in pages.fences(page)] == [*[True] * 4, False]
