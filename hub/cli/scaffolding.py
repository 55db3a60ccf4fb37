"""`clonvo new-plugin`: a folder with a plugin that works, to change into the one you want."""

from pathlib import Path

import click


@click.command("new-plugin")
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to make.  [default: clonvo-hub-NAME]",
)
def new_plugin(name: str, into: Path | None) -> None:
    """Make a folder with a plugin that works.

    A distribution of its own with an entry point, a channel, examples and tests that pass; change
    it into the one you want. NAME is what the plugin is called in the setting `plugins`.

    \b
    Example:  clonvo new-plugin telegram
    """
    from hub.cli.desk import require
    from hub.settings import BUNDLED, OPTIONAL

    require(_is_name(name), f"{name!r}: use a-z, 0-9 and _ for NAME, a letter first, 40 at most")
    require(name not in {*BUNDLED, *OPTIONAL}, f"{name!r} is the name of a bundled plugin")
    distribution = f"clonvo-hub-{name.replace('_', '-')}"
    folder = into or Path(distribution)
    require(not folder.exists() or not any(folder.iterdir()), f"{folder} is there already")
    words = {
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "distribution": distribution,
        "plugins": ",".join((*BUNDLED, name)),
    }
    for template in sorted(_TEMPLATES.rglob("*.in")):
        _write(template, folder, words)
    click.echo(
        f"{folder} holds a plugin that works. Next:\n"
        f"  cd {folder}\n"
        "  pip install -e . pytest\n"
        "  pytest"
    )


def _is_name(text: str) -> bool:
    import keyword
    import re

    return bool(re.fullmatch(r"[a-z][a-z0-9_]{0,39}", text)) and not keyword.iskeyword(text)


def _write(template: Path, folder: Path, words: dict[str, str]) -> None:
    from string import Template

    place = str(template.relative_to(_TEMPLATES).with_suffix("")).replace("NAME", words["name"])
    target = folder / place
    target.parent.mkdir(parents=True, exist_ok=True)
    text = Template(template.read_text(encoding="utf-8")).substitute(words)
    target.write_text(text, encoding="utf-8")


_TEMPLATES = Path(__file__).with_name("scaffold")

COMMANDS = (new_plugin,)
