"""`clonvo user`: the people who sign in."""

import sys
from typing import TYPE_CHECKING, Any

import click

from hub.cli.output import as_json, print_json, print_secret

if TYPE_CHECKING:
    from hub.cli.desk import Desk
    from hub.services.users import NewUser


@click.group()
def user() -> None:
    """People who sign in to the dashboard."""


@user.command()
@click.argument("email")
@click.option("--org", required=True, metavar="SLUG", help="The business they work for.")
@click.option(
    "--role",
    required=True,
    type=click.Choice(["owner", "admin", "agent"]),
    help="What they may do there.",
)
@click.option("--name", help="What colleagues call them.")
@as_json
def create(email: str, org: str, role: Any, name: str | None, *, as_json: bool) -> None:
    """Let somebody sign in for a business.

    The password is read from standard input when something is sent there; otherwise one is made
    and shown once. Somebody with an account in another business keeps it.

    \b
    Examples:  clonvo user create ada@acme.com --org acme --role owner
               printf %s "$PASSWORD" | clonvo user create ada@acme.com --org acme --role agent
    """
    from hub import ids
    from hub.cli.desk import run

    password = _from_stdin()

    async def work(desk: "Desk") -> "NewUser":
        business = await desk.organizations.by_slug(org)
        return await desk.users.create(business.id, email, role, password, name)

    made = run(work)
    if as_json:
        found = {"id": ids.wire("usr", made.user.id), "email": made.user.email, "role": role}
        print_json({**found, "organization": org, "password": made.password})
        return
    note = " The password, shown this once:" if made.password else ""
    print_secret(f"{made.user.email} is {role} of {org}.{note}", made.password)


def _from_stdin() -> str | None:
    if sys.stdin is None or sys.stdin.isatty():
        return None
    return sys.stdin.read().rstrip("\r\n") or None


COMMANDS = (user,)
