"""The pages for plugin authors say what the code says."""

import inspect
import re

import pytest

from hub import contracts, hookspecs, sdk_testing
from hub.hooks import Hooks
from hub.settings import BUNDLED, OPTIONAL, Settings
from tests.docs import pages

PAGES = pages.DOCS / "plugins"
HOOKS = PAGES / "hooks.md"
SPECS = {
    name: function
    for name, function in inspect.getmembers(hookspecs, inspect.isfunction)
    if hasattr(function, "hub_spec")
}


def sections() -> dict[str, str]:
    """Return the text of each hook's section by its heading."""
    parts = re.split(r"^## `(.+)`$", pages.prose(HOOKS), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_hook_stands_there_with_its_arguments() -> None:
    """One heading per hook, exactly as it is called, in the order of the specifications."""
    called = {
        name: f"{name}({', '.join(inspect.signature(function).parameters)})"
        for name, function in SPECS.items()
    }

    assert set(sections()) == set(called.values())


def test_every_hook_says_how_it_is_called() -> None:
    """The first word of the section is the first of the specification's docstring."""
    for heading, text in sections().items():
        spec = SPECS[heading.partition("(")[0]]

        assert (spec.__doc__ or "").split()[0].rstrip(":,") == text.split()[0]


def test_every_hook_says_who_uses_it() -> None:
    """The line "Used by" names exactly the bundled plugins that implement the hook."""
    bundled = (*BUNDLED, *OPTIONAL)
    hooks = Hooks(bundled)
    for heading, text in sections().items():
        hook = heading.partition("(")[0]
        users = {name for name in bundled if hook in hooks.used_by(name)}
        (line,) = re.findall(r"^Used by (.+)$", text, re.MULTILINE)
        told = set() if line.startswith("no bundled plugin") else set(re.findall(r"`(\w+)`", line))

        assert told == users, hook


def test_the_bundled_plugins_are_listed() -> None:
    """The tables name those that are on by default, and those that are off."""
    listed = [row[0] for row in pages.rows(PAGES / "index.md", "## What there is")]

    assert sorted(listed) == sorted((*Settings().plugins, *OPTIONAL))


@pytest.mark.parametrize(
    ("heading", "struct"),
    [("## The declaration", contracts.Channel), ("## `normalize`", contracts.Arrival)],
    ids=["Channel", "Arrival"],
)
def test_the_fields_of_a_channel_and_a_call_are_explained(heading: str, struct: type) -> None:
    """Every field of the declaration has its row; what `normalize` is given is told."""
    cells = {cell for row in pages.rows(PAGES / "channels.md", heading) for cell in row[:1]}
    told = {name for cell in cells for name in cell.split(", ")}
    fields = set(struct.__struct_fields__)

    if struct is contracts.Channel:
        assert told == fields
    else:
        # The secret's digest is the core's business.
        assert fields - {"secret_digest"} <= told


def test_the_kinds_of_auth_are_explained() -> None:
    """Each way to prove oneself has its row."""
    told = {row[0] for row in pages.rows(PAGES / "channels.md", "## Who may call")}

    assert told == set(contracts.Auth.__args__)


def test_the_kit_has_what_the_page_says() -> None:
    """Every name in the table of the test kit exists."""
    for row in pages.rows(PAGES / "writing.md", "## 4. Try it in a whole hub"):
        for called in row[0].split("), ") if "(" in row[0] else row[0].split(", "):
            name = called.partition("(")[0]
            owner = sdk_testing.TrialHub if name.startswith("hub.") else sdk_testing
            attribute = name.removeprefix("hub.")
            known = hasattr(owner, attribute) or f"self.{attribute} =" in inspect.getsource(owner)

            assert known, name
