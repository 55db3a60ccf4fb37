"""The root of the commands: what is listed, and how every failure becomes one line."""

import sys
from collections.abc import Sequence
from typing import Any

import click
from click.exceptions import NoArgsIsHelpError

from hub.cli import (
    blocks,
    checkup,
    demo,
    keys,
    organizations,
    plugins,
    scaffolding,
    schema,
    serving,
    users,
)
from hub.errors import CommandError, HubError, SettingError

CANNOT, USAGE = 1, 2


class Clonvo(click.Group):
    """The bundled commands, and those of the enabled plugins.

    A plugin is imported when a command is not one of ours, so a broken one breaks nothing else.
    """

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command of ours, else of a plugin."""
        return super().get_command(ctx, cmd_name) or plugins.plugin_command(cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return our commands in the order in which one needs them."""
        return list(self.commands)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = False,  # noqa: ARG002, FBT001, FBT002
        **extra: Any,
    ) -> Any:
        """Run a command and exit: 0 done, 1 cannot be done, 2 not a command line of ours."""
        try:
            sys.exit(super().main(args, prog_name, complete_var, standalone_mode=False, **extra))
        except NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            sys.exit(USAGE)
        except click.UsageError as error:
            _fail(_usage(error), USAGE)
        except click.ClickException as error:
            _fail(error.format_message(), CANNOT)
        except (click.Abort, KeyboardInterrupt):
            _fail("stopped", CANNOT)
        except BrokenPipeError:
            # The reader of our output went away, as `head` does: nothing more can be said.
            sys.stdout = None
            sys.exit(CANNOT)
        except OSError as error:
            known = [str(part) for part in (error.filename, error.strerror) if part]
            _fail(": ".join(known) or str(error), CANNOT)
        except (CommandError, SettingError) as error:
            _fail(str(error), CANNOT)
        except HubError as error:
            _fail(_sentences(error), CANNOT)


def main() -> None:
    """Run the command line of this process."""
    clonvo.main(prog_name="clonvo")


@click.group(
    cls=Clonvo,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Plugins add commands: `clonvo plugins`. Settings: config/hub.toml.",
)
@click.version_option(None, "-V", "--version", package_name="clonvo-hub", message="%(version)s")
def clonvo() -> None:
    """Run and look after a Clonvo Hub.

    \b
    See it work:     clonvo demo
    Start for real:  clonvo org create acme --name "Acme"
                     clonvo key create --org acme --kind server --name backend
                     clonvo serve
    """


for module in (
    demo,
    serving,
    schema,
    checkup,
    organizations,
    users,
    keys,
    blocks,
    plugins,
    scaffolding,
):
    for command in module.COMMANDS:
        clonvo.add_command(command)


def _fail(line: str, status: int) -> None:
    click.echo(f"clonvo: {line}", err=True)
    sys.exit(status)


def _usage(error: click.UsageError) -> str:
    path = error.ctx.command_path if error.ctx else "clonvo"
    return f"{error.format_message().rstrip('.')}. Try: {path} --help"


def _sentences(error: HubError) -> str:
    fields = [f"{name}: {sentence}" for name, all_ in error.fields.items() for sentence in all_]
    return "; ".join([*fields, *error.form]) or str(error)
