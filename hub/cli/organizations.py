"""`clonvo org`: businesses."""

import sys
from typing import TYPE_CHECKING

import click

from hub.cli.output import as_json, day, instant, print_json, print_secret, print_table

if TYPE_CHECKING:
    from hub.cli.desk import Desk


@click.group()
def org() -> None:
    """Businesses: each sees only its own."""


@org.command()
@click.argument("slug")
@click.option("--name", required=True, help="What people call it.")
@as_json
def create(slug: str, name: str, *, as_json: bool) -> None:
    """Make a business; SLUG names it in commands and headers.

    \b
    Example:  clonvo org create acme --name "Acme Ltd"
    """
    from hub import ids
    from hub.cli.desk import run

    business = run(lambda desk: desk.organizations.create(slug, name))
    if as_json:
        found = {"id": ids.wire("org", business.id), "slug": business.slug, "name": business.name}
        print_json(found)
        return
    click.echo(f"{business.name} is {business.slug}.")
    click.echo(f"Next: clonvo key create --org {business.slug} --kind server --name backend")


@org.command("list")
@as_json
def list_(*, as_json: bool) -> None:
    """List the businesses of this hub.

    \b
    Example:  clonvo org list
    """
    from hub import ids
    from hub.cli.desk import run

    businesses = run(lambda desk: desk.organizations.all())
    if as_json:
        print_json(
            [
                {
                    "id": ids.wire("org", business.id),
                    "slug": business.slug,
                    "name": business.name,
                    "createdAt": instant(business.created_at),
                }
                for business in businesses
            ]
        )
        return
    rows = [(one.slug, one.name, day(one.created_at)) for one in businesses]
    print_table(("SLUG", "NAME", "SINCE"), rows)


@org.command("set")
@click.argument("slug")
@click.argument("changes", metavar="KEY=VALUE...", nargs=-1, required=True)
@as_json
def set_(slug: str, changes: tuple[str, ...], *, as_json: bool) -> None:
    """Change a business's name and settings; an empty VALUE is the default again.

    \b
    Settings:  name, languages, greeting, away
               privacy.ip=keep|truncate|drop   privacy.mask=cards,emails,phones
               retention.messages_days, retention.sessions_days, retention.events_days
    Example:   clonvo org set acme privacy.ip=truncate retention.messages_days=365
    """
    import msgspec

    from hub.cli.desk import run

    wanted = dict(_split(change) for change in changes)

    async def work(desk: "Desk") -> dict[str, object]:
        business = await desk.organizations.by_slug(slug)
        business = await desk.organizations.change(business.id, wanted)
        return {"slug": business.slug, "name": business.name, "settings": business.settings}

    found = run(work)
    if as_json:
        print_json(msgspec.to_builtins(found))
        return
    click.echo(f"{slug}: {', '.join(sorted(wanted))} set.")
    later = sorted(name for name in wanted if name.startswith(("privacy.", "retention.")))
    if later:
        click.echo(f"{', '.join(later)}: kept, and not applied by this version yet.", err=True)


@org.command("legacy-secret")
@click.argument("slug")
@click.option("--rotate", "deed", flag_value="rotate", help="Make a new one; the old one is dead.")
@click.option("--off", "deed", flag_value="off", help="Switch it off: only keys are accepted.")
@click.option("--set", "deed", flag_value="set", help="Take over one in use; read from stdin.")
@as_json
def legacy_secret(slug: str, deed: str | None, *, as_json: bool) -> None:
    """The secret of the old POST /api/v1/ingest (X-ChatHub-Secret).

    Without an option: tell since when there is one, or make the first one and show it. A secret
    is shown once.

    \b
    Example:  clonvo org legacy-secret acme --rotate
              printf %s "$OLD_SECRET" | clonvo org legacy-secret acme --set
    """
    from hub.cli.desk import run

    given = sys.stdin.read().rstrip("\r\n") if deed == "set" else ""

    async def work(desk: "Desk") -> tuple[str | None, str]:
        business = await desk.organizations.by_slug(slug)
        if deed == "off":
            there = await desk.organizations.drop_legacy_secret(business.id)
            return None, "is off" if there else "was off already"
        if deed == "set":
            await desk.organizations.set_legacy_secret(business.id, given)
            return None, "is the one you gave"
        since = await desk.organizations.legacy_secret_since(business.id)
        if since and deed is None:
            return (
                None,
                f"is set since {day(since)} UTC and cannot be shown; --rotate makes another",
            )
        if deed is None and await desk.organizations.legacy_is_off(business.id):
            return None, "is off; --rotate makes one"
        return await desk.organizations.rotate_legacy_secret(business.id), "is new"

    secret, state = run(work)
    if as_json:
        print_json({"secret": secret})
        return
    print_secret(f"The legacy secret of {slug} {state}.", secret)


def _split(change: str) -> tuple[str, str]:
    key, equals, value = change.partition("=")
    if not equals or not key:
        raise click.UsageError(f"Write settings as KEY=VALUE, not {change!r}")
    return key.strip(), value


COMMANDS = (org,)
