"""The project's pages, taken apart: code, links, headings, tables."""

import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PATTERNS = ("README.md", "CHANGELOG.md", "docs/**/*.md", "plugins/*/README.md")

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


class Fence(Struct, frozen=True):
    """One block of code on a page."""

    page: str
    language: str
    text: str


def name(path: Path) -> str:
    """Return a page as a person would say it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name


def pages() -> list[Path]:
    """Return every page that people read."""
    found = {path for pattern in PATTERNS for path in ROOT.glob(pattern)}
    return sorted(path for path in found if not {".venv", "node_modules"} & set(path.parts))


def fences(path: Path, *languages: str) -> list[Fence]:
    """Return a page's blocks of code; all, or those in one of the languages."""
    found = [Fence(name(path), *match) for match in _FENCE.findall(path.read_text("utf-8"))]
    return [fence for fence in found if not languages or fence.language in languages]


def prose(path: Path) -> str:
    """Return a page without its blocks of code."""
    return _FENCE.sub("", path.read_text(encoding="utf-8"))


def spans(path: Path) -> list[str]:
    """Return what stands in backticks in a page's prose."""
    return _SPAN.findall(prose(path))


def links(path: Path) -> list[str]:
    """Return where a page's links lead."""
    return _LINK.findall(prose(path))


def anchors(path: Path) -> set[str]:
    """Return the names by which a page's headings can be reached."""
    kept = (re.sub(r"[^\w\- ]", "", title.lower()) for title in _HEADING.findall(prose(path)))
    return {title.strip().replace(" ", "-") for title in kept}


def rows(path: Path, heading: str) -> Iterator[list[str]]:
    """Yield the rows of the tables under a heading, without their heads; backticks are dropped."""
    text = "\n" + path.read_text(encoding="utf-8")
    _, _, rest = text.partition(f"\n{heading}\n")
    assert rest, f"{name(path)} has no heading {heading!r}"
    level = heading.index(" ")
    section = re.split(rf"^#{{1,{level}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    in_body = False
    for line in section.splitlines():
        cells = [cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            in_body = False
        elif set(line) <= set("|-: "):
            in_body = True
        elif in_body:
            yield cells
