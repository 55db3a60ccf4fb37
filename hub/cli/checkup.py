"""`clonvo doctor`."""

import click

from hub.cli.output import as_json, print_json

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@as_json
@click.pass_context
def doctor(ctx: click.Context, *, as_json: bool) -> None:
    """Check what the hub needs, and name the cures.

    Settings, secret, database, Redis, geo database, clock, origins of live keys, plugins. Nothing
    is changed. Exit code 1 when something stops the hub or may lose a message.

    \b
    Example:  clonvo doctor
    """
    import asyncio

    from hub.cli.checks import examine

    findings = asyncio.run(examine())
    healthy = all(finding.state != "fail" for finding in findings)
    if as_json:
        print_json({"ok": healthy, "checks": [finding.document() for finding in findings]})
    else:
        width = max(len(finding.name) for finding in findings)
        for finding in findings:
            state = click.style(finding.state.ljust(4), fg=_COLOURS[finding.state])
            click.echo(f"{state}  {finding.name.ljust(width)}  {finding.text}")
            if finding.cure:
                click.echo(f"      {' ' * width}  {finding.cure}")
    ctx.exit(0 if healthy else 1)


COMMANDS = (doctor,)
