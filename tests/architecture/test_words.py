"""The project says nothing of the machine it was written on, and nothing of how."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture import house

# A class of one letter keeps a pattern from finding itself.
PATHS = re.compile(r"(?<![\w.\-])/(?:[w]ork|[f]arm|[r]oot|home/[a-z]\w*|Users/\w+)/")
HOSTS = re.compile(
    r"\b(?:[p]ypi|[p]ythonhosted|[n]pmjs|[d]ebian|[c]rates)\.(?:org|com|io)\b", re.IGNORECASE
)
MAKING = re.compile(
    r"\b(?:[A]I|[L]LMs?|[C]laude|[C]hatGPT|[C]opilot|[p]rompt engineering|[s]ittings?"
    r"|[s]ubagents?|[c]ontract\.md|[d]esign\.md|[s]tyle\.md|[r]eliability\.md)\b"
    r"|\b[r]esearch/|\b[t]he brief\b|\b[t]his session of work\b"
)
RULES = {"a machine's path": PATHS, "a registry's host": HOSTS, "how it was made": MAKING}
# Hashes spell anything, and what is built or vendored has its own words.
WORDLESS = {".lock", ".svg", ".png", ".ico", ".woff2", ".mmdb", ".gz", ".br"}


def slips(path: Path) -> Iterator[str]:
    """Find the words that do not belong in a file."""
    text = path.read_text(encoding="utf-8")
    for rule, pattern in RULES.items():
        if rule == "how it was made" and "static" in path.parts:
            continue
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{house.name(path)}:{line} {rule}: {match[0]}"


def test_no_file_tells_of_the_workshop() -> None:
    """No path of a machine, no host of a registry, no word about the making."""
    paths = [path for path in house.files() if path.suffix not in WORDLESS]

    assert [slip for path in paths for slip in slips(path)] == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("cd /w" + "ork/main", "a machine's path"),
        ("open('/home/" + "jo/x')", "a machine's path"),
        ("files.Python" + "hosted.org", "a registry's host"),
        ("written by A" + "I", "how it was made"),
        ("see desi" + "gn.md", "how it was made"),
    ],
)
def test_each_kind_of_slip_is_found(text: str, rule: str, tmp_path: Path) -> None:
    """A slip is told with its line and what is wrong with it."""
    path = tmp_path / "made.py"
    path.write_text(f"# fine\n# {text}\n")

    assert [slip.split(": ")[0] for slip in slips(path)] == [f"made.py:2 {rule}"]


@pytest.mark.parametrize(
    "text", ["/api/v1/wor" + "k/x", "said", "https://example.com/roo" + "t/", "~/wor" + "k"]
)
def test_ordinary_words_pass(text: str, tmp_path: Path) -> None:
    """A path of a URL and a word that only looks alike are no slips."""
    path = tmp_path / "made.py"
    path.write_text(text)

    assert list(slips(path)) == []
