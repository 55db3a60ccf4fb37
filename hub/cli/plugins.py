"""`clonvo plugins`, and the commands that plugins add."""

from typing import TYPE_CHECKING, Any

import click

from hub.cli.output import as_json, print_json, print_table

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from hub.hooks import Hooks
    from hub.settings import Settings


@click.command()
@as_json
def plugins(*, as_json: bool) -> None:
    """List plugins, their hooks and their commands.

    Those that are on come first, in the order in which they are asked.

    Switch them by the setting `plugins` (HUB_PLUGINS); the order is the order in which hooks ask.

    \b
    Example:  clonvo plugins
    """
    from hub.hooks import installed
    from hub.settings import load

    settings = load()
    found = installed()
    missing = [name for name in settings.plugins if name not in found]
    listed = [
        *(_described(found[name], settings) for name in settings.plugins if name in found),
        *({"name": name, "state": "missing", "error": "not installed"} for name in missing),
        *(_off(found[name]) for name in sorted(set(found) - set(settings.plugins))),
    ]
    if as_json:
        print_json(listed)
        return
    print_table(("PLUGIN", "STATE", "HOOKS", "COMMANDS", "WHAT"), [_row(one) for one in listed])


def plugin_command(name: str) -> click.Command | None:
    """Return the command of this name that an enabled plugin adds.

    A plugin that cannot be loaded is passed over, and named when no other has the command.
    """
    from hub.errors import SettingError
    from hub.settings import load

    settings = load()
    broken = []
    for plugin in settings.plugins:
        try:
            added = _commands(load_alone(plugin, settings))
        except SettingError as error:
            broken.append(str(error))
            continue
        for command in added:
            if command.name == name:
                return command
    if broken:
        raise click.UsageError(f"No such command {name!r}, but {'; '.join(broken)}")
    return None


def load_alone(name: str, settings: "Settings") -> "Hooks":
    """Load one plugin and check its settings; raise `SettingError` when it is broken."""
    from hub import logs
    from hub.hooks import Hooks

    logs.start_for_command(settings)
    hooks = Hooks([name])
    own = hooks.plugins[name].settings
    if own is not None:
        settings.of(name, own)
    return hooks


def _commands(hooks: "Hooks") -> list[click.Command]:
    return hooks.collect("commands")


def _described(point: "EntryPoint", settings: "Settings") -> dict[str, Any]:
    from hub.errors import SettingError

    try:
        hooks = load_alone(point.name, settings)
    except SettingError as error:
        return {**_off(point), "state": "broken", "error": str(error)}
    return {
        **_off(point),
        "state": "on",
        "summary": hooks.plugins[point.name].summary,
        "hooks": hooks.used_by(point.name),
        "commands": [command.name for command in _commands(hooks)],
    }


def _off(point: "EntryPoint") -> dict[str, Any]:
    distribution = point.dist
    return {
        "name": point.name,
        "state": "off",
        "distribution": distribution.name if distribution else None,
        "version": distribution.version if distribution else None,
    }


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    names = [", ".join(one.get(field) or ["-"]) for field in ("hooks", "commands")]
    what = one.get("error") or one.get("summary") or f"in {one['distribution']}"
    return (one["name"], one["state"], *names, what)


COMMANDS = (plugins,)
