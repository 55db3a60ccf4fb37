"""The root of the commands: what is listed, and how every failure becomes one line."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from hub.cli import keys, organizations, schema
from hub.errors import CommandError, HubError, SettingError

CANNOT, USAGE = 1, 2


class Clonvo(click.Group):
    """The bundled commands, and those of the enabled plugins.

    A plugin is imported when a command is not one of ours, so a broken one breaks nothing else.
    """

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
        except click.UsageError as error:
            _fail(_usage(error), USAGE)
        except click.ClickException as error:
            _fail(error.format_message(), CANNOT)
        except (click.Abort, KeyboardInterrupt):
            _fail("stopped", CANNOT)
        except BrokenPipeError:
            # The reader of our output went away, as `head` does.
            sys.stderr.close()
            sys.exit(CANNOT)
        except (CommandError, SettingError, OSError) as error:
            _fail(str(error), CANNOT)
        except HubError as error:
            _fail(_sentences(error), CANNOT)


def main() -> None:
    """Run the command line of this process."""
    clonvo.main(prog_name="clonvo")


@click.group(
    cls=Clonvo,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings come from config/hub.toml and the environment; `clonvo doctor` checks them.",
)
@click.version_option(package_name="clonvo-hub", message="%(version)s")
def clonvo() -> None:
    """Run and look after a Clonvo Hub.

    \b
    See it work:     clonvo demo
    Start for real:  clonvo org create acme --name "Acme"
                     clonvo key create --org acme --kind server --name backend
                     clonvo serve
    """


for command in (*schema.COMMANDS, *organizations.COMMANDS, *keys.COMMANDS):
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
