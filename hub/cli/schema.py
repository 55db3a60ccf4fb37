"""`clonvo migrate`."""

import click

from hub.cli.output import as_json, print_json


@click.command()
@as_json
def migrate(*, as_json: bool) -> None:
    """Bring the database's schema to this version.

    Safe to run again, and in many places at once: one does it, the others wait. The embedded
    database migrates itself; with PostgreSQL run this before the new version starts.

    \b
    Example:  clonvo migrate
    """
    import asyncio

    from hub.settings import load
    from hub.store import schema

    done = asyncio.run(schema.migrate(load()))
    if as_json:
        print_json({"before": done.before, "after": done.after})
    elif done.before == done.after:
        click.echo(f"The schema is {done.after} already.")
    else:
        click.echo(f"The schema went from {done.before or 'nothing'} to {done.after}.")


COMMANDS = (migrate,)
