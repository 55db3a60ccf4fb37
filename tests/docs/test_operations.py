"""The pages for operators say what the code says."""

import re
import subprocess
from collections.abc import Iterator

import click
import pytest
import yaml

from hub import metrics
from hub.cli import clonvo
from hub.settings import Settings, load
from tests.docs import pages
from tests.docs.pages import ROOT

PAGE = pages.DOCS / "operations.md"
COMMAND = re.compile(r"(?:^|[\s`(])clonvo ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)?)")
# Commands of plugins that are not bundled; the example's own tests run them.
OTHERS = {"sms connect"}
IN_FILE = {"HUB_PLUGINS (plugins)": "plugins"}


def settings_table() -> dict[str, str]:
    """Return each setting's default as the page tells it, by the field's name."""
    table = {row[0]: row[1] for row in pages.rows(PAGE, "## Settings")}
    return {IN_FILE.get(name, name.lower()): default for name, default in table.items()}


def named_commands() -> Iterator[tuple[str, str]]:
    """Yield every `clonvo ...` of every page, with the page."""
    for path in pages.pages():
        code = [fence.text for fence in pages.fences(path, "sh")]
        for text in [*code, *(f" {span}" for span in pages.spans(path))]:
            for words in COMMAND.findall(text):
                yield pages.name(path), words


def exists(words: str) -> bool:
    """Tell whether these words begin a command line of `clonvo`."""
    group: click.Command | None = clonvo
    context = click.Context(clonvo)
    for word in words.split():
        if not isinstance(group, click.Group):
            return True
        group = group.get_command(context, word)
        if group is None:
            return False
    return True


def test_every_setting_is_told_and_no_other() -> None:
    """The table holds the fields of `Settings`."""
    assert set(settings_table()) == set(Settings.__struct_fields__) - {"plugin_settings"}


def test_every_default_is_the_codes() -> None:
    """Numbers, switches and addresses as they are when nothing is set."""
    defaults = Settings()
    for name, told in settings_table().items():
        value = getattr(defaults, name)
        if name == "plugins":
            assert told == "the bundled six"
            assert len(value) == 6
        elif name == "hub_secret":
            assert told == "made on SQLite"
        else:
            said = {None: "none", (): "none", False: "false"}.get(value, str(value))
            assert told == said, name


def test_the_settings_file_tells_every_setting() -> None:
    """`config/hub.toml` has each with its default: with its comments taken away it can be read."""
    text = (ROOT / "config" / "hub.toml").read_text(encoding="utf-8")
    told = dict(re.findall(r"^#([a-z_]+) = (.+)$", text, re.MULTILINE))

    assert set(told) == set(Settings.__struct_fields__) - {"plugin_settings"}


@pytest.mark.parametrize(("page", "words"), sorted(set(named_commands())))
def test_every_command_named_exists(page: str, words: str) -> None:
    """A page that tells to type `clonvo x y` tells what can be typed."""
    assert words in OTHERS or exists(words), page


def test_every_command_is_in_the_table() -> None:
    """The table holds the commands of `clonvo --help`, and WhatsApp's."""
    told = {row[0].removeprefix("clonvo ") for row in pages.rows(PAGE, "## Commands")}

    assert told == {*clonvo.commands, "whatsapp"}


def test_a_command_that_is_gone_is_found() -> None:
    """The check of commands tells a real one from one that is not there."""
    assert exists("key revoke")
    assert not exists("key swallow")
    assert not exists("fly")


def test_every_word_after_run_is_one_of_the_scripts() -> None:
    """`./run x` on any page is in the script's own help."""
    done = subprocess.run(
        ["sh", "run", "help"], cwd=ROOT, text=True, capture_output=True, check=True
    )
    known = set(re.findall(r"^  ([a-z-]+) ", done.stdout, re.MULTILINE)) | {"help"}
    told = {
        word
        for path in pages.pages()
        for word in re.findall(r"\./run ([a-z-]+)", path.read_text(encoding="utf-8"))
    }

    assert told - known == set()


def test_every_figure_is_told() -> None:
    """The table of metrics holds what `/metrics` begins with `hub_`."""
    metrics.accepted("api", 0)
    shown = set(re.findall(r"^# TYPE (hub_\w+)", metrics.exposition().decode(), re.MULTILINE))
    told = {row[0] for row in pages.rows(PAGE, "## Metrics")}

    assert told == {name for name in shown if not name.endswith("_created")}


def test_the_composition_is_one_of_real_parts() -> None:
    """`compose.yaml` parses; what its services need, run and set is there."""
    composed = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    services = composed["services"]

    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)
    ours = [service for service in services.values() if service["image"] == "clonvo-hub"]
    assert len(ours) == 3
    for service in ours:
        assert service["command"][0] in clonvo.commands
        environment = {
            name: re.sub(r"\$\{\w+:\?[^}]*\}", "x", value)
            for name, value in service["environment"].items()
        }
        settings = load(environment)
        assert settings.hub_secret == "x"
        assert not settings.embedded


def test_the_container_is_built_of_what_is_there() -> None:
    """Each line of the `Dockerfile` is an instruction, and what it copies exists."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    known = {"FROM", "WORKDIR", "RUN", "COPY", "ENV", "USER", "VOLUME", "EXPOSE"}

    assert {line.split()[0] for line in lines} <= {*known, "ENTRYPOINT", "CMD"}
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    stages = set(re.findall(r"^FROM \S+ AS (\w+)$", text, re.MULTILINE))
    for line in lines:
        if line.startswith("COPY --from="):
            assert line.split()[1].removeprefix("--from=") in stages
        elif line.startswith("COPY"):
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists()
                assert f"!{source}" in ignored
