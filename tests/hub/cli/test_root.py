"""The command itself: quick, explains itself, one line for every failure."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version

import click
import pytest

from hub.cli import clonvo as root
from hub.cli import keys

HEAVY = {"alembic", "argon2", "cryptography", "litestar", "pluggy", "sqlalchemy", "structlog"}
SAYS = """
from click import command, echo
from hub.sdk import CommandError, Plugin, hookimpl
PLUGIN = Plugin(name="says", summary="Says things")
@command()
def say():
    "Say it."
    echo("said")
@command()
def fall():
    "Fall."
    raise CommandError("fell")
@hookimpl
def commands():
    return [say, fall]
"""


def _leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _leaves(command, (*path, name))
        else:
            yield (*path, name)


def test_help_imports_nothing_heavy() -> None:
    """What takes long to import is imported by the command that needs it."""
    code = f"import sys, hub.cli; print(sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", list(_leaves(root)), ids=" ".join)
def test_every_command_teaches_by_an_example(clonvo, path) -> None:
    """Its help holds at least one line that can be typed."""
    help_ = clonvo(*path, "--help")

    assert help_.exit_code == 0
    assert "Example" in help_.stdout
    assert f"clonvo {' '.join(path)}" in help_.stdout.partition("Example")[2]


def test_the_list_of_commands_cuts_no_sentence(clonvo) -> None:
    """In a terminal of 80 columns."""
    assert "..." not in clonvo("--help").stdout.partition("Commands:")[2]


def test_the_version_is_the_distributions(clonvo) -> None:
    """As packaging has it."""
    assert clonvo("--version").stdout.strip() == version("clonvo-hub")


@pytest.mark.parametrize("arguments", [(), ("org",)])
def test_a_command_that_needs_another_word_shows_its_help(clonvo, arguments) -> None:
    """Exit code 2, on standard error."""
    result = clonvo(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage: " in result.stderr


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("fly",), "No such command 'fly'. Try: clonvo --help"),
        (("org", "fly"), "No such command 'fly'. Try: clonvo org --help"),
        (("migrate", "--fly"), "No such option '--fly'. Try: clonvo migrate --help"),
        (("org", "create", "acme"), "Missing option '--name'. Try: clonvo org create --help"),
        (("key", "revoke", "me"), "'me' is not the id of a key"),
        (("org", "set", "acme", "name"), "Write settings as KEY=VALUE, not 'name'"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_code_2(clonvo, arguments, line) -> None:
    """It names what is wrong and where the help is."""
    result = clonvo(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"clonvo: {line}")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"READ_RATE_PER_MIN": "x"}, "read_rate_per_min: expected `int`"),
        (
            {"DATABASE_URL": "postgresql+asyncpg://hub@127.0.0.1:1/hub"},
            "database_url: no answer",
        ),
        ({"DATABASE_URL": "sqlite:////proc/none/hub.db"}, "/proc/none: No such file or directory"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_1(clonvo, settings, line) -> None:
    """Whether a setting, a server or a folder is the reason."""
    result = clonvo("org", "list", **settings)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"clonvo: {line}")
    assert result.stderr.count("\n") == 1


def test_being_stopped_is_one_line_too(clonvo, monkeypatch) -> None:
    """Ctrl-C shows no traceback."""

    def stopped(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(keys, "_id", stopped)
    result = clonvo("key", "revoke", "x")
    assert (result.exit_code, result.stderr) == (1, "\nclonvo: stopped\n")


def test_a_plugin_adds_commands_and_their_errors_are_lines_as_ours(clonvo, plugin) -> None:
    """Found by name when it is on."""
    plugin("says", SAYS)

    assert clonvo("say", HUB_PLUGINS="says").stdout == "said\n"
    assert clonvo("fall", HUB_PLUGINS="says").stderr == "clonvo: fell\n"
    assert clonvo("say", HUB_PLUGINS="").exit_code == 2


def test_a_broken_plugin_breaks_no_other_command(clonvo, plugin) -> None:
    """It is named where a command is missing, and only there."""
    plugin("broken", "raise RuntimeError('no luck')")
    plugin("says", SAYS)

    assert clonvo("say", HUB_PLUGINS="broken,says").stdout == "said\n"
    assert clonvo("org", "list", HUB_PLUGINS="broken").exit_code == 0
    missing = clonvo("fly", HUB_PLUGINS="broken,says")
    assert missing.exit_code == 2
    assert "'broken' cannot be imported: no luck" in missing.stderr


def test_python_m_hub_is_the_same_command() -> None:
    """For where the script is not on the path; a process as an operator starts it."""
    command = [sys.executable, "-m", "hub", "nonsense"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr == "clonvo: No such command 'nonsense'. Try: clonvo --help\n"
